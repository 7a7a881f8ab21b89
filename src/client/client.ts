import { EventEmitter } from 'eventemitter3';
import { BrokerError } from '../contract/errors.js';
import type { RequestGives, RequestName } from '../contract/request.js';
import { type ParsedTopic, parseTopic, Topics } from '../contract/topics.js';
import type { Access } from '../session/access.js';
import type { SettingNames } from '../session/broker-error.js';
import { brokerAt } from '../session/connect-options.js';
import { Session } from '../session/session.js';
import { defaultBackoff } from '../timing/backoff.js';
import {
  admits,
  type EventFilter,
  type NodeEvent,
  type NodeGap,
  type NodeSnapshot,
  type NodeState,
} from './messages.js';
import { readPayload } from './payloads.js';
import { type RequestArguments, type RequestOptions, Requests } from './requests.js';
import { type Position, Sequence } from './sequence.js';
import { EventStream } from './stream.js';

export interface ConnectOptions extends Access {
  /** The boards; all where it is not given. */
  node?: string | readonly string[];
  /** The cameras; all where it is not given. */
  camera?: string | readonly string[];
  /** First level of every topic; `minspnet`. */
  baseTopic?: string;
  /** JPEGs come as `snapshot`. */
  snapshots?: boolean;
  /**
   * A session that lasts: while we are away, the broker keeps events for this client id. One client id has one program.
   */
  session?: { clientId: string; expirySeconds: number };
  /** Where an earlier run had got to: {@link MinspnetClient.positions}. */
  after?: Readonly<Record<string, Position>>;
  /** The events are shared by all clients that name the same group, each event goes to one of them (MQTT 5). */
  share?: string;
  /** How long the first session may take to come about, ms; 10,000. */
  connectMs?: number;
  /** Gives the first session up: `connect` throws the signal's reason. */
  signal?: AbortSignal;
  /** The pause after the first failed attempt, which doubles, and the longest; ms; [500, 30,000]. */
  retryMs?: readonly [first: number, longest: number];
  /** Silence after which the broker is asked whether it is there, s; 20. */
  keepAliveSeconds?: number;
  /** How long a hole in the numbers is waited for before it is told of as a gap, ms; 500. */
  reorderMs?: number;
  /** Events that an iterator holds for its taker; 10,000. Older ones become a gap. */
  capacity?: number;
  /** As `Math.random`. */
  random?: () => number;
}

export interface ClientEvents {
  event: (event: NodeEvent) => void;
  gap: (gap: NodeGap) => void;
  status: (status: { node: string; status: 'online' | 'offline' }) => void;
  info: (info: NodeState<'info'>) => void;
  health: (health: NodeState<'health'>) => void;
  cameraState: (state: NodeState<'cameraState'>) => void;
  cameraStatus: (status: NodeState<'cameraStatus'>) => void;
  snapshot: (snapshot: NodeSnapshot) => void;
  /** Subscribed again after the broker was away. */
  connected: (url: string) => void;
  away: (error: BrokerError, retryMs: number) => void;
  /** Something on one of our topics is none of ours; it was passed over. */
  warning: (error: BrokerError) => void;
}

export interface ClientCounters {
  /** Events delivered, each once. */
  events: number;
  /** Events that came a second time, and were passed over. */
  duplicates: number;
  /** Events that will not come any more. */
  missing: number;
  /** Events that an iterator gave up because nobody took them. */
  overflow: number;
  /** Messages that were not what their topic says. */
  invalid: number;
}

const text = new TextDecoder();

/** What errors call the options. */
const optionNames: SettingNames = {
  user: '`username` and `password`',
  clientId: 'give each program a `session.clientId` of its own',
  url: 'the URL',
  baseTopic: '`baseTopic`',
  tls: '`tls`',
};

/**
 * What the boards of a house say: events once and in order, whatever the broker did to them. Made by `connect`, which
 * delivers nothing before the turn of the event loop after it has resolved: whoever listens by then misses nothing.
 */
