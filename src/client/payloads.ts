import { type EventMessage, laterEvent } from '../contract/event.js';
import type { Health } from '../contract/health.js';
import type { Response } from '../contract/request.js';
import type { CameraState, CameraStatus, Info, Status } from '../contract/status.js';
import { channels } from '../contract/topics.js';

/** What the client reads, by the name of its channel. */
export interface Payloads {
  status: Status;
  info: Info;
  health: Health;
  cameraState: CameraState;
  cameraStatus: CameraStatus;
  events: EventMessage;
  response: Response;
}

/**
 * Checks what was said on a channel against the contract. The package `minspnet-client` has another module in the place of
 * this one, made of the contract's JSON Schemas: zod is larger than all the rest of the client.
 *
 * @throws what the validator throws if it is something else
 */
export function readPayload<Name extends keyof Payloads>(name: Name, value: unknown): Payloads[Name] {
  if (name === 'events') {
    const later = laterEvent.safeParse(value);
    if (later.success) return later.data as unknown as Payloads[Name];
  }
  return channels[name].payload.parse(value) as Payloads[Name];
}
