import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { countEvents, type EventCounts } from '../../../src/bench/event-counts.js';
import { engineOf } from '../../../src/bench/processes.js';
import type { Detections } from '../../../src/contract/detection.js';
import type { EventMessage } from '../../../src/contract/event.js';
import type { Health } from '../../../src/contract/health.js';
import type { Info } from '../../../src/contract/status.js';
import { Door, Listener, Mosquitto } from '../broker.js';
import { TestDaemon } from '../daemon.js';
import { until } from '../until.js';
import { type Resources, resourcesOf } from './resources.js';

/** What is done to a running daemon; each resolves when it does its work again. */
export const faultNames = ['reload', 'swap', 'engine', 'broker'] as const;
export type FaultName = (typeof faultNames)[number];

export interface SoakOptions {
  seconds: number;
  /** Ends after so many faults, if that is sooner. */
  count: number;
  cameras: number;
  fps: number;
  faults: readonly FaultName[];
  /** From one fault to the next. */
  everySeconds: number;
  /** Told of each fault. */
  say: (line: string) => void;
}

/** A look at both processes. */
export interface Sample {
  /** Since the start. */
  seconds: number;
  daemon: Resources;
  /** Undefined while there is none. */
  engine: Resources | undefined;
  waiting: number;
}

export interface MadeFault {
  name: FaultName;
  /** Since the start. */
  seconds: number;
  /** Until it worked again; undefined if it did not within {@link recoverySeconds}. */
  recoveredMs: number | undefined;
  /** The longest time without a picture that was looked at, of any camera, milliseconds. */
  blindMs: number;
}

export interface SoakResult {
  seconds: number;
  samples: Sample[];
  faults: MadeFault[];
  /** Of events that did not wait for a broker: [seconds since the start, milliseconds from capture to publication]. */
  latencies: [number, number][];
  events: EventCounts;
  /** How the daemon ended, if it did before it was stopped. */
  death: string | undefined;
  /** The longest time without a picture while nothing was done, milliseconds: what the machine's load costs. */
  usualBlindMs: number;
}

const node = 'soak';
export const recoverySeconds = 90;
const sampleMs = 2000;
/** So long before a fault the last picture was heard that its blindness counts from; two of a slow machine come later. */
const beforeMs = 30_000;
/** Of a fault's time those milliseconds after it count for its blindness, too. */
const settleMs = 2000;

