import { z } from 'zod';
import { benchmark } from './benchmark.js';
import { type RequestName, request, requestNames, requests, response } from './request.js';
import { contractVersion } from './status.js';
import { type ChannelName, channels } from './topics.js';

export type JsonSchema = Record<string, unknown>;

/** Everything that JSON is said of, by the name of its file in `schemas/`. */
export function jsonSchemas(): Record<string, JsonSchema> {
  const named: [string, JsonSchema][] = [];
  for (const name of Object.keys(channels) as ChannelName[]) {
    const { contentType, payload, summary } = channels[name];
    if (contentType !== 'image/jpeg') named.push([kebab(name), schemaOf(payload, summary)]);
  }
  named.push(['bench-result', schemaOf(benchmark, 'What `minspnet bench --json` writes.')]);
  for (const name of requestNames) {
    const { summary } = requests[name];
    named.push([`request-${kebab(name)}`, schemaOf(needsOf(name), summary)]);
    named.push([`response-${kebab(name)}`, schemaOf(response.extend({ data: givesOf(name) }), summary)]);
  }
  return Object.fromEntries(
    named.map(([name, schema]) => [name, { $id: `urn:minspnet:contract:${contractVersion}:${name}`, ...schema }]),
  );
}

/** What a request holds, all of it. */
export function needsOf(name: RequestName): z.ZodType {
  return requests[name].needs.extend({ transaction: request.shape.transaction });
}

/** An answer that is an error holds no data. */
function givesOf(name: RequestName): z.ZodType {
  return z.union([requests[name].gives, z.object({})]);
}

/**
 * As a reader sees it: fields that it doesn't know may stand beside those that it does, since they are added without
 * another version of the contract.
 */
export function schemaOf(payload: z.ZodType, description: string): JsonSchema {
  return { ...z.toJSONSchema(payload, { io: 'input' }), description };
}

/** `cameraState` is `camera-state`, for files and references. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
