import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Relay } from '../src/bench/relay.js';
import type { Health } from '../src/contract/health.js';
import { percentile, sortUp } from '../src/timing/percentile.js';
import { freePort, Listener, Mosquitto } from '../test/support/broker.js';
import { TestDaemon } from '../test/support/daemon.js';
import { Prometheus } from '../test/support/prometheus.js';
import { until } from '../test/support/until.js';
import type { PublishersDone } from './fleet-publishers.js';

export interface FleetOptions {
  /** Daemons, at most. */
  boards: number;
  /** Pictures a second of each. */
  fps: number;
  /** Besides, the daemon's publisher and outbox alone, so many times … */
  publishers: number;
  /** … with so many events a second each. */
  perSecond: number;
  /** From the last start to the end; 8 at least. */
  seconds: number;
  /** That share a subscription. */
  workers: number;
  say: (line: string) => void;
}

/** What a worker says of each event. */
export interface Taken {
  /** Its board, camera and number. */
  event: string;
  /** From its capture to the worker, milliseconds. */
  ms: number;
  /** It lay in its board's outbox while the broker was away. */
  replayed: boolean;
}

export interface FleetFigures {
  /** Daemons that were started: fewer than wanted where the machine carries no more. */
  boards: number;
  /** Events that all boards have made. */
  sent: number;
  /** Of those received, the ones that lay in an outbox while the broker was away. */
  stored: number;
  /** Different events that workers were given. */
  received: number;
  lost: number;
  /** That a worker was given although one had it already; whoever keeps the numbers acts on it once. */
  twice: number;
  /** Boards that Prometheus could read at the end. */
  scraped: number;
  /** What each worker was given. */
  shares: number[];
  /** From capture to worker, of all events that did not wait for the broker to come back; milliseconds. */
  p50: number;
  p99: number;
}

/** How long what was killed is away, milliseconds. */
const downMs = { worker: 2000, broker: 3000 };
/** Below this much free memory no further daemon is started, bytes. */
const leastMemory = 512 * 2 ** 20;
/** A daemon that gives less of its rate has no room on this machine. */
const leastRate = 0.7;
/** A daemon may take so long until it gives its rate. */
const settleMs = 90_000;
/** Events are on their way after the boards have ended, until none has come for so long. */
const drainMs = 30_000;

