import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt, { type MqttClient } from 'mqtt';
import { maskUrl } from '../config/mask.js';
import type { RuntimeSettings } from '../config/schema.js';
import type { Detections } from '../contract/detection.js';
import { MinspnetError } from '../contract/errors.js';
import type { EventMessage } from '../contract/event.js';
import type { Health } from '../contract/health.js';
import type { VerifiedModel } from '../contract/model-card.js';
import { parseTopic, Topics } from '../contract/topics.js';
import { monotonicMs } from '../timing/monotonic.js';
import { DaemonProcess } from './daemon-process.js';
import { cpuSeconds, engineOf, peakRssBytes } from './processes.js';

export interface DaemonRunOptions {
  source: string;
  model: VerifiedModel;
  runtime: RuntimeSettings;
  size?: [number, number] | undefined;
  /** Pictures a second, at most; a file as fast as possible where it is not given. */
  fps?: number | undefined;
  seconds: number;
  /** By default the daemon's own broker on a free port. */
  broker?: string | undefined;
  /** 0..1. */
  onProgress?: (done: number) => void;
}

export interface DaemonRun {
  /** Without credentials. */
  broker: string;
  /** `performance.now()`: what was counted. */
  window: { from: number; to: number };
  pictures: number;
  skipped: number;
  decodeErrors: number;
  /** Milliseconds since the process was started. */
  readyMs: number | null;
  firstResultMs: number | null;
  /** Milliseconds, one a picture. */
  captureToPublishMs: number[];
  inferenceMs: number[];
  eventsMs: number[];
  peakRssBytes: { engine: number; daemon: number };
  /** In the window. */
  cpuSeconds: { engine: number; daemon: number };
}

const node = 'bench';
const camera = 'bench';
/** After the first result, before anything is counted. */
const warmUpMs = 2000;
/** A slow board needs a minute to load a network, an emulated one several; longer is a fault. */
const startMs = 300_000;
/** Health comes every five seconds. */
const healthMs = 15_000;
/** An event comes after the detections in its picture, and not long after. */
const rememberedPictures = 1000;

/**
 * Runs the daemon as a user would, in processes of its own, and listens to it through a broker. Every picture goes
 * through the network: the motion gate is off, or figures of two boards would depend on what their cameras saw.
 *
 * @throws {MinspnetError} ERR_BENCH_DAEMON when it ends by itself or says nothing
 */