/** The real daemon, a real mosquitto, looping clips, and faults in turn; everything is counted. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-soak-'));
  const broker = await new Mosquitto(['allow_anonymous true', 'max_queued_messages 100000']).start();
  const door = await new Door(() => broker.port).start();
  const listener = await Listener.on(broker.url, '#');
  try {
    return await new Soak(options, folder, broker, door, listener).run();
  } finally {
    await listener.stop();
    await door.stop();
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

class Soak {
  readonly #config: string;
  readonly #daemon: TestDaemon;
  readonly #startedAt = performance.now();
  readonly #samples: Sample[] = [];
  readonly #faults: MadeFault[] = [];
  #death: string | undefined;
  /** Aborted when the daemon ends. */
  readonly #ended = new AbortController();
  /** What the settings say now; each reload turns them. */
  #turns = 0;
  #model = 'minspnet-s';

  constructor(
    private readonly options: SoakOptions,
    folder: string,
    private readonly broker: Mosquitto,
    private readonly door: Door,
    private readonly listener: Listener,
  ) {
    this.#config = join(folder, 'minspnet.yaml');
    // As `npm start` does it.
    this.#daemon = new TestDaemon(['run', '-c', this.#config], join(folder, 'state'), {
      NODE_OPTIONS: '--max-semi-space-size=2',
    });
  }

  async run(): Promise<SoakResult> {
    const { seconds, count, faults, everySeconds, say } = this.options;
    await this.#write();
    let isStopping = false;
    void this.#daemon.exited.then((code) => {
      if (!isStopping) this.#death = `exit code ${code}: ${this.#daemon.said.slice(-500)}`;
      this.#ended.abort();
    });
    const sampling = setInterval(() => this.#sample(), sampleMs);
    try {
      await this.#working(0);
      for (let i = 0; faults.length > 0 && i < count; i++) {
        await this.#pause(everySeconds * 1000);
        if (this.#seconds > seconds || this.#death !== undefined) break;
        const fault = await this.#make(faults[i % faults.length] as FaultName);
        this.#faults.push(fault);
        const result = fault.recoveredMs === undefined ? 'NOT RECOVERED' : `${fault.recoveredMs.toFixed(0)} ms`;
        say(
          `${fault.seconds.toFixed(0)} s: ${fault.name}, works again after ${result}, blind ${fault.blindMs.toFixed(0)} ms`,
        );
      }
      if (faults.length === 0 || count === Number.POSITIVE_INFINITY) {
        await this.#pause(Math.max(0, (seconds - this.#seconds) * 1000));
      }
    } finally {
      clearInterval(sampling);
      isStopping = true;
      this.#daemon.kill('SIGTERM');
      await this.#daemon.exited;
    }
    return this.#result();
  }

  /** Over at once where the daemon has ended. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ended.signal }).catch(() => {});
  }

  get #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  #result(): SoakResult {
    const events = this.listener.heard.filter(({ topic }) => topic.endsWith('/events'));
    const latencies = events.flatMap(({ payload, at }): [number, number][] => {
      const event = JSON.parse(String(payload)) as EventMessage;
      if (event.type === 'gap' || event.type === 'end' || event.replayed) return [];
      return [[(at - this.#startedAt) / 1000, event.publishedMonotonicMs - event.capturedMonotonicMs]];
    });
    return {
      seconds: this.#seconds,
      samples: this.#samples,
      faults: this.#faults,
      latencies,
      events: countEvents(events.map(({ payload }) => JSON.parse(String(payload)) as EventMessage)),
      death: this.#death,
      usualBlindMs: this.#blindMs(
        (at) =>
          !this.#faults.some(({ seconds, recoveredMs }) => {
            const from = this.#startedAt + seconds * 1000;
            return at >= from && at <= from + (recoveredMs ?? recoverySeconds * 1000) + 5 * settleMs;
          }),
      ),
    };
  }

  #sample(): void {
    const health = this.listener.last<Health>(`${node}/health`);
    const engine = engineOf(this.#daemon.pid);
    const daemon = resourcesOf(this.#daemon.pid);
    if (daemon === undefined) return;
    this.#samples.push({
      seconds: this.#seconds,
      daemon,
      engine: engine === undefined ? undefined : resourcesOf(engine),
      waiting: health?.outbox.waiting ?? 0,
    });
  }

  async #write(): Promise<void> {
    const { cameras, fps } = this.options;
    const zone = {
      polygon: [
        [0, 0],
        [0.5 + 0.01 * (this.#turns % 10), 0],
        [0.5, 1],
        [0, 1],
      ],
    };
    const names = Array.from({ length: cameras }, (_, i) => `camera${i}`);
    const camera = { source: 'demo', loop: true, fps, motion: { gate: false }, zones: { left: zone } };
    const settings = {
      node,
      cameras: Object.fromEntries(names.map((name) => [name, camera])),
      events: { detections: true },
      model: { path: this.#model },
      mqtt: { url: this.door.url },
      http: { enabled: false },
    };
    await writeFile(this.#config, JSON.stringify(settings));
  }

  async #make(name: FaultName): Promise<MadeFault> {
    const from = performance.now();
    const seconds = this.#seconds;
    let recoveredMs: number | undefined;
    try {
      await this.#faultsByName[name]();
      await this.#working(performance.now());
      recoveredMs = performance.now() - from;
    } catch (error) {
      this.options.say(`${name}: ${(error as Error).message.split('\n')[0]}`);
    }
    await sleep(settleMs);
    return { name, seconds, recoveredMs, blindMs: this.#blindMs((at) => at >= from, from - beforeMs) };
  }

  readonly #faultsByName: Record<FaultName, () => Promise<void>> = {
    reload: async () => {
      this.#turns += 1;
      await this.#reload();
    },
    swap: async () => {
      this.#model = this.#model === 'minspnet-s' ? 'minspnet-n' : 'minspnet-s';
      await this.#reload();
      await this.#wait(() => this.listener.last<Info>(`${node}/info`)?.model.name === this.#model);
    },
    engine: async () => {
      const engine = engineOf(this.#daemon.pid);
      if (engine !== undefined) process.kill(engine, 'SIGKILL');
      await this.#wait(() => ![undefined, engine].includes(engineOf(this.#daemon.pid)));
    },
    broker: async () => {
      // What the broker has acknowledged it has handed on when it is killed; the rest is the daemon's to keep.
      this.door.shut('all');
      await sleep(200);
      await this.broker.kill();
      await sleep(1000);
      await this.broker.start();
      await this.listener.subscribed('#');
      this.door.open();
    },
  };

  async #reload(): Promise<void> {
    const { length } = this.#daemon.lines;
    await this.#write();
    this.#daemon.kill('SIGHUP');
    await this.#wait(() => this.#daemon.lines.slice(length).some((line) => line.includes('settings  read again')));
  }

  /** Every camera has been looked at since. */
  async #working(since: number): Promise<void> {
    const wanted = Array.from({ length: this.options.cameras }, (_, i) => `/camera${i}/detections`);
    await this.#wait(() => {
      const seen = new Set<string>();
      for (let i = this.listener.heard.length - 1; i >= 0; i--) {
        const heard = this.listener.heard[i];
        if (heard === undefined || heard.at < since) break;
        for (const topic of wanted) if (heard.topic.endsWith(topic)) seen.add(topic);
      }
      return seen.size === wanted.length;
    });
  }

  async #wait(done: () => boolean): Promise<void> {
    await until(() => this.#death !== undefined || done(), recoverySeconds * 1000);
    if (this.#death !== undefined) throw new Error(`the daemon ended with ${this.#death}`);
  }

  /**
   * The longest time between two pictures of one camera whose later one was heard at a time that counts.
   *
   * @param from what was heard before is passed over
   */
  #blindMs(counts: (at: number) => boolean, from = 0): number {
    const last = new Map<string, number>();
    let longest = 0;
    const first = this.listener.heard.findLastIndex(({ at }) => at < from) + 1;
    for (const { topic, payload, at } of this.listener.heard.slice(first)) {
      if (!topic.endsWith('/detections')) continue;
      const { takenMonotonicMs } = JSON.parse(String(payload)) as Detections;
      const before = last.get(topic);
      last.set(topic, takenMonotonicMs);
      if (before !== undefined && counts(at)) longest = Math.max(longest, takenMonotonicMs - before);
    }
    return longest;
  }
}
