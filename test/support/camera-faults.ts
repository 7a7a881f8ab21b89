import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { rssBytes } from '../../src/bench/processes.js';
import type { Health } from '../../src/contract/health.js';
import type { CameraStatus } from '../../src/contract/status.js';
import { startAedes, type TestBroker } from './broker.js';
import { TestDaemon } from './daemon.js';
import { StreamServer } from './stream-server.js';

/** What the engine's process holds. */
interface Held {
  rssMiB: number;
  threads: number;
  descriptors: number;
}

export interface FaultFigures {
  faults: number;
  recovered: number;
  /** From the moment that the camera could be reached again, or from the fault where it always could; sorted. */
  downtimesMs: number[];
  /** After the first fifth of the faults, and at the end. */
  held: [Held, Held];
  /** Engines that died or were replaced; the daemon's own death is an error. */
  engineRestarts: number;
  decodeErrors: number;
  /** Codes of the states that were told. */
  codes: string[];
}

/** A daemon with one live camera, and the faults that are made to it. */
export class FaultBench implements AsyncDisposable {
  private constructor(
    private readonly server: StreamServer,
    private readonly broker: TestBroker,
    private readonly daemon: TestDaemon,
  ) {}

  static async start(stateDirectory: string, clip = 'demo/street.mp4'): Promise<FaultBench> {
    const server = await new StreamServer(clip).start();
    const broker = await startAedes();
    const daemon = new TestDaemon(['run', '--source', server.url, '--mqtt', broker.url], stateDirectory);
    const bench = new FaultBench(server, broker, daemon);
    try {
      await daemon.subscribe(broker.url);
      const isLive = await bench.#until(() => bench.#status()?.state === 'live', 60_000);
      if (!isLive) throw new Error(`the camera does not become live:\n${daemon.lines.join('\n')}${daemon.stderr}`);
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
    return bench;
  }

  /** Each time the server goes away for 0.3 to 0.8 s, after the camera has been live for 2.0 to 3.3 s. */
  async killed(times: number): Promise<FaultFigures> {
    return await this.#make(times, () => this.#restartServer(), { livesMs: 2000 });
  }

  /** The same as soon as the camera is live: one that flaps is tried less and less often, up to `maxRetrySeconds`. */
  async flapping(times: number): Promise<FaultFigures> {
    return await this.#make(times, () => this.#restartServer());
  }

  /** The connection is cut, in the middle of whatever it carries. */
  async cut(times: number): Promise<FaultFigures> {
    return await this.#make(times, async () => this.server.cut(), { livesMs: 2000 });
  }

  /** No data, no FIN: the camera has to notice by itself. */
  async halfOpen(times: number): Promise<FaultFigures> {
    return await this.#make(times, async () => this.server.hold());
  }

  /** Bits are flipped for so long; then it has to be live. */
  async damaged(bitErrors: number, seconds: number): Promise<FaultFigures> {
    return await this.#make(
      1,
      async () => {
        this.server.bitErrors = bitErrors;
        await sleep(seconds * 1000);
        this.server.bitErrors = 0;
      },
      { losesIt: false },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon.dispose();
    await this.server.stop();
    await this.broker.stop();
  }

  async #restartServer(): Promise<void> {
    await this.server.stop();
    await sleep(300 + 500 * Math.random());
    await this.server.start();
  }

  /**
   * @param losesIt whether every fault must be told of before the recovery counts
   * @param livesMs how long the camera is live between two faults, at least
   */
  async #make(
    times: number,
    fault: () => Promise<void>,
    { losesIt = true, livesMs = 0 }: { losesIt?: boolean; livesMs?: number } = {},
  ): Promise<FaultFigures> {
    const downtimesMs: number[] = [];
    const first = this.#statuses().length;
    let early = this.#held();
    for (let i = 0; i < times; i += 1) {
      if (i === Math.floor(times / 5)) early = this.#held();
      await sleep(livesMs + (livesMs / 2 + 300) * Math.random());
      const before = this.#statuses().length;
      await fault();
      const begun = performance.now();
      const isBack = () => {
        const told = this.#statuses().slice(before);
        const lost = told.findIndex(({ state }) => state !== 'live');
        return lost === -1 ? !losesIt && this.#status()?.state === 'live' : told.at(-1)?.state === 'live';
      };
      if (await this.#until(isBack, 30_000)) downtimesMs.push(performance.now() - begun);
    }
    const health = await this.#health();
    const codes = this.#statuses()
      .slice(first)
      .flatMap(({ code }) => code ?? []);
    return {
      faults: times,
      recovered: downtimesMs.length,
      downtimesMs: downtimesMs.toSorted((a, b) => a - b),
      held: [early, this.#held()],
      engineRestarts: health.engine.restarts,
      decodeErrors: Object.values(health.cameras)[0]?.decodeErrors ?? 0,
      codes: [...new Set(codes)],
    };
  }

  #statuses(): CameraStatus[] {
    return this.daemon.heard
      .filter(({ topic }) => topic.split('/').length === 4 && topic.endsWith('/status'))
      .map(({ payload }) => JSON.parse(String(payload)) as CameraStatus);
  }

  #status(): CameraStatus | undefined {
    return this.#statuses().at(-1);
  }

  /** The next one. */
  async #health(): Promise<Health> {
    const from = this.daemon.heard.length;
    const isHealth = (topic: string) => topic.endsWith('/health');
    await this.#until(() => this.daemon.heard.slice(from).some(({ topic }) => isHealth(topic)), 30_000);
    const { payload } = this.daemon.heard.findLast(({ topic }) => isHealth(topic)) ?? {};
    return JSON.parse(String(payload)) as Health;
  }

  #held(): Held {
    const [engine = 0] = this.daemon.children();
    const threads = Number(/^Threads:\s*(\d+)/m.exec(readFileSync(`/proc/${engine}/status`, 'utf8'))?.[1]);
    const descriptors = readdirSync(`/proc/${engine}/fd`).length;
    return { rssMiB: rssBytes(engine) / 2 ** 20, threads, descriptors };
  }

  /** Whether it came true in time. @throws when the daemon has ended */
  async #until(done: () => boolean, timeoutMs: number): Promise<boolean> {
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
}