export async function measureDaemon(options: DaemonRunOptions): Promise<DaemonRun> {
  const state = await mkdtemp(join(tmpdir(), 'minspnet-bench-'));
  try {
    const port = await freePort();
    const url = options.broker ?? `mqtt://127.0.0.1:${port}`;
    const config = join(state, 'minspnet.yaml');
    await writeFile(config, JSON.stringify(daemonSettings(options, state, port))); // JSON is YAML
    return await watch(config, url, options);
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

function daemonSettings({ source, model, runtime, size, fps, broker }: DaemonRunOptions, state: string, port: number) {
  return {
    node,
    stateDirectory: state,
    cameras: {
      [camera]: {
        source,
        loop: true,
        pace: fps === undefined ? 'max' : 'realtime',
        fps: fps ?? 120,
        motion: { gate: false },
      },
    },
    model: { path: dirname(model.path), precision: model.onGpu ? 'auto' : model.precision, ...(size && { size }) },
    runtime,
    events: { detections: true },
    mqtt: {
      baseTopic: 'minspnet-bench', // nobody takes it for a board's
      homeAssistant: { enabled: false },
      ...(broker === undefined ? { broker: { port } } : { url: broker }),
    },
    log: { level: 'warn', format: 'json' },
  };
}

async function watch(config: string, url: string, options: DaemonRunOptions): Promise<DaemonRun> {
  const startedAt = performance.now();
  await using daemon = new DaemonProcess(config);
  let subscriber: Subscriber | undefined;
  try {
    subscriber = new Subscriber(await connect(url, daemon.ended), startedAt);
    return await observe(subscriber, daemon.pid, url, options, daemon.ended);
  } catch (cause) {
    throw new MinspnetError('ERR_BENCH_DAEMON', 'engine', `the daemon could not be measured: ${daemon.said || cause}`, {
      cause,
    });
  } finally {
    await subscriber?.close();
  }
}

async function observe(
  subscriber: Subscriber,
  pid: number,
  url: string,
  { seconds, onProgress }: DaemonRunOptions,
  signal: AbortSignal,
): Promise<DaemonRun> {
  await until(() => subscriber.firstResultMs !== null, startMs, 'no result', signal);
  await sleep(warmUpMs, undefined, { signal });
  const engine = engineOf(pid) ?? 0;
  const look = () => ({ engine: cpuSeconds(engine), daemon: cpuSeconds(pid) });
  subscriber.start();
  const before = { at: performance.now(), cpu: look(), health: subscriber.health };
  for (let now = before.at; now - before.at < seconds * 1000; now = performance.now()) {
    onProgress?.((now - before.at) / (seconds * 1000));
    await sleep(Math.min(250, before.at + seconds * 1000 - now), undefined, { signal });
  }
  const cpu = look();
  const to = performance.now();
  const samples = subscriber.stop();
  const known = subscriber.health;
  await until(() => subscriber.health !== known, healthMs, 'no health', signal);
  const of = (health: Health | undefined) => health?.cameras[camera];
  const [first, last] = [of(before.health), of(subscriber.health)];
  return {
    broker: maskUrl(url),
    window: { from: before.at, to },
    pictures: samples.inferenceMs.length,
    skipped: (last?.skipped ?? 0) - (first?.skipped ?? 0),
    decodeErrors: (last?.decodeErrors ?? 0) - (first?.decodeErrors ?? 0),
    readyMs: subscriber.readyMs,
    firstResultMs: subscriber.firstResultMs,
    ...samples,
    peakRssBytes: { engine: peakRssBytes(engine), daemon: peakRssBytes(pid) },
    cpuSeconds: { engine: cpu.engine - before.cpu.engine, daemon: cpu.daemon - before.cpu.daemon },
  };
}

type Samples = Pick<DaemonRun, 'captureToPublishMs' | 'inferenceMs' | 'eventsMs'>;

/** A subscriber that writes down when it heard what. */
class Subscriber {
  readyMs: number | null = null;
  firstResultMs: number | null = null;
  health: Health | undefined;
  #samples: Samples | undefined;
  /** By its time of capture, which events name, when a picture was taken. */
  readonly #takenAt = new Map<number, number>();

  constructor(
    private readonly client: MqttClient,
    startedAt: number,
  ) {
    const topics = new Topics('minspnet-bench', node);
    client.on('message', (topic, payload, { retain }) => {
      const now = monotonicMs();
      const channel = parseTopic('minspnet-bench', topic)?.channel;
      if (channel === 'info') this.readyMs ??= performance.now() - startedAt;
      if (channel === 'health' && !retain) this.health = JSON.parse(String(payload));
      if (channel === 'detections') {
        this.firstResultMs ??= performance.now() - startedAt;
        const { capturedMonotonicMs, takenMonotonicMs, inferenceMs }: Detections = JSON.parse(String(payload));
        this.#takenAt.set(capturedMonotonicMs, takenMonotonicMs);
        const [oldest] = this.#takenAt.size > rememberedPictures ? this.#takenAt.keys() : [];
        if (oldest !== undefined) this.#takenAt.delete(oldest);
        this.#samples?.captureToPublishMs.push(now - takenMonotonicMs);
        this.#samples?.inferenceMs.push(inferenceMs);
      }
      if (channel === 'events' && this.#samples !== undefined) {
        const event: EventMessage = JSON.parse(String(payload));
        if (!('capturedMonotonicMs' in event) || event.type === 'end') return;
        const takenAt = this.#takenAt.get(event.capturedMonotonicMs);
        if (takenAt !== undefined) this.#samples.eventsMs.push(now - takenAt);
      }
    });
    client.on('error', () => {}); // the run's time-outs tell of it
    client.subscribe([topics.info, topics.health, topics.detections(camera), topics.events(camera)]);
  }

  start(): void {
    this.#samples = { captureToPublishMs: [], inferenceMs: [], eventsMs: [] };
  }

  stop(): Samples {
    const samples = this.#samples ?? { captureToPublishMs: [], inferenceMs: [], eventsMs: [] };
    this.#samples = undefined;
    return samples;
  }

  async close(): Promise<void> {
    await this.client.endAsync(true);
  }
}

/** The daemon's own broker is not there at once. */
async function connect(url: string, signal: AbortSignal): Promise<MqttClient> {
  const until = performance.now() + startMs;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await mqtt.connectAsync(url, { reconnectPeriod: 0, connectTimeout: 5000 }, false);
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(20, undefined, { signal });
    }
  }
}

async function until(condition: () => boolean, ms: number, what: string, signal: AbortSignal): Promise<void> {
  for (const end = performance.now() + ms; !condition(); ) {
    if (performance.now() > end) throw new Error(`${what} within ${ms / 1000} s`);
    await sleep(20, undefined, { signal });
  }
}

/** Another program may take it before the daemon does; then the daemon takes the next one and the run fails. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
