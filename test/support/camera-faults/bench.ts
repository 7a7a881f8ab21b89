import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rssBytes } from '../../../src/bench/processes.js';
import type { Health } from '../../../src/contract/health.js';
import type { CameraStatus } from '../../../src/contract/status.js';
import { type Heard, startAedes, type TestBroker } from '../broker.js';
import { TestDaemon } from '../daemon.js';

/** What the engine's process holds. */
export interface Held {
  rssMiB: number;
  threads: number;
  descriptors: number;
}

export interface FaultFigures {
  faults: number;
  recovered: number;
  /** From the moment that the camera could be reached again, or from the fault where it always could; sorted. */
  downtimesMs: number[];
  /** From the moment that the last new attempt was due to the first picture that was analysed; sorted. */
  attemptsMs: number[];
  /** Medians of the second fifth of the faults, and of the last fifth. */
  held: [Held, Held];
  /** Engines that died or were replaced; the daemon's own death is an error. */
  engineRestarts: number;
  decodeErrors: number;
  /** Codes of the states that were told. */
  codes: string[];
  /** What else was found. */
  note?: string;
}

export interface FaultOptions {
  /** Every fault must be told of before the recovery counts. */
  losesIt?: boolean;
  /** How long the camera is live between two faults, at least. */
  livesMs?: number;
  /** It must be back within this. */
  patienceMs?: number;
  /** Called when it is, with the number of the first message since the fault. */
  onBack?: (from: number) => void;
}

export interface FaultBenchOptions {
  /** For the state and the settings of the daemon. */
  folder: string;
  /** Settings of the camera. */
  camera: Record<string, unknown>;
  environment?: NodeJS.ProcessEnv;
  /** A command that the daemon is run by. */
  inside?: string[];
}

/** What health says of a camera comes with the engine's heartbeat, each second. */
const heartbeatsMs = 1500;

/** A daemon with one live camera, and the faults that are made to it. It must be live again and analyse pictures. */
export class FaultBench implements AsyncDisposable {
  private constructor(
    private readonly broker: TestBroker,
    readonly daemon: TestDaemon,
  ) {}

