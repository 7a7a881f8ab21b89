import { EventEmitter } from 'node:events';
import type { BenchmarkSummary } from '../contract/benchmark.js';
import type { Detections } from '../contract/detection.js';
import type { BrokerError, StateError } from '../contract/errors.js';
import type { Event, Gap, Observation } from '../contract/event.js';
import type { Health } from '../contract/health.js';
import type { CameraSettingsState } from '../contract/request.js';
import type { CameraState, CameraStatus, Info, RegionState } from '../contract/status.js';
import { type Topic, Topics } from '../contract/topics.js';
import { PublishError } from '../session/broker-error.js';
import type { IncomingMessage } from '../session/session.js';
import { monotonicMs } from '../timing/monotonic.js';
import { BrokerClient, type BrokerClientOptions, type Latency, type PublishOptions } from './client.js';
import { EventSnapshots, type Snapshot } from './event-snapshots.js';
import { Availability, type Mirror } from './mirror.js';
import type { OutboxOptions } from './outbox/options.js';
import { Outbox } from './outbox/outbox.js';
import type { OutboxEntry } from './outbox/queue.js';
import type { StoredEvent } from './outbox/segment.js';
import { expirySeconds, Outgoing, userProperties } from './outgoing.js';

export interface PublisherOptions {
  /** First level of every topic. */
  baseTopic: string;
  /** This board; second level of every topic, and the client id. */
  node: string;
  broker: Omit<BrokerClientOptions, 'clientId' | 'statusTopic'>;
  outbox: OutboxOptions;
  /** Says events and snapshots a second time, in the words of another contract. */
  mirror?: Mirror | undefined;
  /** UTC in ms. */
  now?: () => number;
  /** The board's monotonic clock in ms, the one that captures are timed by. */
  monotonic?: () => number;
}

export interface PublisherEvents {
  connected: [url: string];
  /** No broker, for now: events wait in the outbox. */
  away: [error: BrokerError, retryMs: number];
  /** The broker said no: someone has to change something. Events wait in the outbox. */
  refused: [error: BrokerError, retryMs: number];
  /** All that waited has been delivered; as many as that. */
  drained: [delivered: number];
  /** The outbox or the broker limits what we can do; the publisher goes on. */
  warning: [error: BrokerError | StateError];
  /** The outbox can write again. */
  recovered: [];
  /** Something was said on a topic that was subscribed to. */
  message: [message: IncomingMessage];
}

/**
 * All that a node says, in the order in which it has to be heard.
 *
 * A snapshot and the event that speaks of it go over the same connection, the snapshot first; MQTT keeps that order.
 * Without a broker it only becomes the topic's last value; an event replayed later names the snapshot only if the topic
 * still shows its track.
 */
export class Publisher extends EventEmitter<PublisherEvents> {
  readonly topics: Topics;
  readonly #now: () => number;
  readonly #monotonic: () => number;
  readonly #client: BrokerClient;
  readonly #outbox: Outbox;
  /** What is too old for the outbox is too old for a broker that keeps it for somebody, too. */
  readonly #eventExpirySeconds: number | undefined;
  readonly #outgoing: Outgoing;
  readonly #snapshots: EventSnapshots;
  /** By camera: events up to this number waited for the present session. */
  #replayEnd: ReadonlyMap<string, number> = new Map();
  #replayed = 0;
  #delivered = 0;
  #onIdle: (() => void) | undefined;
  readonly #mirror: Mirror | undefined;
  readonly #mirrorAvailability: Availability | undefined;
  /** The event whose mirror images are sent in this session, and those that are still to be. */
  #mirrored: OutboxEntry | undefined;
  #mirrorImages: ReturnType<Mirror['events']> = [];
  #open = false;
  #stopped = false;

