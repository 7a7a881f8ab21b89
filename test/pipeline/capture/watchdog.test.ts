import t from 'tap';
import { Watchdog } from '../../../src/pipeline/capture/watchdog.js';

const settings = { stallSeconds: 1, reconnectSeconds: 4, frozenSeconds: 0 };

/** A camera whose time is the test's: pictures every `periodMs`, looks whenever they are due. */
class Play {
  now = 0;
  mediaMs = 0;
  readonly verdicts: string[] = [];
  readonly at: number[] = [];
  readonly watchdog: Watchdog;
  #looked = 0;

  constructor(values: Partial<typeof settings> = {}, fps = 10) {
    this.watchdog = new Watchdog({ ...settings, ...values }, fps, 0);
  }

  /** @param print of each picture that is looked at */
  pictures(count: number, periodMs: number, print?: (i: number) => string, isLookedAt = (_: number) => true): void {
    for (let i = 0; i < count; i += 1) {
      this.silence(periodMs);
      this.mediaMs += periodMs;
      this.watchdog.picture(this.mediaMs, this.now);
      if (print && isLookedAt(i)) this.watchdog.fingerprint(print(i), this.now);
    }
  }

  silence(ms: number): void {
    const end = this.now + ms;
    for (; this.#looked + this.watchdog.lookMs <= end; ) {
      this.#looked += this.watchdog.lookMs;
      this.now = this.#looked;
      this.#look();
    }
    this.now = end;
  }

  /** Nobody looks for so long: the board was suspended. */
  asleep(ms: number): void {
    this.now += ms;
    this.#looked = this.now;
    this.#look();
  }

  #look(): void {
    const verdict = this.watchdog.look(this.now);
    if (verdict.kind === 'live') return;
    this.verdicts.push(verdict.kind === 'lost' ? verdict.error.code : verdict.kind);
    this.at.push(this.now);
  }
}

t.test('silence is a stall after a second, and a loss four seconds later', async (t) => {
  const play = new Play();
  play.pictures(20, 100);
  const lastPicture = play.now;
  play.silence(5500);
  t.strictSame(play.verdicts.slice(0, 2), ['stalled', 'ERR_SOURCE_SILENT']);
  const [stalledMs = 0, lostMs = 0] = play.at.map((at) => at - lastPicture);
  t.ok(stalledMs > 1000 && stalledMs <= 1000 + 2 * play.watchdog.lookMs, `stalled after ${stalledMs} ms`);
  t.ok(lostMs - stalledMs >= 4000 && lostMs - stalledMs <= 4000 + play.watchdog.lookMs, `lost after ${lostMs} ms`);
});

t.test('a slow camera is given ten of its frame times', async (t) => {
  const play = new Play({}, 25);
  play.pictures(20, 500); // at night it slows down to two a second
  play.silence(4500);
  t.strictSame(play.verdicts.slice(-1), [], 'nine frame times are not a stall');
  play.silence(1000);
  t.strictSame(play.verdicts, ['stalled']);
});

t.test('it resumes after three pictures in time, and not at a trickle’s drops', async (t) => {
  const play = new Play();
  play.pictures(20, 100);
  play.silence(1500);
  play.pictures(5, 100);
  play.silence(50);
  t.strictSame(play.verdicts, ['stalled', 'resumed']);

  const trickle = new Play();
  trickle.pictures(20, 100);
  trickle.pictures(4, 1600);
  t.strictSame(trickle.verdicts.slice(0, 2), ['stalled', 'ERR_SOURCE_SILENT']);
});

t.test('the same picture, bit for bit, is a loss; one that changes is not', async (t) => {
  const frozen = new Play({ frozenSeconds: 60 });
  frozen.pictures(700, 100, () => 'same');
  t.equal(frozen.verdicts[0], 'ERR_SOURCE_FROZEN');
  const alive = new Play({ frozenSeconds: 60 });
  alive.pictures(700, 100, (i) => (i % 500 === 0 ? `${i}` : 'noise'));
  t.strictSame(alive.verdicts, []);
  const allowed = new Play({ frozenSeconds: 0 });
  allowed.pictures(7000, 100, () => 'same');
  t.strictSame(allowed.verdicts, [], '0: never');
});

t.test('a picture is only as frozen as it has been looked at', async (t) => {
  const seldom = new Play({ frozenSeconds: 60 });
  // The network looks every 100 s, and at something else each time.
  seldom.pictures(
    5000,
    100,
    (i) => `${Math.floor(i / 1000)}`,
    (i) => i % 1000 === 0,
  );
  t.strictSame(seldom.verdicts, []);
  const asleep = new Play({ frozenSeconds: 60 });
  asleep.pictures(20, 100, () => 'before');
  asleep.asleep(3_600_000);
  asleep.silence(200);
  asleep.pictures(20, 100, (i) => `${i}`);
  t.strictSame(asleep.verdicts, []);
});

t.test('our own sleep is not taken for the camera’s', async (t) => {
  const play = new Play();
  play.pictures(20, 100);
  play.asleep(3_600_000);
  t.strictSame(play.verdicts, []);
  t.equal(play.watchdog.sleeps, 1);
  play.pictures(5, 100);
  t.strictSame(play.verdicts, []);
  play.silence(2000);
  t.strictSame(play.verdicts, ['stalled'], 'it watches on');
});

/** Pictures that were taken every `takenMs` and come every `comesMs`. */
function trickle(play: Play, count: number, takenMs: number, comesMs: number): void {
  for (let i = 0; i < count; i += 1) {
    play.silence(comesMs);
    play.mediaMs += takenMs;
    play.watchdog.picture(play.mediaMs, play.now);
  }
}

t.test('a link that trickles is a stall, though a picture comes now and then', async (t) => {
  const play = new Play({}, 25);
  trickle(play, 50, 40, 40);
  t.strictSame(play.verdicts, []);
  trickle(play, 16, 40, 500);
  t.strictSame(play.verdicts.slice(0, 2), ['stalled', 'ERR_SOURCE_SILENT']);
});

t.test('what was held up and comes at once is live again when it is in time', async (t) => {
  const play = new Play({}, 25);
  trickle(play, 50, 40, 40);
  trickle(play, 7, 40, 500);
  t.strictSame(play.verdicts, ['stalled']);
  trickle(play, 60, 40, 4);
  play.silence(300);
  t.strictSame(play.verdicts, ['stalled', 'resumed']);
});

t.test('a camera that takes fewer pictures, or whose clock is a little slow, is no trickle', async (t) => {
  const play = new Play({}, 25);
  trickle(play, 100, 40, 40);
  trickle(play, 100, 500, 500);
  trickle(play, 5000, 40, 41);
  trickle(play, 500, 40, 60);
  t.strictSame(play.verdicts, []);
});
