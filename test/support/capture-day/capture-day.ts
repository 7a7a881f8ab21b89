import { Random } from '../../../demo/random.js';
import type { CaptureState } from '../../../src/contract/status.js';
import { Capture, type CaptureChange, type CaptureWorld } from '../../../src/pipeline/capture/capture.js';
import { cameraSettings } from '../settings.js';
import { SimulatedTime } from '../simulated-time.js';
import { InlineThread } from './inline-thread.js';
import { TroubledCamera } from './troubled-camera.js';

export interface DayFigures {
  troubles: Record<string, number>;
  /** Troubles after which it was live again, with pictures. */
  recovered: number;
  /** From the end of the trouble, ms of simulated time; sorted. */
  downtimesMs: number[];
  /** The longest of them, by what was the matter before. */
  worstMs: Record<string, number>;
  /** From the moment that an attempt was due, where the camera was fine then, ms; sorted. */
  attemptsMs: number[];
  /** Captures that gave themselves up, as an engine is replaced for. */
  hung: number;
  changes: Record<CaptureState, number>;
  frames: number;
  /** Most connections at once. */
  mostSources: number;
  /** What must never happen. */
  wrong: string[];
}

const stepMs = 50;
const settings = cameraSettings({ source: 'rtsp://camera.invalid/1', fps: 10 });
const data = {
  settings,
  fill: 114,
  multipleOf: 32,
  resize: 'fit' as const,
  input: { width: 32, height: 32 },
  snapshot: { quality: 80, maxSize: 64 },
};
/** What may come after each state; `starting` after any, when it is asked for. */
const allowed: Record<CaptureState, readonly CaptureState[]> = {
  starting: ['live', 'reconnecting'],
  live: ['stalled', 'reconnecting'],
  stalled: ['live', 'reconnecting'],
  reconnecting: ['live', 'reconnecting'],
  ended: [],
};

const kinds = [
  ...(['away', 'silent', 'deaf', 'slow', 'frozen', 'ends', 'leaps', 'resizes'] as const), // of the camera
  ...(['crash', 'stuck', 'asleep'] as const), // of its thread, and of the board
  ...(['restart', 'still'] as const), // of users
];

type Kind = (typeof kinds)[number];

/** The state machine, its thread and its watchdog through hours of faults, in simulated time. */
export class CaptureDay {
  readonly #time = new SimulatedTime();
  readonly #random: Random;
  readonly #camera: TroubledCamera;
  readonly #figures: DayFigures;
  #capture: Capture | undefined;
  #thread: InlineThread | undefined;
  #state: CaptureState = 'starting';
  /** When the next attempt is due. */
  #dueAt: number | undefined;
  /** The end of the last trouble; infinite within one. */
  #fineSince = 0;
  #framesSinceLive = 0;
  #hung = false;
  #kindsLeft: Kind[] = [];

