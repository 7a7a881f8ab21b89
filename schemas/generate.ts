import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { asyncApi, jsonSchemas } from '../src/contract/json-schemas.js';

/** `npm run schema`: writes what is generated from the contract; a test says when that has been forgotten. */

for (const name of readdirSync('schemas')) if (name.endsWith('.json')) rmSync(`schemas/${name}`);
for (const [name, schema] of Object.entries(jsonSchemas())) write(`${name}.schema.json`, schema);
write('asyncapi.json', asyncApi());

function write(name: string, value: unknown): void {
  writeFileSync(`schemas/${name}`, `${JSON.stringify(value, null, 2)}\n`);
}
