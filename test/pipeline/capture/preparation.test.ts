import { AV_PIX_FMT_RGB24 } from 'node-av/constants';
import t from 'tap';
import { Preparation, RateLimit } from '../../../src/pipeline/capture/preparation.js';
import { frameOf } from '../../support/frame-of.js';

/** How many of the pictures at these times are analysed. */
function taken(limit: RateLimit, times: number[]): number[] {
  return times.filter((time) => {
    const due = limit.isDue(time);
    if (due) limit.taken(time);
    return due;
  });
}

const stream = (fps: number, seconds: number) => Array.from({ length: fps * seconds }, (_, i) => (i * 1000) / fps);

t.test('the mean rate is as asked, without drift', async (t) => {
  t.equal(taken(new RateLimit(10), stream(12.5, 60)).length, 600);
  t.equal(taken(new RateLimit(10), stream(30, 60)).length, 600);
  t.equal(taken(new RateLimit(7), stream(25, 60)).length, 420);
});

t.test('a slower stream is taken whole, also when its times are rounded', async (t) => {
  const times = stream(10, 60).map((time) => Math.round(time));
  t.equal(taken(new RateLimit(10), times).length, 600);
  t.equal(taken(new RateLimit(30), times).length, 600);
});

t.test('after a gap there is no burst', async (t) => {
  const limit = new RateLimit(10);
  taken(limit, [0]);
  t.strictSame(taken(limit, [10_000, 10_010, 10_050, 10_100]), [10_000, 10_100]);
});

t.test('a picture that was missed stays due', async (t) => {
  const limit = new RateLimit(10);
  taken(limit, [0]);
  t.ok(limit.isDue(100));
  t.ok(limit.isDue(133));
});

t.test('a new rate holds at once, also after a very slow one', async (t) => {
  const limit = new RateLimit(0.1);
  limit.taken(0);
  t.notOk(limit.isDue(1000));
  limit.fps = 10;
  t.ok(limit.isDue(1000));
  limit.taken(1000);
  t.notOk(limit.isDue(1050));
  t.ok(limit.isDue(1100));
});

const input = { fill: 114, multipleOf: 32, resize: 'fit' } as const;

/** A picture whose four quarters are of four greys. */
function quarters(width: number, height: number) {
  const bytes = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i += 1) {
    const [right, down] = [i % width >= width / 2, i >= (width * height) / 2];
    bytes.fill(40 + (right ? 50 : 0) + (down ? 100 : 0), i * 3, i * 3 + 3);
  }
  return frameOf(bytes, { width, height, format: AV_PIX_FMT_RGB24 });
}

t.test('the whole and its tiles are looked at in turn, each as large as the input’s pixels allow', async (t) => {
  using frame = quarters(640, 360);
  using preparation = new Preparation({ ...input, tiles: '2x1' });
  const bytes = preparation.memoryFor(frame);
  const looks = Array.from({ length: 6 }, (_, i) => {
    const { tensor, region, isTile } = preparation.prepare(frame, i * 100, bytes);
    const { width, height } = tensor.input;
    t.equal(tensor.bytes.length, width * height * 3, 'the tensor has the size of its own input');
    const grey = (x: number, y: number) => tensor.bytes[(y * width + x) * 3];
    const corners = [grey(2, 2), grey(tensor.fitted.width - 3, tensor.fitted.height - 3)];
    const beyond = tensor.fitted.height < height ? grey(2, height - 1) : 114;
    return { size: `${width}x${height}`, left: region?.[0] ?? 0, isTile: isTile === true, corners, beyond };
  });
  const whole = { size: '320x192', left: 0, isTile: false, corners: [40, 190], beyond: 114 };
  t.match(looks[0], whole);
  t.match(looks[1], { size: '224x256', left: 0, isTile: true, corners: [40, 190], beyond: 114 });
  t.match(looks[2], { size: '224x256', left: 0.45, isTile: true, corners: [40, 190], beyond: 114 });
  t.match(looks[3], whole, 'and again, in memory that held a larger picture meanwhile');
  t.match(looks.slice(4), [{ left: 0 }, { left: 0.45 }]);
});

t.test('a model that takes one size gets its tiles in it', async (t) => {
  using frame = quarters(640, 360);
  const size = { width: 352, height: 352 };
  using preparation = new Preparation({ ...input, input: size, isFixed: true, tiles: '2x2' });
  const bytes = preparation.memoryFor(frame);
  for (let i = 0; i < 5; i += 1) t.strictSame(preparation.prepare(frame, i * 100, bytes).tensor.input, size);
});
