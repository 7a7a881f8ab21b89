import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt, { type MqttClient } from 'mqtt';
import { DaemonProcess } from '../../bench/daemon-process.js';
import { countEvents } from '../../bench/event-counts.js';
import { engineOf } from '../../bench/processes.js';
import { Relay } from '../../bench/relay.js';
import { connect, type MinspnetClient } from '../../client/index.js';
import { schemeOf } from '../../config/address.js';
import type { Settings } from '../../config/schema.js';
import type { Detections } from '../../contract/detection.js';
import { EngineError } from '../../contract/errors.js';
import type { EventMessage } from '../../contract/event.js';
import type { Health } from '../../contract/health.js';
import type { CameraRun } from '../../contract/proof.js';
import { Topics } from '../../contract/topics.js';
import { EmbeddedBroker } from '../../mqtt/embedded-broker.js';
import { monotonicMs } from '../../timing/monotonic.js';
import { percentile, sortUp } from '../../timing/percentile.js';

export interface CameraRunOptions {
  source: string;
  /** Of pictures, all three parts together. */
  seconds: number;
  runtime: Settings['runtime'];
  model: Pick<Settings['model'], 'precision' | 'size'>;
  onProgress: (done: number) => void;
}

const node = 'proof';
const camera = 'camera';
/** An emulated processor starts an engine in minutes. */
const patienceMs = 300_000;
/** Events that were kept are handed in within so long. */
const drainMs = 60_000;
const lookMs = 20;

/**
 * The daemon on a camera for a while. In between its engine is killed and its broker taken away; its events are counted.
 *
 * @throws {EngineError} ERR_ENGINE_PROOF when it ends, or tells of no picture
 */
