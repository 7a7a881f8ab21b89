import type { Event } from '../contract/event.js';
import type { Health } from '../contract/health.js';
import type { CameraState, CameraStatus, Info } from '../contract/status.js';
import type { MissingEvents } from './sequence.js';

/** An event, and the board that tells of it. */
export type NodeEvent = Event & { node: string };

/** Numbers of one camera that will not come any more, and why. */
export type NodeGap = MissingEvents & { node: string };

/** What boards say of themselves at retained topics. */
interface States {
  info: Info;
  health: Health;
  cameraState: CameraState;
  cameraStatus: CameraStatus;
}

/** What stands at a retained topic, and whose it is. */
export type NodeState<Name extends keyof States> = States[Name] & { node: string };

/** A JPEG, and what it shows. Its bytes may be kept. */
export interface NodeSnapshot {
  node: string;
  camera: string;
  /** As in the topic: see `topicLevel`. */
  class: string;
  jpeg: Uint8Array;
  topic: string;
}

/** Which events are wanted; all where nothing is said. Gaps of a wanted camera come always. */
export interface EventFilter {
  node?: string | readonly string[] | undefined;
  camera?: string | readonly string[] | undefined;
  class?: string | readonly string[] | undefined;
  type?: Event['type'] | readonly Event['type'][] | undefined;
}

export function admits(filter: EventFilter, message: NodeEvent | NodeGap): boolean {
  if (!holds(filter.node, message.node) || !holds(filter.camera, message.camera)) return false;
  if (message.type === 'gap') return true;
  return holds(filter.class, message.class) && holds(filter.type, message.type);
}

function holds(wanted: string | readonly string[] | undefined, value: string): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? wanted === value : wanted.includes(value);
}
