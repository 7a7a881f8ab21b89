import t from 'tap';
import { MediaClock } from '../../../src/pipeline/capture/media-clock.js';

/** The times that a clock makes of time stamps, 40 ms between each two pictures where those don't tell. */
function timesOf(stamps: (number | undefined)[], passedMs = 40) {
  const clock = new MediaClock();
  return { times: stamps.map((stamp) => Math.round(clock.at(stamp, passedMs) * 1000) / 1000), jumps: clock.jumps };
}

t.test('time stamps are taken as they are, from the first picture on', async (t) => {
  t.strictSame(timesOf([1000, 1040, 1100, 9000]), { times: [0, 40, 100, 8000], jumps: 0 });
});

t.test('without time stamps, or where some are missing, what has passed is taken', async (t) => {
  t.strictSame(timesOf([undefined, undefined, undefined]), { times: [0, 40, 80], jumps: 0 });
  t.strictSame(timesOf([undefined, 500, 540]), { times: [0, 40, 80], jumps: 0 });
  t.strictSame(timesOf([500, undefined, 580, 620]), { times: [0, 40, 80, 120], jumps: 0 }, 'a hole adds nothing');
});

t.test('time stamps that go back or jump are another clock, which is counted', async (t) => {
  t.strictSame(timesOf([0, 40, 0, 40]), { times: [0, 40, 80, 120], jumps: 1 });
  t.strictSame(timesOf([0, 40, 3_600_000, 3_600_040]), { times: [0, 40, 80, 120], jumps: 1 });
  t.strictSame(timesOf([0, 40, 40, 80]), { times: [0, 40, 80, 120], jumps: 0 }, 'the same twice');
});

t.test('a long gap that has really passed is a gap', async (t) => {
  t.strictSame(timesOf([0, 30_000], 30_000), { times: [0, 30_000], jumps: 0 });
});

t.test('time never stands still', async (t) => {
  const { times } = timesOf([5, 5, 5], 0);
  t.ok(
    times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0)),
    `${times}`,
  );
});