  static async start({ folder, camera, environment, inside }: FaultBenchOptions): Promise<FaultBench> {
    const broker = await startAedes();
    const settings = {
      cameras: { camera: { motion: { gate: false }, ...camera } },
      mqtt: { url: broker.url },
      events: { detections: true }, // they tell of each picture that was analysed
    };
    const file = join(folder, 'faults.yaml'); // JSON is YAML
    await writeFile(file, JSON.stringify(settings));
    const daemon = new TestDaemon(['run', '--config', file], folder, environment, inside);
    const bench = new FaultBench(broker, daemon);
    try {
      await daemon.subscribe(broker.url);
      if (!(await bench.until(() => bench.isBack(0), 60_000))) {
        throw new Error(`the camera does not become live:\n${daemon.lines.join('\n')}${daemon.stderr}`);
      }
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
    return bench;
  }

  /** Makes a fault so many times, each time when the camera lives. */
  async make(times: number, fault: () => Promise<void>, options: FaultOptions = {}): Promise<FaultFigures> {
    const { losesIt = true, livesMs = 0, patienceMs = 30_000, onBack } = options;
    const downtimesMs: number[] = [];
    const attemptsMs: number[] = [];
    const first = this.#statuses().length;
    const held = [this.#held()];
    for (let i = 0; i < times; i += 1) {
      await sleep(livesMs + (livesMs / 2 + 300) * Math.random());
      const before = this.daemon.heard.length;
      await fault();
      const begun = performance.now();
      const after = this.daemon.heard.length;
      const isBack = () => this.isBack(losesIt ? before : after, losesIt);
      if (!(await this.until(isBack, patienceMs))) continue;
      downtimesMs.push(performance.now() - begun);
      onBack?.(before);
      const due = this.#lastAttemptDue(before);
      if (due !== undefined) attemptsMs.push(performance.now() - due);
      held.push(this.#held());
    }
    await sleep(heartbeatsMs);
    const health = await this.health();
    this.#checkCounts(health);
    const codes = this.#statuses()
      .slice(first)
      .flatMap(({ code }) => code ?? []);
    return {
      faults: times,
      recovered: downtimesMs.length,
      downtimesMs: downtimesMs.toSorted((a, b) => a - b),
      attemptsMs: attemptsMs.toSorted((a, b) => a - b),
      held: [middle(held, 0.2, 0.4), middle(held, 0.8, 1)],
      engineRestarts: health.engine.restarts,
      decodeErrors: Object.values(health.cameras)[0]?.decodeErrors ?? 0,
      codes: [...new Set(codes)],
    };
  }

  /** The camera is live and a picture was analysed; since message `from`, and after a loss where one is awaited. */
  isBack(from: number, afterLoss = false): boolean {
    const heard = this.daemon.heard.slice(from);
    const lost = heard.findIndex((message) => isStatus(message) && parse<CameraStatus>(message).state !== 'live');
    if (afterLoss && lost === -1) return false;
    const told = heard.findLastIndex(isStatus);
    const isLive = this.status()?.state === 'live';
    return isLive && heard.slice(Math.max(0, told)).some(({ topic }) => topic.endsWith('/detections'));
  }

  /** The newest. */
  status(): CameraStatus | undefined {
    const told = this.daemon.heard.findLast(isStatus);
    return told && parse<CameraStatus>(told);
  }

  /** The next one. */
  async health(): Promise<Health> {
    const from = this.daemon.heard.length;
    const isHealth = ({ topic }: Heard) => topic.endsWith('/health');
    await this.until(() => this.daemon.heard.slice(from).some(isHealth), 30_000);
    return parse<Health>(this.daemon.heard.findLast(isHealth) as Heard);
  }

  /** Whether it came true in time. @throws when the daemon has ended */
  async until(done: () => boolean, timeoutMs: number): Promise<boolean> {
    let exit: number | null | undefined;
    void this.daemon.exited.then((code) => {
      exit = code;
    });
    for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(20)) {
      if (done()) return true;
      if (exit !== undefined) throw new Error(`the daemon has ended with ${exit}: ${this.daemon.stderr}`);
    }
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon.dispose();
    await this.broker.stop();
  }

  /** @throws where health has not counted each change of the state that was told, with its reason */
  #checkCounts({ cameras, engine }: Health): void {
    const [camera] = Object.values(cameras);
    if (camera === undefined || engine.restarts > 0) return; // it counts from the start of its engine
    const told = this.#statuses();
    const lost = told.filter(({ state }) => state === 'reconnecting');
    const expected = {
      stalls: told.filter(({ state }) => state === 'stalled').length,
      reconnects: told.filter(({ state }, i) => state === 'live' && told[i - 1]?.state === 'reconnecting').length,
      losses: Object.fromEntries(
        [...new Set(lost.map(({ code = '' }) => code))].map((code) => [
          code,
          lost.filter((status) => status.code === code).length,
        ]),
      ),
      state: told.at(-1)?.state,
      reason: told.at(-1)?.reason,
    };
    for (const [name, value] of Object.entries(expected)) {
      assert.deepEqual(camera[name as keyof typeof camera], value, `${name} in health`);
    }
  }

  #statuses(): CameraStatus[] {
    return this.daemon.heard.filter(isStatus).map((message) => parse<CameraStatus>(message));
  }

  /** When the attempt that gave pictures was due, as `performance.now()`; undefined where none was needed. */
  #lastAttemptDue(from: number): number | undefined {
    const heard = this.daemon.heard.slice(from).filter(isStatus);
    const waiting = heard.findLast((message) => parse<CameraStatus>(message).retryMs !== undefined);
    return waiting && waiting.at + (parse<CameraStatus>(waiting).retryMs ?? 0);
  }

  #held(): Held {
    const [engine = 0] = this.daemon.children();
    const threads = Number(/^Threads:\s*(\d+)/m.exec(readFileSync(`/proc/${engine}/status`, 'utf8'))?.[1]);
    const descriptors = readdirSync(`/proc/${engine}/fd`).length;
    return { rssMiB: rssBytes(engine) / 2 ** 20, threads, descriptors };
  }
}

/** `minspnet/<node>/<camera>/status` */
function isStatus({ topic }: Heard): boolean {
  return topic.split('/').length === 4 && topic.endsWith('/status');
}

function parse<T>({ payload }: Heard): T {
  return JSON.parse(String(payload)) as T;
}

/** Medians of a part of a row. */
function middle(held: readonly Held[], from: number, to: number): Held {
  const part = held.slice(Math.floor(from * (held.length - 1)), Math.ceil(to * (held.length - 1)) + 1);
  const median = (of: (held: Held) => number) => part.map(of).toSorted((a, b) => a - b)[part.length >> 1] ?? Number.NaN;
  return {
    rssMiB: median(({ rssMiB }) => rssMiB),
    threads: median(({ threads }) => threads),
    descriptors: median(({ descriptors }) => descriptors),
  };
}
