import t from 'tap';
import { type Marked, type Sequence, scoreTracks } from '../../benchmarks/mot-scores.js';

function at(id: string, x: number, more: Partial<Marked> = {}): Marked {
  return { id, kind: 'person', box: [x, 0.2, x + 0.1, 0.6], ...more };
}

/** Four pictures of two people; `ids` are the tracks on the left and the right one of each. */
function walk(ids: readonly (readonly [string?, string?])[], shift = 0): Sequence[] {
  return ids.map(([left, right]) => ({
    truth: [at('a', 0.1), at('b', 0.5)],
    tracks: [...(left ? [at(left, 0.1 + shift)] : []), ...(right ? [at(right, 0.5 + shift)] : [])],
  }));
}

const near = (value: number, wanted: number) => Math.abs(value - wanted) < 1e-6;

t.test('who is followed all the time scores one', async (t) => {
  const scores = scoreTracks([
    walk([
      ['1', '2'],
      ['1', '2'],
      ['1', '2'],
      ['1', '2'],
    ]),
  ]);
  t.match(scores, { hota: 1, detA: 1, assA: 1, idf1: 1, switches: 0, recall: 1, precision: 1 });
});

t.test('tracks that change over are seen by all but the detection scores', async (t) => {
  const scores = scoreTracks([
    walk([
      ['1', '2'],
      ['1', '2'],
      ['2', '1'],
      ['2', '1'],
    ]),
  ]);
  t.match(scores, { detA: 1, switches: 2, recall: 1, precision: 1, idf1: 0.5 });
  t.ok(near(scores.assA, 1 / 3), 'of four pictures each two are shared: 2 / (4 + 4 - 2)');
  t.ok(near(scores.hota, Math.sqrt(1 / 3)));
});

t.test('what is missed, and what is false', async (t) => {
  const missed = scoreTracks([walk([['1'], ['1'], ['1'], ['1']])]);
  t.match(missed, { recall: 0.5, precision: 1, detA: 0.5, assA: 1 });
  t.ok(near(missed.idf1, 8 / 12));
  const shifted = scoreTracks([walk([['1', '2']], 0.05)]); // an IoU of a third
  t.match(shifted, { recall: 0, precision: 0, idf1: 0 });
  t.ok(near(shifted.detA, 6 / 19), 'right at six of the nineteen thresholds');
  const car = scoreTracks([[{ truth: [at('a', 0.1)], tracks: [at('1', 0.1, { kind: 'car' })] }]]);
  t.match(car, { recall: 0, precision: 0 }, 'another kind is another thing');
});

t.test('who follows what is too small is neither right nor wrong', async (t) => {
  const small = at('b', 0.5, { ignored: true });
  const scores = scoreTracks([[{ truth: [at('a', 0.1), small], tracks: [at('1', 0.1), at('2', 0.5)] }]]);
  t.match(scores, { recall: 1, precision: 1, hota: 1 });
});

t.test('clips are counted together, and an id in two clips is two', async (t) => {
  const one = walk([
    ['1', '2'],
    ['1', '2'],
  ]);
  const other = walk([
    ['2', '1'],
    ['2', '1'],
  ]);
  t.match(scoreTracks([one, other]), { hota: 1, idf1: 1, switches: 0 });
});
