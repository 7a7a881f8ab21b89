import { EventEmitter } from 'node:events';
import type { z } from 'zod';
import { asMinspnetError, type MinspnetError, RequestError } from '../contract/errors.js';
import {
  type RequestGives,
  type RequestName,
  type RequestNeeds,
  type Response,
  request,
  requestNames,
  requests,
} from '../contract/request.js';
import { channels, parseTopic, type Topics } from '../contract/topics.js';
import type { IncomingMessage } from '../session/session.js';

/** What does the work of each request. What is thrown is told to whoever asked. */
export type RequestHandlers = {
  [Name in RequestName]: (needs: RequestNeeds<Name>) => Promise<RequestGives<Name>>;
};

/** MQTT 5: what an answer carries, and when it is of no use any more. */
export interface AnswerOptions {
  correlationData?: Buffer;
  expirySeconds?: number;
}

export interface RequestServerOptions {
  topics: Topics;
  /** Whether the settings let a request through. */
  isOn: (name: RequestName) => boolean;
  /** The level below which a request has to be asked for, if there is one. */
  groupOf: (name: RequestName) => string | undefined;
  /** Requests a second that are carried out, on average; twice as many in a burst. */
  perSecond: number;
  handlers: RequestHandlers;
  /** Publishes an answer, or says false. */
  say: (topic: string, payload: string, options: AnswerOptions) => boolean;
  /** Whether an answer may be published there; asked of the topics that requests name themselves. */
  mayAnswerAt: (topic: string) => boolean;
  /** Milliseconds that only ever go up. */
  monotonic?: () => number;
}

/** Every request ends in one of them. */
export interface RequestCounters {
  /** Carried out, and answered so. */
  done: number;
  /** Answered with an error. */
  failed: number;
  /** Not answered: there were too many, or nobody could be answered. */
  refused: number;
}

export interface RequestServerEvents {
  /** A bug of ours; the asker was told. */
  warning: [error: MinspnetError];
}

/** What needs more fits no request that there is, bytes. */
const maxBytes = 16 * 1024;
/** Requests that are being carried out at the same time. */
const maxOpen = 16;
/** One at a time, all of them together: each takes the engine or the processor for itself. */
const exclusive: readonly RequestName[] = ['reload', 'swapModel', 'updateModel', 'benchmark', 'teach'];
/** How long a request may take, ms. */
const patienceMs = 60_000;
/** Of a benchmark and of teaching, whose own limits are shorter. */
const benchmarkMs = 5 * 60_000;

/** What of a request is known before it is understood, so that also a bad one can be answered. */
interface Envelope {
  name: string;
  /** The level before the name. */
  group: string | undefined;
  topic: string;
  correlationData?: Buffer;
  transaction?: Response['transaction'];
}

/**
 * Answers `…/request/<name>`: whatever comes, it is answered or counted as refused, and nothing is thrown. A retained
 * request is refused, since it would be carried out again in each session.
 */
export class RequestServer extends EventEmitter<RequestServerEvents> {
  readonly counters: RequestCounters = { done: 0, failed: 0, refused: 0 };
  readonly #options: RequestServerOptions;
  readonly #root: string;
  readonly #bucket: TokenBucket;
  /** Says no to those that are too many; also that costs something. */
  readonly #refusalAnswers: TokenBucket;
  #open = 0;
  #exclusive: RequestName | undefined;

  constructor(options: RequestServerOptions) {
    super();
    this.#options = options;
    this.#root = options.topics.request('');
    const monotonic = options.monotonic ?? (() => performance.now());
    this.#bucket = new TokenBucket({ perSecond: options.perSecond, capacity: 2 * options.perSecond, monotonic });
    this.#refusalAnswers = new TokenBucket({ perSecond: 1, capacity: 1, monotonic });
  }

