import { z } from 'zod';
import { benchmarkSummary } from './benchmark.js';
import { detections } from './detection.js';
import { eventMessage } from './event.js';
import { health } from './health.js';
import { cameraSettings, request, response } from './request.js';
import { cameraState, cameraStatus, info, regionState, status } from './status.js';

/** One kind of topic: where it stands below `<base>/<node>/`, and what is said there. */
export interface Channel<Payload extends z.ZodType = z.ZodType> {
  /** `{name}` stands for one level. */
  readonly address: string;
  readonly payload: Payload;
  readonly contentType: 'application/json' | 'text/plain' | 'image/jpeg';
  readonly retain: boolean;
  /** 0: may be lost, and is not sent again. */
  readonly qos?: 0 | 1;
  /** Said to the node, not by it. */
  readonly inbound?: true;
  /** MQTT 5: what nobody has taken by then, the broker forgets. */
  readonly expirySeconds?: number;
  readonly summary: string;
}

/** First levels below the node that no camera may be called. */
export const reservedNames = ['request', 'response'];

function channel<Payload extends z.ZodType>(channel: Channel<Payload>): Channel<Payload> {
  return channel;
}

/**
 * Every topic of a node: the only place where a topic meets its payload. Types, JSON Schemas and the AsyncAPI document
 * come from here. They are QoS 1 where they don't say otherwise.
 */
export const channels = {
  status: channel({
    address: 'status',
    payload: status,
    contentType: 'text/plain',
    retain: true,
    summary: 'Whether the node is there; the last will says that it is not.',
  }),
  info: channel({
    address: 'info',
    payload: info,
    contentType: 'application/json',
    retain: true,
    summary: 'What the node is: version of the contract and the daemon, board, model, provider, cameras.',
  }),
  health: channel({
    address: 'health',
    payload: health,
    contentType: 'application/json',
    retain: true,
    summary: 'What the node does and what that costs, every few seconds.',
  }),
  cameraState: channel({
    address: '{camera}/state',
    payload: cameraState,
    contentType: 'application/json',
    retain: true,
    summary: 'How many of each class are in view, and in each zone.',
  }),
  regionState: channel({
    address: '{camera}/states/{state}',
    payload: regionState,
    contentType: 'application/json',
    retain: true,
    summary: 'What a region of the camera shows, as it was taught to tell: a gate open or closed.',
  }),
  cameraStatus: channel({
    address: '{camera}/status',
    payload: cameraStatus,
    contentType: 'application/json',
    retain: true,
    summary: 'Whether the camera gives pictures, and if not, why.',
  }),
  events: channel({
    address: '{camera}/events',
    payload: eventMessage,
    contentType: 'application/json',
    retain: false,
    summary: 'What happened, in order and numbered by `seq`; numbers that will never come are told of as a `gap`.',
  }),
  detections: channel({
    address: '{camera}/detections',
    payload: detections,
    contentType: 'application/json',
    retain: false,
    qos: 0,
    summary: 'What the network sees in each picture, before any tracking; off unless `events.detections` is set.',
  }),
  benchmark: channel({
    address: 'benchmark',
    payload: benchmarkSummary,
    contentType: 'application/json',
    retain: true,
    summary: 'What `minspnet bench --publish` measured last on this board.',
  }),
  snapshot: channel({
    address: '{camera}/snapshot/{class}',
    payload: z.instanceof(Uint8Array),
    contentType: 'image/jpeg',
    retain: true,
    summary: 'The best picture of the last object of a class, published before the event that speaks of it.',
  }),
  cameraSettings: channel({
    address: '{camera}/settings',
    payload: cameraSettings,
    contentType: 'application/json',
    retain: true,
    summary: 'What requests can change of the camera, as it is now.',
  }),
  picture: channel({
    address: '{camera}/snapshot',
    payload: z.instanceof(Uint8Array),
    contentType: 'image/jpeg',
    retain: true,
    summary: 'The whole picture that the last `snapshot` request asked for.',
  }),
  still: channel({
    address: '{camera}/still',
    payload: z.instanceof(Uint8Array),
    contentType: 'image/jpeg',
    retain: true,
    summary: 'The photograph that the last `still` request asked for.',
  }),
  request: channel({
    address: 'request/{name}',
    payload: request,
    contentType: 'application/json',
    retain: false,
    inbound: true,
    summary: 'Asks the node for something; every request is answered.',
  }),
  response: channel({
    address: 'response/{name}',
    payload: response,
    contentType: 'application/json',
    retain: false,
    expirySeconds: 60,
    summary: 'The answer to a request that names no response topic of its own.',
  }),
} as const;

