import t from 'tap';
import { RateLimit } from '../../../src/pipeline/capture/preparation.js';

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
