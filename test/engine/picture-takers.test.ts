import t from 'tap';
import { PictureTakers } from '../../src/engine/picture-takers.js';

t.test('who waits is given the next picture, and only that one', async (t) => {
  const takers = new PictureTakers();
  const pictures = [takers.next(false, 10_000), takers.next(true, 10_000)];
  const waiting = takers.all();
  t.strictSame(
    waiting.map(({ full }) => full),
    [false, true],
  );
  t.strictSame(takers.all(), []);
  waiting[0]?.take(Buffer.of(1));
  waiting[1]?.take(undefined);
  t.strictSame(await Promise.all(pictures), [Buffer.of(1), undefined]);
});

t.test('no picture is made for those who have gone', async (t) => {
  const takers = new PictureTakers();
  t.strictSame(await Promise.all([takers.next(true, 0), takers.next(true, 0)]), [undefined, undefined]);
  t.strictSame(takers.all(), [], 'a camera that is away for a day is asked for thousands');
});