  constructor(options: PublisherOptions) {
    super();
    this.#mirror = options.mirror;
    this.#now = options.now ?? Date.now;
    this.#monotonic = options.monotonic ?? monotonicMs;
    this.topics = new Topics(options.baseTopic, options.node);
    this.#snapshots = new EventSnapshots(this.topics, (snapshot) => this.#retainSnapshot(snapshot));
    const clientId = `${options.baseTopic}-${options.node}`;
    this.#client = new BrokerClient(
      { ...options.broker, clientId, statusTopic: this.topics.status },
      () => this.#pump(),
      (error) => this.emit('warning', error),
    );
    if (options.mirror !== undefined) {
      const session = { clientId: `${clientId}-mirror`, statusTopic: options.mirror.available };
      this.#mirrorAvailability = new Availability({ ...options.broker, ...session });
    }
    this.#outgoing = new Outgoing(this.#client, this.topics.status);
    this.#eventExpirySeconds = expirySeconds(options.outbox.maxAgeMs);
    this.#outbox = new Outbox({ now: this.#now, monotonic: this.#monotonic, ...options.outbox });
    this.#client.session
      .on('connected', (url) => this.#connected(url))
      .on('subscribed', (refused) => {
        for (const error of refused) this.emit('warning', error);
      })
      .on('subscriptionRefused', (error) => this.emit('warning', error))
      .on('message', (message) => this.emit('message', message))
      .on('away', (error, retryMs) => this.#lost('away', error, retryMs))
      .on('refused', (error, retryMs) => this.#lost('refused', error, retryMs));
    this.#outbox.on('readable', () => this.#pump());
    this.#outbox.on('warning', (error) => this.emit('warning', error));
    this.#outbox.on('recovered', () => this.emit('recovered'));
  }

  /** Largest payload that the broker takes, bytes, as far as it has said so. */
  get maximumPayload(): number {
    return this.#client.maximumPayload;
  }

  /** False while the outbox's disk hangs. */
  get isWell(): boolean {
    return this.#outbox.isWell;
  }

  /** Whether there is a broker; events that it has not acknowledged, that were given up, and that it has acknowledged. */
  get counters() {
    const { waiting, dropped } = this.#outbox;
    return { connected: this.#client.connected, waiting, dropped, delivered: this.#delivered };
  }

  /**
   * Opens the outbox, and begins to look for a broker without waiting for it: one that is away or says no is asked again
   * for ever. Events may be handed in as soon as this has resolved.
   *
   * @throws StateError where the outbox can't be used
   */
  async start(): Promise<void> {
    await this.#outbox.start();
    if (this.#stopped) return this.#outbox.stop();
    this.#open = true;
    this.#client.start();
    this.#mirrorAvailability?.start();
  }

  /**
   * Delivers what it can within the time, says `offline`, and closes; what is left stays on disk.
   * Takes half a second longer than `timeoutMs` at most. A start that is under way comes to its end.
   */
  async stop(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#stopped = true;
    if (!this.#open) return;
    this.#open = false;
    await this.#idle(options.timeoutMs ?? 1_000);
    await Promise.all([this.#client.stop(), this.#mirrorAvailability?.stop()]);
    await this.#outbox.stop();
  }

  /** See {@link BrokerClient.other}. */
  otherBroker(access: PublisherOptions['broker']): () => Promise<unknown> {
    const uses = [this.#client, this.#mirrorAvailability].map((client) => client?.other(access));
    return () => Promise.all(uses.map((use) => use?.()));
  }

  /** Takes an event in; from here on it is the outbox's to lose. */
  observation(observation: Observation): void {
    if (!this.#open) return;
    const seq = this.#outbox.append(observation);
    this.#snapshots.attach(observation, seq, this.#client.connected);
  }

  /** Takes in the snapshot of the observation that comes next for its track. */
  snapshot(snapshot: Snapshot): void {
    if (this.#open) this.#snapshots.stage(snapshot);
  }

  cameraState(state: CameraState): void {
    this.#retain(this.topics.cameraState(state.camera), state);
  }

  regionState(state: RegionState): void {
    this.#retain(this.topics.regionState(state.camera, state.name), state);
  }

  cameraSettings(settings: CameraSettingsState): void {
    this.#retain(this.topics.cameraSettings(settings.camera), settings);
  }

  /** For whoever listens now: it is not kept, and lost while there is no broker. */
  detections(detections: Detections): void {
    const topic = this.topics.detections(detections.camera);
    const options = { contentType: 'application/json', userProperties };
    this.#client.publishOnce(topic, JSON.stringify(detections), options);
  }

  cameraStatus(status: CameraStatus): void {
    this.#retain(this.topics.cameraStatus(status.camera), status);
  }

  info(info: Info): void {
    this.#retain(this.topics.info, info);
  }

  health(health: Health): void {
    this.#retain(this.topics.health, health);
  }

  benchmark(summary: BenchmarkSummary): void {
    this.#retain(this.topics.benchmark, summary);
  }

  /** Whatever else shall stand at a topic; replaces what stood there. */
  retain(topic: string, payload: string | Buffer, contentType = 'application/json'): void {
    this.#outgoing.retained.set({ topic, payload, contentType });
    this.#pump();
  }

  /** Takes away what stands at a topic, whoever put it there. */
  clear(topic: string): void {
    this.#outgoing.retained.clear(topic);
    this.#pump();
  }

  /** Says again what stands at retained topics, but for pictures, for those who ask for it. */
  resendRetained(): void {
    this.#outgoing.retained.resend(({ contentType }) => contentType !== 'image/jpeg');
    this.#pump();
  }

  /**
   * Says something once, QoS 1, after all that stands at retained topics by now. It does not outlive the session.
   *
   * @returns false where there is no session, or too much waits
   */
  say(topic: string, payload: string, options: Omit<PublishOptions, 'retain'> = {}): boolean {
    const isTaken = this.#outgoing.say({ topic, payload, options });
    this.#pump();
    return isTaken;
  }

  /** Listens to a topic or a filter in this session and all later ones; tells by `message`. */
  subscribe(filter: string): void {
    this.#client.session.subscribe(filter);
  }

  unsubscribe(filter: string): void {
    this.#client.session.unsubscribe(filter);
  }

  /** How long the broker took to acknowledge since this was last asked; undefined where it acknowledged nothing. */
  takeLatency(): Latency | undefined {
    return this.#client.takeLatency();
  }

  #retain<Value extends object>(topic: Topic<Value>, value: Value): void {
    this.#outgoing.retained.set({ topic, payload: JSON.stringify(value), contentType: 'application/json' });
    this.#pump();
  }

  #retainSnapshot(snapshot: Snapshot): void {
    const { camera, class: className, track } = snapshot;
    const { buffer, byteOffset, byteLength } = snapshot.jpeg;
    const picture = { payload: Buffer.from(buffer, byteOffset, byteLength), contentType: 'image/jpeg', track };
    const mirrored = this.#mirror?.snapshotTopic(camera, className);
    if (mirrored !== undefined) this.#outgoing.retained.set({ ...picture, topic: mirrored });
    this.#outgoing.retained.set({ ...picture, topic: this.topics.snapshot(camera, className) });
  }

  #connected(url: string): void {
    this.#outgoing.sessionBegan();
    this.#replayEnd = new Map(this.#outbox.last);
    this.#replayed = 0;
    this.emit('connected', url);
    if (this.#client.unverified !== undefined) this.emit('warning', this.#client.unverified);
    this.#pump();
  }

  #lost(kind: 'away' | 'refused', error: BrokerError, retryMs: number): void {
    this.#outgoing.sessionEnded();
    this.#mirrored = undefined;
    this.#outbox.rewind();
    this.#snapshots.showAll();
    this.emit(kind, error, retryMs);
    this.#checkIdle();
  }

  /** Hands over what there is room for: retained values, then events in order. */
  #pump(): void {
    while (this.#client.room > 0) {
      if (this.#outgoing.sendNext()) continue;
      const entry = this.#outbox.peek();
      if (entry === undefined) {
        if (this.#outgoing.sendSuspect()) continue;
        break;
      }
      if ('seq' in entry.record && this.#snapshots.showOf(entry.record)) continue; // it goes first
      if (this.#sendMirrored(entry)) continue; // so does its mirror image: the event's PUBACK stands for both
      this.#outbox.take();
      this.#sendEvent(entry);
    }
    this.#checkIdle();
  }

  /** @returns false where there is nothing to send any more */
  #sendMirrored(entry: OutboxEntry): boolean {
    if (this.#mirror === undefined || 'gap' in entry.record) return false;
    if (this.#mirrored !== entry) {
      this.#mirrored = entry;
      const { message } = this.#message(entry);
      this.#mirrorImages = message.type === 'gap' || message.type === 'state' ? [] : this.#mirror.events(message);
    }
    const image = this.#mirrorImages.shift();
    if (image !== undefined) this.#outgoing.sayNow({ ...image, options: {} });
    return image !== undefined;
  }

  #sendEvent(entry: OutboxEntry): void {
    const { camera, message } = this.#message(entry);
    const topic = this.topics.events(camera);
    const payload = JSON.stringify(message);
    if (this.#client.isTooLarge(topic, payload)) {
      this.#outbox.reject(entry);
      return;
    }
    const options = {
      retain: false,
      contentType: 'application/json',
      userProperties: { ...userProperties, type: message.type },
      ...(this.#eventExpirySeconds !== undefined && { expirySeconds: this.#eventExpirySeconds }),
    };
    this.#client.publish(topic, payload, options, (error) => {
      if (error === undefined) this.#acknowledged(entry);
      else if (!(error instanceof PublishError))
        return; // the session is over; it comes again with the next one
      else if (!error.permanent) this.#client.session.drop(error);
      else {
        this.#outbox.reject(entry);
        this.#client.warnOnce(topic, error);
      }
    });
  }

  #message(entry: OutboxEntry): { camera: string; message: Event | Gap } {
    const { record } = entry;
    if ('gap' in record) return { camera: record.gap.camera, message: record.gap };
    const { observation, seq } = record;
    const snapshot = this.topics.snapshot(observation.camera, observation.class);
    const message: Event = {
      ...observation,
      stream: this.#outbox.stream,
      seq,
      publishedAt: new Date(this.#now()).toISOString(),
      publishedMonotonicMs: Math.round(this.#monotonic() * 10) / 10,
      replayed: this.#isReplayed(record),
      ...(this.#outgoing.retained.get(snapshot)?.track === observation.id && { snapshot }),
    };
    return { camera: observation.camera, message };
  }

  #acknowledged(entry: OutboxEntry): void {
    this.#outbox.ack(entry);
    if ('gap' in entry.record) return;
    this.#delivered++;
    if (this.#isReplayed(entry.record)) this.#replayed++;
    if (this.#replayed > 0 && this.#outbox.waiting === 0) {
      this.emit('drained', this.#replayed);
      this.#replayed = 0;
    }
  }

  #isReplayed({ seq, observation }: StoredEvent): boolean {
    return seq <= (this.#replayEnd.get(observation.camera) ?? 0);
  }

  /** Resolves when nothing is left to deliver, there is no broker, or the time is over. */
  async #idle(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#checkIdle();
    });
    this.#onIdle = undefined;
  }

  #checkIdle(): void {
    if (this.#onIdle === undefined) return;
    const done = this.#outbox.waiting === 0 && this.#outgoing.isRetained;
    if (done || !this.#client.connected) this.#onIdle();
  }
}
