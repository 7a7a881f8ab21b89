import type { Settings } from '../config/schema.js';
import type { SensorsHealth } from '../contract/health.js';
import type { RequestName } from '../contract/request.js';
import type { Topics } from '../contract/topics.js';

/** What is announced to Home Assistant. */
export interface HomeAssistantFacts {
  base: string;
  node: string;
  version: string;
  board: BoardFacts;
  /** Of the model. */
  classes: readonly string[];
  /** The models that the board may be switched to, by name. */
  models: readonly string[];
  /** Somebody says which version of ours is the newest. */
  offersRelease?: boolean;
  /** The settings name an address of newer models. */
  offersUpdates?: boolean;
  cameras: Settings['cameras'];
  /** Which of them the board has. */
  sensors: SensorsHealth;
  /** Whether something is limited, so that cameras may be held back. */
  governed?: boolean;
  /** Whether a request is let through; what it would do is announced only then. */
  isOn: (request: RequestName) => boolean;
  /** Where a request is taken. */
  requestTopic: (request: RequestName) => string;
  /** Of the board's own page, where it has one. */
  configurationUrl?: string | undefined;
  /** Where help is given. */
  supportUrl?: string | undefined;
}

/** What the board says of itself; undefined where it does not. */
export interface BoardFacts {
  /** As its maker calls it. */
  model: string;
  modelId?: string | undefined;
  hardwareVersion?: string | undefined;
  serialNumber?: string | undefined;
}

/** One entity or trigger: `platform` and what that wants. */
export type Component = { platform: string; unique_id?: string } & Record<string, unknown>;

/** `<prefix>/device/<id>/config`: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload */
export interface Discovery {
  device: Record<string, unknown>;
  origin: Record<string, unknown>;
  /** These three hold for all components that don't say otherwise. */
  availability: readonly Availability[];
  availability_mode: 'all';
  state_topic: string;
  components: Record<string, Component>;
}

/** Without payloads of its own it is `online` and `offline`. */
export interface Availability {
  topic: string;
  value_template?: string;
}

/** The board's id, in the topic of its discovery and in the ids of all that belongs to it. */
export function boardId(base: string, node: string): string {
  return `${base}_${node}`;
}

export function cameraId(base: string, node: string, camera: string): string {
  return `${boardId(base, node)}__${camera}`;
}

/** Whether a device's id is that of a board or of one of its cameras. */
export function isOfBoard(id: string, base: string, node: string): boolean {
  return id === boardId(base, node) || id.startsWith(`${boardId(base, node)}__`);
}

export function nodeIsThere(topics: Topics): Availability {
  return { topic: topics.status };
}

/** Who is announced and by whom. */
export function originOf({ version, supportUrl }: HomeAssistantFacts): Record<string, unknown> {
  return { name: 'MINSPNET', sw_version: version, ...(supportUrl !== undefined && { support_url: supportUrl }) };
}

/**
 * The value of a template, or "unknown" (Home Assistant takes the word None for it) where the payload is no JSON: a topic
 * that is cleared brings an empty one.
 */
export function ifJson(value: string): string {
  return `{{ (${value}) if value_json is defined else None }}`;
}

/**
 * Bytes of one message, at most: some brokers and bridges end a session at a larger one than 16 KB, and what a device
 * consists of has no bound.
 */
const maxBytes = 12_000;

/** Entities and triggers by key, in order; false: that one is not there. */
export type Entries = readonly (readonly [key: string, component: Component | false])[];

/** A part of a device's discovery: {@link splitDiscovery}. */
export interface DiscoveryPart {
  /** Empty for the first one. */
  name: string;
  discovery: Discovery;
}

/**
 * A device's discovery in messages of 12 KB at most, which name the same device. Whatever cameras, zones, lines and classes
 * are called, ids are unique, and each entity's id names node and camera, so that two boards don't share one.
 *
 * @param id the device's, the first part of each `unique_id`
 * @param entityPrefix the first part of each entity's id after its domain
 * @param groups by name: what comes and goes together has messages of its own, so that nothing moves from one to another
 */
export function splitDiscovery(
  id: string,
  entityPrefix: string,
  head: Omit<Discovery, 'components'>,
  groups: readonly (readonly [name: string, entries: Entries])[],
): DiscoveryPart[] {
  const parts: DiscoveryPart[] = [];
  const keys = new Set<string>();
  for (const [name, entries] of groups) {
    let components: Record<string, Component> = {};
    let bytes = Number.POSITIVE_INFINITY;
    let count = 0;
    for (const [wanted, component] of entries) {
      if (component === false) continue;
      const key = freeKey(wanted, keys);
      keys.add(key);
      const whole = withIds(key, component, id, entityPrefix);
      const added = sizeOf(key) + sizeOf(whole) + 2; // a colon and a comma
      if (bytes + added > maxBytes) {
        components = {};
        count += 1;
        bytes = sizeOf(head) + sizeOf({ components });
        parts.push({ name: count === 1 ? name : numbered(name, count), discovery: { ...head, components } });
      }
      components[key] = whole;
      bytes += added;
    }
  }
  return parts;
}

/** `zone_yard` goes on in `zone2_yard`, which no zone's name makes. */
function numbered(name: string, count: number): string {
  return /^[a-z]/.test(name) ? name.replace(/^[a-z]+/, (kind) => kind + count) : `part${count}`;
}

/** Keys become ids of [A-Za-z0-9_-] only; a class may be called anything. */
function freeKey(wanted: string, keys: ReadonlySet<string>): string {
  let key = wanted.replace(/[^A-Za-z0-9_-]/gu, (sign) => `u${sign.codePointAt(0)?.toString(16)}`);
  while (keys.has(key)) key += '_2';
  return key;
}

function withIds(key: string, component: Component, id: string, entityPrefix: string): Component {
  if (component.platform === 'device_automation') return component; // a trigger is no entity
  const entityId = `${entityPrefix}_${key}`.toLowerCase().replace(/[^a-z0-9]+/g, '_');
  return { ...component, unique_id: `${id}_${key}`, default_entity_id: `${component.platform}.${entityId}` };
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** `front_door` is "Front door". */
export function words(name: string): string {
  return capital(name.replace(/[_-]+/g, ' ').trim() || name);
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