/** Daemons with drawn sources at one mosquitto, workers that share their events, and Prometheus; a worker and the broker are killed. */
export async function runFleet(options: FleetOptions): Promise<FleetFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-fleet-'));
  await using fleet = new Fleet(folder, options);
  try {
    return await fleet.run();
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

interface Board {
  name: string;
  port: number;
  daemon: TestDaemon;
}

class Fleet implements AsyncDisposable {
  readonly #boards: Board[] = [];
  readonly #workers: ChildProcess[] = [];
  readonly #seen = new Set<string>();
  readonly #waits: number[] = [];
  readonly #shares: number[];
  #stored = 0;
  #twice = 0;
  /** The boards' way to the broker. */
  #relay: Relay | undefined;
  /** Sessions that workers have begun. */
  #sessions = 0;
  #listener: Listener | undefined;
  #prometheus: Prometheus | undefined;
  #publishers: ChildProcess | undefined;
  /** Of boards that had no room. */
  #sentBefore = 0;
  /** What the broker keeps is on its disk at once: it is killed. */
  readonly #broker = new Mosquitto([
    'allow_anonymous true',
    'max_queued_messages 100000',
    'persistence true',
    'persistence_location %d/',
    'autosave_interval 1',
    'autosave_on_changes true',
  ]);

  constructor(
    private readonly folder: string,
    private readonly options: FleetOptions,
  ) {
    this.#shares = Array<number>(options.workers).fill(0);
  }

  async run(): Promise<FleetFigures> {
    const { workers, seconds, say } = this.options;
    await this.#broker.start();
    this.#relay = new Relay(this.#broker.port);
    await this.#relay.open();
    this.#listener = await Listener.on(this.#broker.url, '#');
    for (let i = 0; i < workers; i++) await this.#startWorker(i);
    await this.#startBoards();
    const targets = this.#boards.map(({ port }) => `127.0.0.1:${port}`);
    const data = join(this.folder, 'prometheus');
    await mkdir(data);
    this.#prometheus = await new Prometheus(data, { static_configs: [{ targets }] }).start();
    const published = this.#publish();
    const third = Math.max(1000, (seconds * 1000 - downMs.worker - downMs.broker) / 3);
    await sleep(third);
    const [killed] = this.#workers;
    killed?.kill('SIGKILL');
    say('a worker is killed, and comes back after two seconds');
    await sleep(downMs.worker);
    await this.#startWorker(0);
    await sleep(third);
    say('the broker is killed, and comes back after three seconds');
    await this.#broker.kill();
    await this.#relay.close();
    const sessions = this.#boards.map(({ daemon }) => sessionsOf(daemon));
    const ofWorkers = this.#sessions;
    await sleep(downMs.broker);
    await this.#broker.start();
    // mosquitto 2.0 hands what comes before its workers are back to nobody, though it has acknowledged it.
    await until(() => this.#sessions >= ofWorkers + workers, 60_000);
    await this.#relay.open();
    await sleep(third);
    // One that ends while its back-off runs keeps its events for the next start.
    await Promise.all(
      this.#boards.map(({ daemon }, i) => until(() => sessionsOf(daemon) > (sessions[i] ?? 0), 60_000)),
    );
    const ofPublishers = (await published)?.sent ?? 0;
    const scraped = Number((await this.#prometheus.query('count(up == 1)'))[0] ?? 0);
    for (const { daemon } of this.#boards) daemon.kill('SIGTERM');
    await Promise.all(this.#boards.map(({ daemon }) => daemon.exited));
    const sent = this.#sentBefore + ofPublishers + this.#boards.reduce((sum, { daemon }) => sum + eventsOf(daemon), 0);
    await this.#drain(sent);
    const waits = sortUp(this.#waits);
    return {
      boards: this.#boards.length,
      sent,
      stored: this.#stored,
      received: this.#seen.size,
      lost: sent - this.#seen.size,
      twice: this.#twice,
      scraped,
      shares: this.#shares,
      p50: percentile(waits, 0.5),
      p99: percentile(waits, 0.99),
    };
  }

  get #boardUrl(): string {
    return `mqtt://127.0.0.1:${this.#relay?.port}`;
  }

  /** One after the other, as long as each has its rate. */
  async #startBoards(): Promise<void> {
    const { boards, fps, say } = this.options;
    while (this.#boards.length < boards) {
      const free = freemem();
      if (free < leastMemory) {
        say(`no further board: ${Math.round(free / 2 ** 20)} MiB of memory are free`);
        return;
      }
      const board = await this.#startBoard(`board${String(this.#boards.length).padStart(2, '0')}`);
      const rate = await this.#rateOf(board.name);
      if (rate < leastRate * fps) {
        say(`no further board: ${board.name} gives ${rate.toFixed(1)} of ${fps} pictures a second; it is stopped`);
        this.#boards.pop();
        board.daemon.kill('SIGTERM');
        await board.daemon.exited;
        this.#sentBefore += eventsOf(board.daemon);
        return;
      }
    }
  }

  async #startBoard(name: string): Promise<Board> {
    const port = await freePort();
    const settings = {
      node: name,
      cameras: { street: { source: 'demo', loop: true, fps: this.options.fps } },
      model: { path: 'minspnet-n', size: [192, 128] },
      mqtt: { url: this.#boardUrl },
      http: { port },
    };
    const state = join(this.folder, name);
    await mkdir(state);
    const config = join(state, 'minspnet.yaml');
    await writeFile(config, JSON.stringify(settings)); // JSON is YAML
    const daemon = new TestDaemon(['run', '-c', config], state, { NODE_OPTIONS: '--max-semi-space-size=2' });
    const board = { name, port, daemon };
    this.#boards.push(board);
    return board;
  }

  /** Pictures a second, when it has its rate or has had time enough to get there. */
  async #rateOf(name: string): Promise<number> {
    let rate = 0;
    for (const end = performance.now() + settleMs; performance.now() < end && rate < leastRate * this.options.fps; ) {
      await sleep(200);
      rate = this.#listener?.json<Health>(`${name}/health`).at(-1)?.cameras.street?.fps ?? 0;
    }
    return rate;
  }

  async #drain(sent: number): Promise<void> {
    let seen = -1;
    for (let at = performance.now(); this.#seen.size < sent && performance.now() - at < drainMs; await sleep(50)) {
      if (this.#seen.size > seen) at = performance.now();
      seen = this.#seen.size;
    }
  }

  async #startWorker(index: number): Promise<void> {
    const child = fork(program('fleet-worker'), [this.#broker.url, `worker${index}`]);
    this.#workers[index] = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
      child.on('message', (message: Taken | 'connected') => {
        if (message === 'connected') {
          this.#sessions += 1;
          resolve();
        } else this.#take(message, index);
      });
    });
  }

  #take({ event, ms, replayed }: Taken, index: number): void {
    this.#shares[index] = (this.#shares[index] ?? 0) + 1;
    if (this.#seen.has(event)) this.#twice += 1;
    else if (replayed) this.#stored += 1;
    else this.#waits.push(ms);
    this.#seen.add(event);
  }

  async #publish(): Promise<PublishersDone | undefined> {
    const { publishers, perSecond, seconds } = this.options;
    if (publishers === 0) return undefined;
    const numbers = [publishers, perSecond, seconds].map(String);
    const child = fork(program('fleet-publishers'), [this.#boardUrl, join(this.folder, 'publishers'), ...numbers]);
    this.#publishers = child;
    return await new Promise<PublishersDone>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the publishers ended with ${code} before they were done`)));
      child.on('message', (message: PublishersDone | 'ready') => {
        if (message === 'ready') child.send('go');
        else resolve(message);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { daemon } of this.#boards) await daemon.dispose();
    for (const child of [...this.#workers, this.#publishers]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
    }
    await this.#prometheus?.stop();
    await this.#listener?.stop();
    await this.#relay?.close();
    await this.#broker.stop();
  }
}

function program(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

/** With the broker, by its log. */
function sessionsOf({ lines }: TestDaemon): number {
  return lines.filter((line) => /mqtt {6}mqtt:.*topics/.test(line)).length;
}

/** Events by its log. */
function eventsOf({ lines }: TestDaemon): number {
  return lines.filter((line) => /event {5}/.test(line)).length;
}
