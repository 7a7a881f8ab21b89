import type { RecoverySettings } from '../../config/schema.js';
import { SourceError } from '../../contract/errors.js';
import { percentile, sortUp } from '../../timing/percentile.js';

/** A source that gives no picture for this many of its frame times has stalled … */
const stallFrames = 10;
/** … and lives again after as many pictures in a row as this, so that a trickle is not called live at each drop. */
const livePictures = 3;
/** The frame time is the median of so many steps: it follows a camera that slows down at night, but no single gap. */
const remembered = 15;
/** Pictures that come slower than this share of the speed at which they were taken get later and later: a trickle. */
const slowestFlow = 0.5;
/** A look that comes later than this many looks' time tells of our own sleep, not of the camera's. */
const lateLooks = 8;

/** What the watchdog says when it is looked at; `lost` ends the attempt. */
export type Verdict =
  | { kind: 'live' }
  | { kind: 'stalled'; reason: string }
  | { kind: 'resumed'; reason: string }
  | { kind: 'lost'; error: SourceError };

/**
 * Watches the pictures of one attempt of a live source. All times are milliseconds on a monotonic clock, so that nobody
 * who sets the board's time is taken for a camera that stopped; `look()` has to come every `lookMs`, and where it was
 * itself kept from coming (a suspended board, a starved thread) the wait starts over.
 */
export class Watchdog {
  readonly lookMs: number;
  /** How often we were away ourselves. */
  sleeps = 0;
  readonly #steps: number[] = [];
  #lastMediaMs: number | undefined;
  /** What the clock is ahead of media time by for pictures in time, and by how much the last one was late; ms. */
  #inTimeMs: number | undefined;
  #lateMs = 0;
  #lastPicture: number;
  #lastLook: number;
  #stalledAt: number | undefined;
  /** Pictures in a row since the stall, each in time. */
  #streak = 0;
  #print: string | undefined;
  /** When the newest picture that was looked at was the same for the first time, and for the last. */
  #same = { from: 0, to: 0 };

  /**
   * @param settings times in seconds
   * @param fps as the source states it; 0 where it doesn't
   * @param now of the first picture
   */
  constructor(
    private readonly settings: Pick<RecoverySettings, 'stallSeconds' | 'reconnectSeconds' | 'frozenSeconds'>,
    private readonly fps: number,
    now: number,
  ) {
    this.#lastPicture = this.#lastLook = now;
    this.lookMs = Math.min(250, Math.max(10, settings.stallSeconds * 100));
  }

  /** Without a picture for so long it has stalled, milliseconds. */
  get limitMs(): number {
    return Math.max(this.settings.stallSeconds * 1000, stallFrames * this.#frameMs());
  }

  /** @param mediaMs of the picture; only the steps between them count */
  picture(mediaMs: number, now: number): void {
    if (this.#lastMediaMs !== undefined) this.#steps.push(mediaMs - this.#lastMediaMs);
    if (this.#steps.length > remembered) this.#steps.shift();
    this.#lastMediaMs = mediaMs;
    const aheadMs = now - mediaMs;
    const sinceLast = now - this.#lastPicture;
    // After a silence it starts over: a camera may have gone on counting its pictures, not the time.
    if (this.#inTimeMs === undefined || sinceLast > this.limitMs) this.#inTimeMs = aheadMs;
    this.#inTimeMs = Math.min(aheadMs, this.#inTimeMs + (1 - slowestFlow) * sinceLast);
    this.#lateMs = aheadMs - this.#inTimeMs;
    this.#streak = sinceLast <= this.limitMs ? this.#streak + 1 : 1;
    this.#lastPicture = now;
  }

  /** @param print of a picture: equal for equal pictures */
  fingerprint(print: string, now: number): void {
    if (print !== this.#print) this.#same.from = now;
    this.#same.to = now;
    this.#print = print;
  }

  look(now: number): Verdict {
    const late = now - this.#lastLook;
    this.#lastLook = now;
    if (late > lateLooks * this.lookMs) {
      this.sleeps += 1;
      this.#lastPicture = Math.max(this.#lastPicture, now - this.lookMs);
      this.#stalledAt &&= now;
      this.#print = this.#inTimeMs = undefined;
      this.#lateMs = 0;
      return { kind: 'live' };
    }
    return this.#frozen() ?? (this.#stalledAt === undefined ? this.#flowing(now) : this.#stalled(this.#stalledAt, now));
  }

  #flowing(now: number): Verdict {
    const silentMs = now - this.#lastPicture;
    const isSilent = silentMs > this.limitMs;
    if (!isSilent && !this.#isLate) return { kind: 'live' };
    this.#stalledAt = now;
    this.#streak = 0;
    const reason = isSilent ? `no picture for ${seconds(silentMs)} s` : `pictures come ever later: ${this.#late}`;
    return { kind: 'stalled', reason };
  }

  #stalled(since: number, now: number): Verdict {
    if (this.#streak >= livePictures && !this.#isLate) {
      this.#stalledAt = undefined;
      return { kind: 'resumed', reason: `pictures come again after ${seconds(now - since)} s` };
    }
    const { reconnectSeconds } = this.settings;
    if (now - since < reconnectSeconds * 1000) return { kind: 'live' };
    const silentMs = now - this.#lastPicture;
    const what =
      silentMs > this.limitMs
        ? `no picture for ${seconds(silentMs)} s`
        : `hardly any picture for ${seconds(now - since)} s${this.#isLate ? `, and late ones: ${this.#late}` : ''}`;
    return lost('ERR_SOURCE_SILENT', `${what}. Check the camera and the network between.`);
  }

  #frozen(): Verdict | undefined {
    const { frozenSeconds } = this.settings;
    const unchangedMs = this.#same.to - this.#same.from;
    if (this.#print === undefined || frozenSeconds === 0 || unchangedMs < frozenSeconds * 1000) return undefined;
    return lost('ERR_SOURCE_FROZEN', `the same picture, bit for bit, for ${seconds(unchangedMs)} s.`);
  }

  /** Whether the link carries less than the camera sends: each picture is later than the one before. */
  get #isLate(): boolean {
    return this.#lateMs > this.limitMs;
  }

  get #late(): string {
    return `by ${seconds(this.#lateMs)} s more than in time`;
  }

  #frameMs(): number {
    return this.#steps.length === 0 ? 1000 / (this.fps || 10) : percentile(sortUp(this.#steps), 0.5);
  }
}

function lost(code: string, message: string): Verdict {
  return { kind: 'lost', error: new SourceError(code, 'source', message) };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