export async function runCamera(options: CameraRunOptions): Promise<CameraRun> {
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-proof-'));
  const broker = new EmbeddedBroker({ host: '127.0.0.1', port: 0, strict: true });
  let relay: Relay | undefined;
  let client: MinspnetClient | undefined;
  let raw: MqttClient | undefined;
  try {
    await broker.start();
    relay = new Relay(broker.port);
    await relay.open();
    client = await connect(broker.url, { node, connectMs: patienceMs });
    raw = await mqtt.connectAsync(broker.url, { connectTimeout: patienceMs });
    const config = join(folder, 'minspnet.yaml');
    await writeFile(config, JSON.stringify(settingsOf(options, folder, relay.port)), { mode: 0o600 }); // JSON is YAML
    await using daemon = new DaemonProcess(config);
    const watched = await new Watched(daemon, client, raw).start();
    return await exercise(watched, relay, options);
  } finally {
    await raw?.endAsync(true);
    await client?.close();
    await relay?.close();
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function settingsOf({ source, runtime, model }: CameraRunOptions, folder: string, port: number) {
  return {
    node,
    stateDirectory: join(folder, 'state'),
    cameras: { [camera]: { source, loop: true, motion: { gate: false } } },
    model,
    runtime,
    events: { detections: true },
    http: { enabled: false },
    mqtt: { url: `mqtt://127.0.0.1:${port}`, homeAssistant: { enabled: false } },
    log: { level: 'warn', format: 'json' },
  };
}

async function exercise(watched: Watched, relay: Relay, options: CameraRunOptions): Promise<CameraRun> {
  const { seconds, source, onProgress } = options;
  const third = (seconds * 1000) / 3;
  await watched.picture(0);
  const from = performance.now();
  const part = async (number: number, ms: number) => {
    for (const end = performance.now() + ms; performance.now() < end; ) {
      onProgress((number + 1 - (end - performance.now()) / ms) / 3);
      await watched.wait(Math.min(250, end - performance.now()));
    }
  };
  await part(0, third);
  const killedAt = monotonicMs();
  const engine = engineOf(watched.daemon.pid);
  if (engine !== undefined) process.kill(engine, 'SIGKILL');
  const engineKilled = { recoveredMs: (await watched.picture(killedAt)) - killedAt };
  await part(1, third);
  const lostMs = Math.min(10_000, third / 2);
  await relay.close();
  await watched.wait(lostMs);
  await relay.open();
  const openedAt = monotonicMs();
  const brokerLost = { seconds: lostMs / 1000, recoveredMs: (await watched.picture(openedAt)) - openedAt };
  const waiting = await watched.waiting();
  await part(2, Math.max(0, third - lostMs));
  await watched.drained();
  return {
    kind: source === 'demo' ? source : (schemeOf(source)?.replace(':', '') ?? 'file'),
    seconds: (performance.now() - from) / 1000,
    ...watched.pictures(),
    engineKilled,
    brokerLost: { ...brokerLost, waiting },
    events: watched.events(),
  };
}

/** What is heard of a running daemon. */
class Watched {
  readonly #messages: EventMessage[] = [];
  readonly #inferenceMs: number[] = [];
  /** When the newest picture that was told of was taken, by the clock that all processes share. */
  #takenMs = Number.NEGATIVE_INFINITY;
  #health: { at: number; health: Health } | undefined;

  constructor(
    readonly daemon: DaemonProcess,
    private readonly client: MinspnetClient,
    private readonly raw: MqttClient,
  ) {
    client.on('event', (event) => this.#messages.push(event));
    client.on('gap', (gap) => this.#messages.push(gap));
    client.on('health', (health) => {
      this.#health = { at: performance.now(), health };
    });
    raw.on('message', (_topic, payload) => {
      const { takenMonotonicMs, inferenceMs }: Detections = JSON.parse(String(payload));
      this.#takenMs = Math.max(this.#takenMs, takenMonotonicMs);
      if (inferenceMs > 0) this.#inferenceMs.push(inferenceMs);
    });
  }

  async start(): Promise<this> {
    await this.raw.subscribeAsync(new Topics('minspnet', node).detections(camera));
    return this;
  }

  /** @throws {EngineError} when the daemon ends meanwhile */
  async wait(ms: number): Promise<void> {
    try {
      await sleep(Math.max(0, ms), undefined, { signal: this.daemon.ended });
    } catch (cause) {
      throw failed(`the daemon ended: ${this.daemon.said}`, cause);
    }
  }

  /** Resolves with the time when a picture taken later than `since` is told of. */
  async picture(since: number): Promise<number> {
    await this.#until(() => this.#takenMs > since, patienceMs, `no picture was told of. ${this.daemon.said}`);
    return monotonicMs();
  }

  /** Events that wait for the broker, by the next health. */
  async waiting(): Promise<number> {
    const now = performance.now();
    await this.#until(() => (this.#health?.at ?? 0) > now, patienceMs, 'no health was told');
    return this.#health?.health.outbox.waiting ?? 0;
  }

  /** Nothing waits for the broker any more, or it has been waited for long enough: then that is what is counted. */
  async drained(): Promise<void> {
    for (const end = performance.now() + drainMs; (await this.waiting()) > 0 && performance.now() < end; );
  }

  pictures(): Pick<CameraRun, 'pictures' | 'inferenceMs'> {
    const sorted = sortUp(this.#inferenceMs);
    return { pictures: sorted.length, inferenceMs: sorted.length === 0 ? null : percentile(sorted, 0.5) };
  }

  events(): CameraRun['events'] {
    const { heard, lost, told, twice } = countEvents(this.#messages);
    return { told: heard, lost: lost + told, twice, again: this.client.counters.duplicates };
  }

  async #until(done: () => boolean, ms: number, what: string): Promise<void> {
    for (const end = performance.now() + ms; !done(); ) {
      if (performance.now() > end) throw failed(what);
      await this.wait(lookMs);
    }
  }
}

function failed(what: string, cause?: unknown): EngineError {
  const message = `the camera could not be watched: ${what}. Stop a daemon that holds it, and see \`minspnet doctor\`.`;
  return new EngineError('ERR_ENGINE_PROOF', 'engine', message, { cause });
}
