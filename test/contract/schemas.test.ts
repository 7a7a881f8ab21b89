import { readdirSync, readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import t from 'tap';
import { asyncApi, jsonSchemas } from '../../src/contract/json-schemas.js';
import { observation } from '../support/events.js';
import { schemaMistake } from '../support/schemas.js';

const expected: Record<string, unknown> = { 'asyncapi.json': asyncApi() };
for (const [name, schema] of Object.entries(jsonSchemas())) expected[`${name}.schema.json`] = schema;

t.test('schemas/ is what the contract says; `npm run schema` writes it', async (t) => {
  const found = readdirSync('schemas').filter((name) => name.endsWith('.json'));
  t.strictSame(found.sort(), Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) {
    const written: unknown = JSON.parse(readFileSync(`schemas/${name}`, 'utf8'));
    t.strictSame(written, JSON.parse(JSON.stringify(value)), name);
  }
});

t.test('the AsyncAPI parser takes the document', async (t) => {
  const { document, diagnostics } = await new Parser().parse(readFileSync('schemas/asyncapi.json', 'utf8'));
  const errors = diagnostics.filter(({ severity }) => severity === 0);
  t.strictSame(
    errors.map(({ message, path }) => `${path.join('.')}: ${message}`),
    [],
  );
  t.equal(document?.version(), '3.0.0');
  t.equal(document?.channels().all().length, 15);
  t.equal(document?.operations().filterByReceive().length, 1, 'requests are what a board receives');
});

t.test('the schemas refuse what the contract does not say', async (t) => {
  const delivery = {
    stream: 'a',
    seq: 1,
    publishedAt: '2026-11-25T00:00:00.000Z',
    publishedMonotonicMs: 5,
    replayed: false,
  };
  const good = { ...observation(), ...delivery };
  t.equal(schemaMistake('events', good), undefined);
  t.equal(schemaMistake('events', { ...good, addedLater: 1 }), undefined, 'fields may be added');
  t.ok(schemaMistake('events', { ...good, seq: 0 }));
  t.ok(schemaMistake('events', { ...good, box: [0, 0, 1] }));
  t.ok(schemaMistake('events', { ...good, type: 'vanished' }));
  t.equal(schemaMistake('request-rate', { camera: 'door', fps: 5, transaction: 'x' }), undefined);
  t.ok(schemaMistake('request-rate', { camera: 'door', fps: -5 }));
  t.ok(schemaMistake('request-rate', { camera: 'door', fps: 5, speed: 1 }), 'a request holds nothing else');
});