export class MinspnetClient extends EventEmitter<ClientEvents> {
  readonly #options: ConnectOptions;
  readonly #base: string;
  readonly #session: Session;
  readonly #connectMs: number;
  readonly #sequences = new Map<string, Sequence>();
  readonly #streams = new Map<EventStream, EventFilter>();
  readonly #requests: Requests;
  /** What came before anybody could listen. */
  #early: { topic: string; payload: Uint8Array }[] | undefined = [];
  readonly #counted = { events: 0, missing: 0, overflow: 0, invalid: 0 };
  #closed = false;

  /** @internal */
  constructor(urls: readonly string[], options: ConnectOptions) {
    super();
    const { username, password, tls, session, keepAliveSeconds, random = Math.random } = options;
    const [initialMs, maxMs] = options.retryMs ?? [500, 30_000];
    this.#options = options;
    this.#base = options.baseTopic ?? 'minspnet';
    this.#requests = new Requests(random);
    this.#connectMs = options.connectMs ?? 10_000;
    this.#session = new Session({
      brokers: urls.map((url) => brokerAt(url, () => ({ username, password, tls }), optionNames)),
      names: optionNames,
      clientId: session?.clientId,
      expirySeconds: session?.expirySeconds,
      connectMs: this.#connectMs,
      keepAliveSeconds,
      backoff: { ...defaultBackoff, initialMs, maxMs },
      random,
    });
    for (const filter of filtersOf(this.#base, options)) this.#session.subscribe(filter);
    // Who may read half of what was asked for must not take silence for quiet.
    this.#session.on('subscribed', ([refused]) => refused && this.#session.drop(refused));
    this.#session.on('message', ({ topic, payload }) => {
      if (this.#early === undefined) this.#receive(topic, payload);
      else this.#early.push({ topic, payload });
    });
  }

  /** @internal */
  async start(brokers: number): Promise<void> {
    await this.#session.open({ timeoutMs: this.#connectMs * brokers, signal: this.#options.signal });
    const away = (error: BrokerError, retryMs: number) => void this.emit('away', error, retryMs);
    this.#session.on('away', away).on('refused', away);
    this.#session.on('subscribed', ([refused]) => refused ?? this.emit('connected', this.#session.url));
    setTimeout(() => {
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const { topic, payload } of early) this.#receive(topic, payload);
    }, 0);
  }

  /** Whether there is a broker at this moment. */
  get connected(): boolean {
    return this.#session.isSubscribed;
  }

  get counters(): ClientCounters {
    let duplicates = 0;
    for (const sequence of this.#sequences.values()) duplicates += sequence.duplicates;
    return { ...this.#counted, duplicates };
  }

  /** How far each camera has got, by `node/camera`. Given to `connect` as `after`, nothing is delivered twice. */
  get positions(): Record<string, Position> {
    const positions: Record<string, Position> = { ...this.#options.after };
    for (const [key, { position }] of this.#sequences) if (position !== undefined) positions[key] = position;
    return positions;
  }

  /**
   * Events from now on, and gaps in their place. `break` ends it, and so does `close`.
   *
   * ```ts
   * for await (const event of client.events({ class: 'person' })) {
   *   if (event.type === 'gap') continue; // numbers that will not come, with the reason
   *   console.log(event.node, event.camera, event.type, event.score);
   * }
   * ```
   */
  events(filter: EventFilter = {}): EventStream {
    const stream = new EventStream(this.#options.capacity ?? 10_000, (ended) => this.#streams.delete(ended));
    if (this.#closed) stream.end();
    else this.#streams.set(stream, filter);
    return stream;
  }

  /**
   * Asks a board for something, and resolves with the data of its answer.
   *
   * @throws RequestError `ERR_REQUEST_REFUSED` with what the board says, `ERR_REQUEST_TIMEOUT`
   * @throws BrokerError `ERR_BROKER_AWAY`, `ERR_BROKER_PUBLISH`
   */
  request<Name extends RequestName>(
    node: string,
    name: Name,
    ...[data, options]: RequestArguments<Name>
  ): Promise<RequestGives<Name>>;
  /** One that this version of the client does not know. */
  request(node: string, name: string, data?: Record<string, unknown>, options?: RequestOptions): Promise<unknown>;
  request(
    node: string,
    name: string,
    data: Record<string, unknown> = {},
    { timeoutMs = 10_000, level }: RequestOptions = {},
  ): Promise<unknown> {
    const topic = new Topics(this.#base, node).request(name, level);
    return this.#requests.ask(node, name, timeoutMs, (transaction) =>
      this.#session.publishAsync(topic, JSON.stringify({ ...data, transaction })),
    );
  }

  /** Ends the session, the iterators, and what was asked for. What was held behind a hole is delivered. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#session.stop();
    for (const sequence of this.#sequences.values()) sequence.flush();
    for (const stream of this.#streams.keys()) stream.end();
    this.#streams.clear();
    this.#requests.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(topic: string, payload: Uint8Array): void {
    const parsed = parseTopic(this.#base, topic);
    if (parsed === undefined) return;
    const { channel, node, levels } = parsed;
    if (channel === 'snapshot') {
      const { camera = '', class: className = '' } = levels;
      if (payload.length > 0) this.emit('snapshot', { node, camera, class: className, jpeg: payload, topic });
      return;
    }
    if (payload.length === 0) return; // a retained topic was cleared
    try {
      this.#tell(parsed, text.decode(payload));
    } catch (cause) {
      this.#counted.invalid++;
      const message = `what was said on ${topic} is not what the contract says; it was passed over`;
      this.emit('warning', new BrokerError('ERR_BROKER_PAYLOAD', 'broker', message, { cause }));
    }
  }

  #tell({ channel, node, levels }: ParsedTopic, payload: string): void {
    switch (channel) {
      case 'status':
        this.emit('status', { node, status: readPayload('status', payload) });
        break;
      case 'info':
        this.emit('info', { ...readPayload('info', JSON.parse(payload)), node });
        break;
      case 'health':
        this.emit('health', { ...readPayload('health', JSON.parse(payload)), node });
        break;
      case 'cameraState':
        this.emit('cameraState', { ...readPayload('cameraState', JSON.parse(payload)), node });
        break;
      case 'cameraStatus':
        this.emit('cameraStatus', { ...readPayload('cameraStatus', JSON.parse(payload)), node });
        break;
      case 'events':
        this.#sequenceOf(node, levels.camera ?? '').take(readPayload('events', JSON.parse(payload)));
        break;
      case 'response':
        this.#requests.answered(node, readPayload('response', JSON.parse(payload)));
        break;
    }
  }

  #sequenceOf(node: string, camera: string): Sequence {
    const key = `${node}/${camera}`;
    let sequence = this.#sequences.get(key);
    if (sequence === undefined) {
      const { after, reorderMs = 500, share } = this.#options;
      sequence = new Sequence({
        camera,
        reorderMs,
        shared: share !== undefined,
        after: after?.[key],
        deliver: (message) => this.#deliver({ ...message, node }),
      });
      this.#sequences.set(key, sequence);
    }
    return sequence;
  }

  #deliver(message: NodeEvent | NodeGap): void {
    if (message.type === 'gap') this.#counted.missing += message.to - message.from + 1;
    else this.#counted.events++;
    for (const [stream, filter] of this.#streams) {
      if (admits(filter, message) && stream.push(message)) this.#counted.overflow++;
    }
    if (message.type === 'gap') this.emit('gap', message);
    else this.emit('event', message);
  }
}

function filtersOf(base: string, { node, camera, share, snapshots }: ConnectOptions): string[] {
  const ofNodes = listOf(node).flatMap((name) => {
    const topics = new Topics(base, name);
    const of = (channel: 'events' | 'cameraState' | 'cameraStatus' | 'snapshot') =>
      listOf(camera).map((one) => topics.filter(channel, { camera: one }));
    return [
      ...of('events').map((filter) => (share === undefined ? filter : `$share/${share}/${filter}`)),
      ...of('cameraState'),
      ...of('cameraStatus'),
      ...(snapshots ? of('snapshot') : []),
      ...(['status', 'info', 'health'] as const).map((channel) => topics.filter(channel)),
    ];
  });
  return [...ofNodes, new Topics(base, '+').filter('response')]; // any board may be asked
}

function listOf(names: string | readonly string[] | undefined): readonly string[] {
  return names === undefined ? ['+'] : typeof names === 'string' ? [names] : names;
}