  private constructor(seed: number) {
    this.#random = new Random(seed);
    this.#camera = new TroubledCamera(this.#random);
    this.#figures = {
      troubles: {},
      recovered: 0,
      downtimesMs: [],
      worstMs: {},
      attemptsMs: [],
      hung: 0,
      changes: { starting: 0, live: 0, stalled: 0, reconnecting: 0, ended: 0 },
      frames: 0,
      mostSources: 0,
      wrong: [],
    };
  }

  static async simulate(hours: number, seed: number): Promise<DayFigures> {
    const day = new CaptureDay(seed);
    try {
      await day.#run(hours * 3.6e6);
    } finally {
      day.#time[Symbol.dispose]();
    }
    return day.#figures;
  }

  async #run(ms: number): Promise<void> {
    const { downtimesMs, attemptsMs, wrong } = this.#figures;
    this.#begin();
    await this.#recover('the start');
    while (this.#time.now() < ms) {
      await this.#time.pass(this.#random.range(100, 120_000), stepMs);
      await this.#trouble();
    }
    await this.#end();
    await this.#time.pass(100_000, stepMs); // so that what is deaf ends, too
    if (this.#camera.sources.size > 0) wrong.push(`${this.#camera.sources.size} sources are left`);
    wrong.push(...this.#camera.misuses);
    this.#figures.mostSources = this.#camera.mostSources;
    downtimesMs.sort((a, b) => a - b);
    attemptsMs.sort((a, b) => a - b);
  }

  /** One fault, for as long as it lasts, and the recovery. */
  async #trouble(): Promise<void> {
    const lastsMs = Math.exp(this.#random.range(Math.log(100), Math.log(300_000)));
    const kind = this.#nextKind();
    this.#figures.troubles[kind] = (this.#figures.troubles[kind] ?? 0) + 1;
    this.#fineSince = Number.POSITIVE_INFINITY;
    switch (kind) {
      case 'crash':
        this.#thread?.crash();
        break;
      case 'stuck':
        this.#thread?.stick();
        await this.#time.pass(Math.min(lastsMs, 90_000), stepMs);
        this.#thread?.free();
        break;
      case 'asleep':
        this.#time.sleep(lastsMs);
        break;
      case 'restart':
        this.#capture?.restart();
        break;
      case 'still':
        this.#lend(Math.min(lastsMs, 10_000));
        break;
      case 'frozen':
        this.#camera.set(kind);
        await this.#time.pass(settings.recovery.frozenSeconds * 1000 + lastsMs, stepMs);
        break;
      default:
        this.#camera.set(kind, this.#random.chance(0.1) ? 90_000 : this.#random.range(0, 20_000));
        if (['ends', 'leaps', 'resizes'].includes(kind)) break;
        await this.#time.pass(lastsMs / 2, stepMs);
        if (this.#random.chance(0.2)) this.#capture?.restart();
        if (this.#random.chance(0.2)) this.#lend(5000);
        await this.#time.pass(lastsMs / 2, stepMs);
    }
    this.#camera.set('fine');
    await this.#recover(kind);
  }

  /** Each kind comes once before any comes again, so that hours have them all, in whatever order. */
  #nextKind(): Kind {
    if (this.#kindsLeft.length === 0) this.#kindsLeft = [...kinds];
    const [kind] = this.#kindsLeft.splice(this.#random.int(this.#kindsLeft.length), 1);
    return kind as Kind;
  }

  /** Somebody takes a photograph of a live camera, for so long, and may fail. */
  #lend(ms: number): void {
    if (this.#state !== 'live') return;
    const { sources } = this.#camera;
    const newest = [...sources].at(-1);
    const use = async () => {
      if (newest !== undefined && sources.has(newest)) this.#figures.wrong.push('lent while it was open');
      await new Promise((resolve) => setTimeout(resolve, ms));
      if (this.#random.chance(0.3)) throw new Error('no photograph');
    };
    void this.#capture?.lend('a photograph is taken', use).catch(() => {});
  }

  /** Waits until it is live and has given pictures. */
  async #recover(kind: string): Promise<void> {
    const since = this.#time.now();
    this.#fineSince = since;
    this.#framesSinceLive = 0;
    await this.#time.pass(stepMs, stepMs); // in which a fault of this moment is noticed
    while (!(this.#state === 'live' && this.#framesSinceLive >= 2)) {
      if (this.#hung) await this.#replace();
      await this.#time.pass(stepMs, stepMs);
      if (this.#time.now() - since > 600_000) {
        this.#figures.wrong.push(`${kind}: still ${this.#state} after ten minutes`);
        await this.#replace();
      }
    }
    this.#figures.recovered += 1;
    const downtimeMs = this.#time.now() - since;
    this.#figures.downtimesMs.push(downtimeMs);
    this.#figures.worstMs[kind] = Math.max(downtimeMs, this.#figures.worstMs[kind] ?? 0);
  }

  #begin(): void {
    const { now } = this.#time;
    const world: CaptureWorld = {
      startThread: (options) => {
        this.#thread = new InlineThread(options, { createSource: this.#camera.connect, now });
        return this.#thread;
      },
      random: () => this.#random.next(),
      now,
    };
    this.#state = 'starting';
    this.#dueAt = undefined;
    const capture: Capture = new Capture(
      data,
      {
        changed: (change) => this.#changed(change, capture),
        frame: (frame) => {
          this.#figures.frames += 1;
          this.#framesSinceLive += 1;
          if (this.#state !== 'live' && this.#state !== 'stalled') {
            this.#figures.wrong.push(`a frame while ${this.#state}`);
          }
          void frame.release([], this.#random.chance(0.5));
        },
        rewound: () => this.#figures.wrong.push('rewound'),
        hung: () => {
          this.#hung = true;
        },
      },
      world,
    );
    this.#capture = capture;
    capture.start();
  }

  #changed({ state, retryMs, reason, error, attempts }: CaptureChange, capture: Capture): void {
    const { changes, wrong, attemptsMs } = this.#figures;
    changes[state] += 1;
    if (state === 'starting') this.#dueAt = undefined;
    else if (!allowed[this.#state].includes(state)) wrong.push(`${this.#state} -> ${state}`);
    if (reason === '') wrong.push(`${state} without a reason`);
    if (state === 'reconnecting') {
      if (error === undefined || retryMs === undefined || attempts < 1) wrong.push('reconnecting without its facts');
      if ((retryMs ?? 0) > settings.recovery.maxRetrySeconds * 1000) wrong.push(`a wait of ${retryMs} ms`);
      this.#dueAt = this.#time.now() + (retryMs ?? 0);
    } else if (state === 'live' && this.#state === 'reconnecting' && this.#dueAt !== undefined) {
      if (this.#dueAt >= this.#fineSince) attemptsMs.push(this.#time.now() - this.#dueAt);
    }
    this.#state = state;
    const { byCode } = capture.losses;
    const told = Object.values(byCode).reduce((sum, count) => sum + count, 0);
    if (state === 'reconnecting' && told < 1) wrong.push('a loss that was not counted');
  }

  /** As an engine is replaced: what hung is left to itself. */
  async #replace(): Promise<void> {
    if (this.#hung) this.#figures.hung += 1;
    this.#hung = false;
    await this.#end();
    this.#begin();
  }

  async #end(): Promise<void> {
    this.#thread?.free();
    const stopped = this.#capture?.stop();
    await this.#time.pass(1500, stepMs);
    await stopped;
  }
}
