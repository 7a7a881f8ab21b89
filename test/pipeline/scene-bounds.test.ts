import t from 'tap';
import type { Detection } from '../../src/contract/detection.js';
import { makeScene, timeOf } from './scene-play.js';
import { boxAt, randomFrom } from './track/actors.js';

/** People who come and go for ever: a detection list a frame, 500 of them in a ring. */
function ring(): Detection[][] {
  const random = randomFrom(4);
  return Array.from({ length: 500 }, (_, frame) =>
    Array.from({ length: 6 }, (_, i): Detection => {
      const x = ((frame * (i + 1)) % 500) / 500;
      return {
        class: i < 4 ? 'person' : 'car',
        score: 0.3 + 0.6 * random(),
        box: boxAt(x, 0.15 * (i + 1), 0.05, 0.12),
      };
    }),
  );
}

/** Bytes that are really held; the least of a few looks. */
async function heapUsed(collect: () => void): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}

t.test('100,000 pictures leave nothing behind', async (t) => {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const frames = ring();
  const scene = makeScene({
    lines: { middle: { from: [0.5, 0], to: [0.5, 1] } },
    zones: {
      left: {
        polygon: [
          [0, 0],
          [0.5, 0],
          [0.5, 1],
          [0, 1],
        ],
      },
    },
  });
  let told = 0;
  const run = (from: number, to: number) => {
    for (let frame = from; frame < to; frame++) {
      told += scene.observe(frames[frame % frames.length] ?? [], timeOf(frame / 10)).observations.length;
    }
  };
  run(0, 10_000);
  const before = await heapUsed(collect);
  run(10_000, 100_000);
  const grown = (await heapUsed(collect)) - before;
  t.ok(told > 10_000, `${told} observations`);
  t.ok(grown < 500_000, `${grown} bytes in 90,000 pictures`);
  t.ok(scene.openTracks < 20, `${scene.openTracks} open`);
});
