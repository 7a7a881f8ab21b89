import { z } from 'zod';
import { benchmark } from './benchmark.js';
import { proof } from './proof.js';
import { type RequestName, request, requestNames, requests, response } from './request.js';
import { contractVersion } from './status.js';
import { type Channel, type ChannelName, channels } from './topics.js';

export type JsonSchema = Record<string, unknown>;

/** Everything that JSON is said of, by the name of its file in `schemas/`. */
export function jsonSchemas(): Record<string, JsonSchema> {
  const named: [string, JsonSchema][] = [];
  for (const name of Object.keys(channels) as ChannelName[]) {
    const { contentType, payload, summary } = channels[name];
    if (contentType !== 'image/jpeg') named.push([kebab(name), schemaOf(payload, summary)]);
  }
  named.push(['proof', schemaOf(proof, 'What `minspnet proof` writes.')]);
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

const parameters: Record<string, JsonSchema> = {
  base: { default: 'minspnet', description: '`mqtt.baseTopic` of the settings' },
  node: { description: 'the board, `node` of the settings' },
  camera: { description: 'its name in the settings' },
  state: { description: 'its name in the settings, `states` of the camera' },
  class: { description: 'of the model, with everything but letters, digits, `_` and `-` as `_`' },
  name: { description: 'of the request', enum: [...requestNames] },
};

/** The contract as an AsyncAPI 3 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0). */
export function asyncApi(): JsonSchema {
  const names = Object.keys(channels) as ChannelName[];
  const of = (make: (name: ChannelName) => unknown) => Object.fromEntries(names.map((name) => [name, make(name)]));
  const forRequests = (make: (name: (typeof requestNames)[number]) => unknown) =>
    Object.fromEntries(requestNames.map((name) => [`request_${name}`, make(name)]));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'MINSPNET over MQTT',
      version: `${contractVersion}.0.0`,
      description: 'What a board says and what it can be asked for. The rules that go with it: docs/mqtt.md.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: of(describeChannel),
    operations: of(describeOperation),
    components: {
      messages: {
        ...of(describeMessage),
        ...forRequests((name) => ({
          name: `request_${name}`,
          contentType: 'application/json',
          summary: requests[name].summary,
          payload: withoutDialect(schemaOf(needsOf(name), requests[name].summary)),
        })),
      },
    },
  };
}

function describeChannel(name: ChannelName): JsonSchema {
  const { address, summary } = channels[name];
  const levels = ['base', 'node', ...[...address.matchAll(/\{(\w+)\}/g)].map(([, level = '']) => level)];
  const messages = name === 'request' ? requestNames.map((one) => `request_${one}`) : [name];
  return {
    address: `{base}/{node}/${address}`,
    description: summary,
    parameters: Object.fromEntries(levels.map((level) => [level, parameters[level]])),
    messages: Object.fromEntries(messages.map((one) => [one, { $ref: `#/components/messages/${one}` }])),
  };
}

function describeOperation(name: ChannelName): JsonSchema {
  const { summary, retain, inbound, expirySeconds, qos = 1 }: Channel = channels[name];
  const expiry = expirySeconds !== undefined && { messageExpiryInterval: expirySeconds };
  return {
    action: inbound ? 'receive' : 'send',
    channel: { $ref: `#/channels/${name}` },
    summary,
    bindings: { mqtt: { qos, retain, ...expiry, bindingVersion: '0.2.0' } },
    ...(name === 'request' && { reply: { channel: { $ref: '#/channels/response' } } }),
  };
}

function describeMessage(name: ChannelName): JsonSchema {
  const { contentType, summary, payload } = channels[name];
  const bytes = { type: 'string', contentMediaType: contentType };
  return {
    name: kebab(name),
    contentType,
    summary,
    payload: contentType === 'image/jpeg' ? bytes : withoutDialect(schemaOf(payload, summary)),
  };
}

/** AsyncAPI has a dialect of its own, and reads this part of JSON Schema the same way. */
function withoutDialect({ $schema: _, ...schema }: JsonSchema): JsonSchema {
  return schema;
}
