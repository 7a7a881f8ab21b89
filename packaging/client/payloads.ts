/** What `src/client/payloads.ts` does, without zod. It stands in its place in `minspnet-client`. */

// @cfworker/json-schema: reads JSON Schemas as they are. Ajv's functions made of them take 18 kB more, zod 100.
import { Validator } from '@cfworker/json-schema';
import type { Payloads } from '../../src/client/payloads.js';
import { isLater } from '../../src/contract/event.js';
import { schemas } from './generated-schemas.js';

const validators = new Map(Object.entries(schemas).map(([name, schema]) => [name, new Validator(schema, '2020-12')]));

/** @throws TypeError with the place, if it is not what the contract says */
export function readPayload<Name extends keyof Payloads>(name: Name, value: unknown): Payloads[Name] {
  if (name === 'events' && check('laterEvent', value) === undefined && isLater(value as { type: string })) {
    return value as Payloads[Name];
  }
  const mistake = check(name, value);
  if (mistake !== undefined) throw new TypeError(`${name} does not hold what the contract says: ${mistake}`);
  return value as Payloads[Name];
}

function check(name: string, value: unknown): string | undefined {
  const { valid = true, errors = [] } = validators.get(name)?.validate(value) ?? {};
  return valid ? undefined : errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`).join(' ');
}
