import { createHash } from 'node:crypto';
import t from 'tap';
import { ClipMaker } from '../../demo/clip.js';
import { readTruth } from './files.js';

const FRAME = 165;

t.test('a frame drawn twice is the same picture, and holds what the truth says', async (t) => {
  const truth = readTruth();
  const digest = (maker: ClipMaker): { picture: string; objects: ReturnType<ClipMaker['frame']> } => {
    const pixels = new Uint8ClampedArray(truth.width * truth.height * 4);
    const objects = maker.frame(FRAME, pixels);
    return { picture: createHash('sha256').update(pixels).digest('hex'), objects };
  };
  const maker = new ClipMaker(1);
  const first = digest(maker);
  t.same(digest(new ClipMaker(1)), first);
  const stated = truth.frames[FRAME] ?? [];
  t.same(
    first.objects.map((o) => o.id),
    stated.map((o) => o.id),
  );
  for (const [i, o] of first.objects.entries()) {
    // Without supersampling an edge may fall a pixel or so elsewhere.
    t.ok(
      o.box.every((v, k) => Math.abs(v - (stated[i]?.box[k] ?? Number.NaN)) <= 2),
      `${o.id} is where the truth has it`,
    );
  }
});
