import t from 'tap';
import { AttributeVote, qualityOf } from '../../src/pipeline/attribute-vote.js';
import { Classifier } from '../../src/pipeline/classifier.js';
import type { Network } from '../../src/pipeline/network.js';
import { StateWatch } from '../../src/pipeline/state-watch.js';

const gate = { classes: ['open', 'closed'], everySeconds: 1, agree: [4, 5] as [number, number] };

/** Plays looks, 150 ms apart. @returns the state after each */
function play(watch: StateWatch, looks: string): string {
  const names: Record<string, string> = { o: 'open', c: 'closed', u: 'unknown' };
  let now = 0;
  return [...looks]
    .map((look) => {
      now += 150;
      watch.looking(now);
      watch.see({ class: names[look] ?? '', score: 0.9 }, now);
      return watch.state[0];
    })
    .join('');
}

t.test('the first look is believed, then n of m must agree', async (t) => {
  t.equal(play(new StateWatch(gate), 'oooocoooo'), 'ooooooooo', 'one that errs changes nothing');
  t.equal(play(new StateWatch(gate), 'ooooocccc'), 'ooooooooc');
  t.equal(play(new StateWatch(gate), 'ooooocccoccccc'), 'oooooooooccccc');
  t.equal(play(new StateWatch({ ...gate, agree: [1, 1] }), 'oco'), 'oco');
});

t.test('what can’t be told is unknown, soon where the looks say so, later where they differ', async (t) => {
  t.equal(play(new StateWatch(gate), 'ooooouuuu'), 'oooooooou');
  const torn = play(new StateWatch(gate), `ooooo${'co'.repeat(15)}`);
  t.match(torn, /^o{20,}u+$/);
  const watch = new StateWatch(gate);
  watch.see({ class: 'ajar', score: 1 }, 0);
  t.equal(watch.state, 'unknown', 'a class that the settings don’t name');
});

t.test('it is looked at often while it is unsure or something moves, else on a schedule', async (t) => {
  const watch = new StateWatch({ ...gate, everySeconds: 10 });
  t.ok(watch.isDue(0, true), 'at once');
  watch.looking(0);
  watch.see({ class: 'open', score: 1 }, 0);
  t.strictSame([watch.isDue(9000, true), watch.isDue(10_000, true), watch.isDue(300, false)], [false, true, true]);
  watch.looking(10_000);
  watch.see({ class: 'closed', score: 1 }, 10_000);
  t.ok(watch.isDue(10_150, true), 'one that says otherwise is followed by others');
  watch.relearnt();
  t.equal(watch.state, 'open', 'it holds until the next look');
  t.ok(watch.isDue(10_151, true));
  watch.see({ class: 'closed', score: 1 }, 10_151);
  t.equal(watch.state, 'closed', 'which is right within one look');
  t.ok(watch.reset());
  t.equal(watch.state, 'unknown');
});

t.test('an attribute is voted for by an object’s best pictures', async (t) => {
  const vote = new AttributeVote({ looks: 3, minScore: 0.5 });
  const says = (name: string, score: number) => [
    { class: name, score },
    { class: 'other', score: 1 - score },
  ];
  t.equal(vote.see(0.2, says('van', 0.9)), undefined, 'one look is no vote');
  t.match(vote.see(0.3, says('van', 0.7)), { class: 'van', score: 0.8 });
  vote.see(0.25, says('van', 0.6));
  t.ok(vote.wants(0.5, 10_000));
  t.notOk(vote.wants(0.21, 10_000), 'enough of that kind');
  vote.looking(10_000);
  t.notOk(vote.wants(0.5, 10_100), 'the next picture shows the same');
  t.match(vote.see(0.9, says('other', 1)), { class: 'other' }, 'the worst one left');
  t.equal(new AttributeVote({ looks: 1, minScore: 0.95 }).see(1, says('van', 0.9)), undefined);
  t.equal(new AttributeVote({ looks: 1, minScore: 0 }).see(1, says('unknown', 0.9)), undefined);
  t.ok(qualityOf(0.9, [0, 0, 0.5, 0.5]) > qualityOf(0.9, [0, 0, 0.2, 0.2]));
});

t.test('a taught class that holds goes on at a little less than it would begin with', async (t) => {
  let embedding = new Float32Array();
  const card = { name: 'cls', version: '1', output: { embedding: 'e', logits: 'l' } };
  const network = { model: { card }, prepare: () => ({}), run: async () => ({ e: embedding }) };
  const layers = [
    {
      weights: [
        [1, 0],
        [0, 1],
      ],
      bias: [0, 0],
    },
  ];
  const means = [
    [1, 0],
    [0, 1],
  ];
  const head = { headVersion: 1, classes: ['open', 'closed'], layers, means, temperature: 1 };
  const taught = { card: { output: { dimensions: 2, unknown: { score: 0.5, similarity: 0.9 } } }, head };
  const classifier = new Classifier(network as unknown as Network<'classify'>, taught as never);
  const say = async (cosine: number, held?: string) => {
    embedding = Float32Array.of(cosine, Math.sqrt(1 - cosine ** 2));
    return (await classifier.classify({} as never, held))[0]?.class;
  };
  t.strictSame([await say(0.91), await say(0.89), await say(0.89, 'closed')], ['open', 'unknown', 'unknown']);
  t.equal(await say(0.88, 'open'), 'open', 'it is a little unlike what it was taught');
  t.equal(await say(0.86, 'open'), 'unknown', 'much');
});