export type ChannelName = keyof typeof channels;
export type PayloadOf<Name extends ChannelName> = z.infer<(typeof channels)[Name]['payload']>;

declare const payload: unique symbol;

/** A topic's name that remembers, for the compiler only, what is said there. */
export type Topic<Payload> = string & { readonly [payload]?: Payload };

/** The topics of one node, or, for a subscriber, of all (`+`). */
export class Topics {
  readonly status: Topic<PayloadOf<'status'>>;
  readonly info: Topic<PayloadOf<'info'>>;
  readonly health: Topic<PayloadOf<'health'>>;
  readonly benchmark: Topic<PayloadOf<'benchmark'>>;
  readonly #root: string;

  /** Both are names by the settings' schema, so they can't hold `/`, `+` or `#`. */
  constructor(base: string, node: string) {
    this.#root = `${base}/${node}`;
    this.status = this.#at('status');
    this.info = this.#at('info');
    this.health = this.#at('health');
    this.benchmark = this.#at('benchmark');
  }

  cameraState(camera: string): Topic<PayloadOf<'cameraState'>> {
    return this.#at('cameraState', { camera });
  }

  regionState(camera: string, state: string): Topic<PayloadOf<'regionState'>> {
    return this.#at('regionState', { camera, state });
  }

  cameraStatus(camera: string): Topic<PayloadOf<'cameraStatus'>> {
    return this.#at('cameraStatus', { camera });
  }

  events(camera: string): Topic<PayloadOf<'events'>> {
    return this.#at('events', { camera });
  }

  detections(camera: string): Topic<PayloadOf<'detections'>> {
    return this.#at('detections', { camera });
  }

  snapshot(camera: string, className: string): Topic<PayloadOf<'snapshot'>> {
    return this.#at('snapshot', { camera, class: topicLevel(className) });
  }

  cameraSettings(camera: string): Topic<PayloadOf<'cameraSettings'>> {
    return this.#at('cameraSettings', { camera });
  }

  /** The whole picture, not one object's. */
  picture(camera: string): Topic<PayloadOf<'picture'>> {
    return this.#at('picture', { camera });
  }

  still(camera: string): Topic<PayloadOf<'still'>> {
    return this.#at('still', { camera });
  }

  /** @param group the level that it is asked for below, where the node's settings name one */
  request(name: string, group?: string): Topic<PayloadOf<'request'>> {
    return this.#at('request', { name: group === undefined ? name : `${group}/${name}` });
  }

  response(name: string): Topic<PayloadOf<'response'>> {
    return this.#at('response', { name });
  }

  /** Matches every topic of that kind; of each level that is not named, all. */
  filter(name: ChannelName, levels: Record<string, string> = {}): string {
    return this.#at(name, levels);
  }

  #at<Name extends ChannelName>(name: Name, levels: Record<string, string> = {}): Topic<PayloadOf<Name>> {
    const address = channels[name].address.replace(/\{(\w+)\}/g, (_, level: string) => levels[level] ?? '+');
    return `${this.#root}/${address}`;
  }
}

/** What a topic is, seen by its name; undefined where it is none of ours. */
export interface ParsedTopic {
  channel: ChannelName;
  node: string;
  /** Of {@link channels}' address, by name. */
  levels: Record<string, string>;
}

export function parseTopic(base: string, topic: string): ParsedTopic | undefined {
  const [first, node, ...rest] = topic.split('/');
  if (first !== base || node === undefined) return undefined;
  for (const [name, { address }] of Object.entries(channels)) {
    const wanted = address.split('/');
    if (wanted.length !== rest.length) continue;
    const levels: Record<string, string> = {};
    const fits = wanted.every((level, i) => {
      const found = rest[i] ?? '';
      if (!level.startsWith('{')) return level === found;
      if (level === '{camera}' && reservedNames.includes(found)) return false;
      levels[level.slice(1, -1)] = found;
      return true;
    });
    if (fits) return { channel: name as ChannelName, node, levels };
  }
  return undefined;
}

/**
 * A model's class name as one level of a topic. Class names come from a model card and may hold anything
 * ("traffic light", "cup/mug"): letters and digits of any script stay, everything else becomes `_`.
 */
export function topicLevel(name: string): string {
  return name.replace(/[^\p{L}\p{N}_-]+/gu, '_') || '_';
}
