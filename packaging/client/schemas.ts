import { z } from 'zod';
import type { Payloads } from '../../src/client/payloads.js';
import { laterEvent } from '../../src/contract/event.js';
import { channels } from '../../src/contract/topics.js';

const names: readonly (keyof Payloads)[] = [
  'status',
  'info',
  'health',
  'cameraState',
  'cameraStatus',
  'events',
  'response',
];

/** The module that `generated-schemas.d.ts` describes. */
export function schemasModule(): string {
  const schemas: Record<string, z.ZodType> = { laterEvent };
  for (const name of names) schemas[name] = channels[name].payload;
  const plain = Object.entries(schemas).map(([name, schema]) => [
    name,
    withoutWords(z.toJSONSchema(schema, { io: 'input' })),
  ]);
  return `export const schemas = ${JSON.stringify(Object.fromEntries(plain))};`;
}

/** Without what only people read, and without formats: a date is described by a pattern as well. */
function withoutWords(schema: object): object {
  const words = ['description', '$schema', 'format'];
  return JSON.parse(
    JSON.stringify(schema, (key, value) => (words.includes(key) && typeof value === 'string' ? undefined : value)),
  );
}