  /** Whether a message is for this server. */
  accepts(topic: string): boolean {
    return topic.startsWith(this.#root);
  }

  /** Resolves when it has been dealt with. Never rejects. */
  async receive(message: IncomingMessage): Promise<void> {
    const [, group, name] = /^(?:([\w-]{1,64})\/)?(\w{1,64})$/.exec(message.topic.slice(this.#root.length)) ?? [];
    if (message.retain || name === undefined) {
      this.counters.refused += 1;
      return;
    }
    const { responseTopic, correlationData } = message;
    const envelope: Envelope = {
      name,
      group,
      topic: this.#options.topics.response(name),
      ...(correlationData !== undefined && { correlationData }),
    };
    try {
      if (!this.#bucket.take()) throw refusal('RATE', 'there are too many requests; ask less often');
      if (responseTopic !== undefined) {
        if (!this.#mayAnswerAt(responseTopic)) throw refusal('RESPONSE_TOPIC', 'no answer is given at that topic');
        envelope.topic = responseTopic;
      }
      const data = await this.#carryOut(envelope, message.payload);
      this.#answer(envelope, { status: 'ok', data });
    } catch (thrown) {
      const error = asMinspnetError(thrown);
      if (error.exit === 'internal') this.emit('warning', error);
      if (error.code === 'ERR_REQUEST_RATE' && !this.#refusalAnswers.take()) this.counters.refused += 1;
      else this.#answer(envelope, { status: 'error', data: {}, error: error.message, code: error.code });
    }
  }

  #mayAnswerAt(topic: string): boolean {
    const isTopic = topic.length > 0 && Buffer.byteLength(topic) <= 1024 && !/[+#\0]/.test(topic);
    return isTopic && !topic.startsWith('$') && this.#options.mayAnswerAt(topic);
  }

  async #carryOut(envelope: Envelope, payload: Buffer): Promise<unknown> {
    const { transaction, ...given } = parse(payload);
    const known = request.shape.transaction.safeParse(transaction);
    if (known.success && known.data !== undefined) envelope.transaction = known.data;
    const name = requestNames.find((candidate) => candidate === envelope.name);
    if (name === undefined)
      throw refusal('UNKNOWN', `no request "${envelope.name}"; known: ${requestNames.join(', ')}`);
    if (!this.#options.isOn(name)) throw refusal('OFF', `\`requests.${name}\` is switched off in the settings`);
    const group = this.#options.groupOf(name);
    if (group !== envelope.group) {
      const { topics } = this.#options;
      throw refusal('OFF', `\`${name}\` is taken at ${topics.request(name, group)} only: see \`requests.changes\``);
    }
    if (!known.success) throw refusal('INVALID', '`transaction` must be a number or a text of up to 256 characters');
    const needs = requests[name].needs.safeParse(given);
    if (!needs.success) throw refusal('INVALID', describe(needs.error));
    return this.#run(name, needs.data);
  }

  async #run<Name extends RequestName>(name: Name, needs: unknown): Promise<unknown> {
    if (this.#open >= maxOpen) throw refusal('BUSY', `${maxOpen} requests are being carried out; try again`);
    const alone = exclusive.includes(name);
    if (alone && this.#exclusive !== undefined) {
      throw refusal('BUSY', `\`${this.#exclusive}\` is being carried out; try again when it is answered`);
    }
    this.#open += 1;
    if (alone) this.#exclusive = name;
    const work = this.#options.handlers[name](needs as RequestNeeds<Name>).finally(() => {
      this.#open -= 1;
      if (alone) this.#exclusive = undefined;
    });
    const late = name === 'benchmark' || name === 'teach' ? benchmarkMs : patienceMs;
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(refusal('TIMEOUT', `\`${name}\` is not done after ${late / 1000} s`)), late);
    });
    try {
      return await Promise.race([work, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  #answer({ topic, correlationData, transaction }: Envelope, answer: Response): void {
    const payload = JSON.stringify({ ...answer, ...(transaction !== undefined && { transaction }) });
    const { expirySeconds } = channels.response;
    const said = this.#options.say(topic, payload, {
      ...(expirySeconds !== undefined && { expirySeconds }),
      ...(correlationData !== undefined && { correlationData }),
    });
    if (!said) this.counters.refused += 1;
    else if (answer.status === 'ok') this.counters.done += 1;
    else this.counters.failed += 1;
  }
}

/**
 * Where answers may be given, so that nobody speaks in our name or with our rights through us: at our own response topics,
 * below the base topic where no board says anything, and where the settings allow it.
 *
 * @param allowed beginnings of topics
 */
export function answerTopics(topics: Topics, base: string, allowed: readonly string[]): (topic: string) => boolean {
  return (topic) => {
    if (topic.startsWith(topics.response('')) || allowed.some((beginning) => topic.startsWith(beginning))) return true;
    const [first, , third] = topic.split('/');
    return first === base && third !== undefined && third !== 'request' && parseTopic(base, topic) === undefined;
  };
}

function parse(payload: Buffer): Record<string, unknown> {
  if (payload.length === 0) return {};
  if (payload.length > maxBytes) throw refusal('INVALID', `a request holds ${maxBytes} bytes at most`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (cause) {
    throw refusal('INVALID', 'a request is a JSON object in UTF-8, this one is not', cause);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw refusal('INVALID', 'a request is a JSON object, such as {"camera":"door"}');
}

function describe({ issues }: z.ZodError): string {
  const told = issues.slice(0, 5).map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ` : '') + message);
  return told.join('; ').slice(0, 500);
}

function refusal(code: string, message: string, cause?: unknown): MinspnetError {
  return new RequestError(`ERR_REQUEST_${code}`, 'usage', message, cause === undefined ? {} : { cause });
}

interface TokenBucketOptions {
  perSecond: number;
  /** So many at once after a rest; at least one. */
  capacity: number;
  /** Milliseconds that only ever go up. */
  monotonic: () => number;
}

/** Lets through so many a second, and after a rest a burst. */
class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #at: number;

  constructor(options: TokenBucketOptions) {
    this.#options = { ...options, capacity: Math.max(1, options.capacity) };
    this.#tokens = this.#options.capacity;
    this.#at = options.monotonic();
  }

  take(): boolean {
    const { perSecond, capacity, monotonic } = this.#options;
    const now = monotonic();
    this.#tokens = Math.min(capacity, this.#tokens + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
