// Ajv: what JSON Schema is checked with everywhere, also by those who subscribe to us.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { jsonSchemas, kebab } from '../../src/contract/json-schemas.js';
import { channels, parseTopic } from '../../src/contract/topics.js';

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
const validators = new Map<string, ValidateFunction>(
  Object.entries(jsonSchemas()).map(([name, schema]) => [name, ajv.compile(schema)]),
);

/** What is wrong with a payload by the schema of that name; undefined where nothing is. */
export function schemaMistake(name: string, payload: unknown): string | undefined {
  const validate = validators.get(name);
  if (validate === undefined) return `no schema ${name}`;
  return validate(payload) ? undefined : ajv.errorsText(validate.errors);
}

/** Which schema a message of ours falls under, and what is wrong with it. */
export function checkMessage(
  base: string,
  { topic, payload }: { topic: string; payload: Buffer },
): { schema: string; mistake: string | undefined } {
  const parsed = parseTopic(base, topic);
  if (parsed === undefined) return { schema: '', mistake: `${topic} is no topic of the contract` };
  const { channel, levels } = parsed;
  const { contentType } = channels[channel];
  if (contentType === 'image/jpeg') {
    const isJpeg = payload.length === 0 || payload.subarray(0, 2).equals(Buffer.from([0xff, 0xd8]));
    return { schema: channel, mistake: isJpeg ? undefined : 'no JPEG' };
  }
  const known = channel === 'response' && validators.has(`response-${kebab(levels.name ?? '')}`);
  const schema = known ? `response-${kebab(levels.name ?? '')}` : kebab(channel);
  const value = contentType === 'text/plain' ? String(payload) : JSON.parse(String(payload));
  return { schema, mistake: schemaMistake(schema, value) };
}
