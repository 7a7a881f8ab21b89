import t from 'tap';
import { answerOf } from '../../src/contract/head.js';
import { confusionSvg, curveSvg } from '../../src/learn/drawings.js';
import { seeded } from '../../src/learn/random.js';
import { adviceOf, type Sample, teach } from '../../src/learn/teach.js';
import { loadTensorFlow } from '../../src/learn/tensorflow.js';

const { tf, name: backend } = await loadTensorFlow();
const random = seeded(7);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const unit = (values: number[]) => Float32Array.from(values, (value) => value / Math.hypot(...values));

/** Embeddings of 16 values that scatter about a direction of each class. */
function samplesOf(classes: string[], count: number, scatter: number): Sample[] {
  return classes.flatMap((name) => {
    const direction = Array.from({ length: 16 }, normal);
    const look = () => unit(direction.map((value) => value + scatter * normal()));
    return Array.from({ length: count }, (_, i) => ({
      class: name,
      group: `${name}${i}`,
      embedding: look(),
      copies: [look()],
    }));
  });
}

t.test('WebAssembly computes, where nobody has installed TensorFlow’s own library', async (t) => {
  t.match(backend, /WebAssembly|tfjs-node/);
});

t.test('what scatters little is learnt; new pictures are named, and strange ones are unknown', async (t) => {
  const all = samplesOf(['car', 'van', 'bus'], 16, 0.4);
  const seen = all.filter((_, i) => i % 16 < 12);
  const fresh = all.filter((_, i) => i % 16 >= 12);
  const { head, measured, unknown, curve } = await teach(seen, { tf });
  t.ok(measured.accuracy > 0.9, `${measured.accuracy}`);
  t.equal(
    measured.confusion.flat().reduce((a, b) => a + b),
    seen.length,
    'each picture is judged once',
  );
  const right = fresh.filter(({ class: name, embedding }) => {
    const { scores } = answerOf(head, embedding);
    return head.classes[scores.indexOf(Math.max(...scores))] === name;
  });
  t.ok(right.length >= fresh.length - 1, `${right.length} of ${fresh.length}`);
  const strange = Array.from({ length: 50 }, () => answerOf(head, unit(Array.from({ length: 16 }, normal))));
  const told = strange.filter(
    ({ scores, similarity }) => Math.max(...scores) >= unknown.score && similarity >= unknown.similarity,
  );
  t.ok(told.length < 10, `${told.length} of 50 random directions are taken for a class`);
  t.ok((curve.at(-1)?.accuracy ?? 0) >= (curve[0]?.accuracy ?? 1), 'more pictures are no worse');
});

t.test('what can’t be told apart is measured as such', async (t) => {
  const samples = samplesOf(['x'], 40, 0.6).map((sample, i) => ({ ...sample, class: i % 2 ? 'left' : 'right' }));
  const { measured, head } = await teach(samples, { tf });
  t.ok(measured.accuracy < 0.75, `${measured.accuracy}`);
  const confidences = samples.map(({ embedding }) => Math.max(...answerOf(head, embedding).scores));
  const mean = confidences.reduce((a, b) => a + b) / confidences.length;
  t.ok(mean < 0.85, `temperature keeps it from being sure: ${mean}`);
});

t.test('the same pictures and seed give the same head', async (t) => {
  const samples = samplesOf(['a', 'b'], 4, 0.3);
  const [first, second] = [await teach(samples, { tf }), await teach(samples, { tf })];
  t.strictSame(first.head, second.head);
});

t.test('what teaches nothing is refused', async (t) => {
  const samples = samplesOf(['a', 'b'], 4, 0.3);
  await t.rejects(teach([], { tf }), { code: 'ERR_TEACH_CLASSES' });
  await t.rejects(teach(samples.slice(0, 4), { tf }), { code: 'ERR_TEACH_CLASSES', message: /one class only, a/ });
  await t.rejects(teach(samples.slice(0, 5), { tf }), {
    code: 'ERR_TEACH_PICTURES',
    message: /b has one picture only/,
  });
  const named = samples.map((sample) => (sample.class === 'a' ? { ...sample, class: 'unknown' } : sample));
  await t.rejects(teach(named, { tf }), { code: 'ERR_TEACH_CLASSES', message: /unknown/ });
  const aborted = AbortSignal.abort(new Error('enough'));
  await t.rejects(teach(samples, { tf, signal: aborted }), { message: 'enough' });
});

t.test('advice and drawings', async (t) => {
  const point = (perClass: number, accuracy: number) => ({ perClass, accuracy, deviation: 0.01 });
  t.match(adviceOf([point(5, 0.7), point(10, 0.8)]), /10\.0 points: more pictures are likely to help/);
  t.match(adviceOf([point(5, 0.8), point(10, 0.801)]), /hardly help/);
  t.match(adviceOf([]), /too few/);
  const confusion = [
    [3, 1],
    [0, 4],
  ];
  t.match(confusionSvg(['a<b', 'c'], confusion), /^<svg .*a&lt;b.*>3<.*<\/svg>\n$/s);
  t.match(curveSvg([point(1, 0.5), point(2, 0.7)]), /<polyline points="[\d.,]+ [\d.,]+"/);
});
