import t from 'tap';
import { settingsSchema } from '../../src/config/schema.js';
import type { FromEngine } from '../../src/engine/protocol.js';
import { type Look, SecondLook } from '../../src/engine/second-look.js';
import type { Classifier } from '../../src/pipeline/classifier.js';
import { timeOf } from '../pipeline/scene-play.js';

/** A classifier that says what it is told to say, when it is told to. */
function makeLook() {
  const answers: ((name: string) => void)[] = [];
  const classifier = {
    input: () => ({ input: { width: 8, height: 8 }, fill: 114, resize: 'area' }),
    classify: () => new Promise((resolve) => answers.push((name) => resolve([{ class: name, score: 0.9 }]))),
  } as unknown as Classifier;
  const states = { gate: { region: [0, 0, 1, 1], classes: ['open', 'closed'] } };
  const camera = settingsSchema.parse({ cameras: { yard: { source: 'demo', states } } }).cameras.yard;
  const told: string[] = [];
  const jobs: Promise<void>[] = [];
  const second = new SecondLook({
    states: camera?.states ?? {},
    classifiers: {},
    find: () => classifier,
    enqueue: (job) => jobs.push(job()),
    attribute: () => {},
    camera: 'yard',
    runId: 'a1',
    send: (message: FromEngine) => {
      if (message.kind === 'region-state') told.push(message.state.state);
    },
  });
  const begin = (seconds: number) => {
    const looks: Look[] = second.wanted([], false, timeOf(seconds));
    for (const { see } of looks) see(new Uint8Array(8 * 8 * 3));
    return looks.length;
  };
  /** The oldest look that is on its way ends. */
  const answer = async (name: string) => {
    answers.shift()?.(name);
    await Promise.all(jobs.splice(0, 1));
  };
  return { second, told, begin, answer };
}

t.test('a look that is on its way when the camera is lost does not make a state of before hold again', async (t) => {
  const { second, told, begin, answer } = makeLook();
  t.equal(begin(0), 1);
  await answer('closed');
  t.strictSame(told, ['closed']);
  t.equal(begin(1), 1);
  second.lost(timeOf(1.1));
  await answer('closed');
  t.strictSame(told, ['closed', 'unknown'], 'nobody looks any more, so nobody knows');
  begin(2);
  await answer('open');
  t.strictSame(told, ['closed', 'unknown', 'open'], 'the first one after it is believed');
});

t.test('nor does a look of the weights of before count as the first one of others', async (t) => {
  const { second, told, begin, answer } = makeLook();
  begin(0);
  await answer('closed');
  begin(1);
  second.relearnt();
  await answer('open');
  t.strictSame(told, ['closed']);
  begin(1.1);
  await answer('open');
  t.strictSame(told, ['closed', 'open']);
});

t.test('where another one takes its place it says nothing more', async (t) => {
  const { second, told, begin, answer } = makeLook();
  begin(0);
  second.end();
  await answer('closed');
  t.strictSame(told, []);
});
