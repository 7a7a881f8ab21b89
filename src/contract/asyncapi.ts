import { type JsonSchema, kebab, needsOf, schemaOf } from './json-schemas.js';
import { requestNames, requests } from './request.js';
import { contractVersion } from './status.js';
import { type Channel, type ChannelName, channels } from './topics.js';

const parameters: Record<string, JsonSchema> = {
  base: { default: 'minspnet', description: '`mqtt.baseTopic` of the settings' },
  node: { description: 'the board, `node` of the settings' },
  camera: { description: 'its name in the settings' },
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
