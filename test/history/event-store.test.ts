import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Observation } from '../../src/contract/event.js';
import { EventStore, type EventStoreOptions } from '../../src/history/event-store.js';

const start = Date.parse('2026-06-01T12:00:00Z');
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();

function seen(id: string, type: string, seconds: number, more: Record<string, unknown> = {}): Observation {
  const box = [0.1, 0.2, 0.3, 0.4];
  const common = {
    camera: 'door',
    class: 'person',
    score: 0.7,
    bestScore: 0.7,
    box,
    zones: [],
    speed: 0,
    stationary: false,
  };
  return {
    type,
    id,
    ...common,
    ageMs: 0,
    capturedAt: at(seconds),
    capturedMonotonicMs: 0,
    ...more,
  } as unknown as Observation;
}

async function open(t: Test, bounds: Partial<EventStoreOptions> = {}) {
  const warnings: string[] = [];
  const options = {
    ...{ directory: t.testdir(), maxEvents: 100, maxBytes: 1e6, maxAgeMs: 1e9, now: () => start },
    warn: (message: string) => warnings.push(message),
    ...bounds,
  };
  return { store: await EventStore.open(options), options, warnings };
}

t.test('a track is one entry, with what was told of it, also after a restart', async (t) => {
  const { store, options } = await open(t);
  store.addPictures('a-1', { snapshot: Buffer.alloc(10), picture: Buffer.alloc(20) }, [0, 0, 1, 1]);
  store.observe(seen('a-1', 'new', 0));
  store.observe(seen('a-1', 'enter', 1, { zone: 'porch', class: 'dog', bestScore: 0.9 }));
  store.observe(seen('a-1', 'update', 2));
  t.match(store.find('a-1'), {
    ...{ camera: 'door', class: 'person', bestScore: 0.9, firstAt: at(0), lastAt: at(2), endedAt: null, reason: null },
    ...{ snapshot: '/api/events/a-1/snapshot.jpg', picture: '/api/events/a-1/picture.jpg', clip: null },
    moments: [{ type: 'new' }, { type: 'enter', zone: 'porch', at: at(1) }],
  });
  store.observe(seen('a-1', 'end', 3, { reason: 'gone' }));
  store.observe(seen('a-2', 'new', 4));
  t.equal(readFileSync((await store.fileOf('a-1', 'picture')) ?? '').length, 20, 'what is told to be there is there');
  await store.flush();
  appendFileSync(join(options.directory, 'index.jsonl'), '{"id":"cut o');
  writeFileSync(join(options.directory, 'stranger.snapshot.jpg'), 'x');
  const again = await EventStore.open(options);
  t.match(again.find('a-1'), { endedAt: at(3), reason: 'gone', moments: { length: 3 }, snapshot: /a-1/ });
  t.match(again.find('a-2'), { endedAt: at(4), reason: null }, 'nobody knows how it went on');
  t.equal(again.bytes, 30);
  t.notOk(readdirSync(options.directory).includes('stranger.snapshot.jpg'), 'what belongs to nothing is deleted');
});

t.test('it is found by what happened, and page by page', async (t) => {
  const { store } = await open(t);
  for (let i = 0; i < 5; i++) {
    store.observe(
      seen(`a-${i}`, 'new', i, { camera: i % 2 === 0 ? 'door' : 'yard', class: i === 4 ? 'dog' : 'person' }),
    );
  }
  store.observe(seen('a-1', 'crossing', 9, { line: 'gate', direction: 'a-to-b', counts: {} }));
  store.observe(seen('a-2', 'enter', 9, { zone: 'porch' }));
  const ids = (filter: object) => store.list({ limit: 50, ...filter }).events.map(({ id }) => id);
  t.strictSame(ids({}), ['a-4', 'a-3', 'a-2', 'a-1', 'a-0']);
  t.strictSame(ids({ camera: 'door' }), ['a-4', 'a-2', 'a-0']);
  t.strictSame(ids({ class: 'dog' }), ['a-4']);
  t.strictSame(ids({ type: 'crossing' }), ['a-1']);
  t.strictSame(ids({ zone: 'porch' }), ['a-2']);
  t.strictSame(ids({ after: at(3) }), ['a-4', 'a-3']);
  const first = store.list({ limit: 2 });
  t.equal(first.before, at(3));
  const second = store.list({ limit: 3, before: first.before ?? undefined });
  t.strictSame([second.events.map(({ id }) => id), second.before], [['a-2', 'a-1', 'a-0'], null]);
  await store.flush();
});

t.test('count, bytes and age are bounded, the oldest goes first with its files', async (t) => {
  const { store, options } = await open(t, { maxEvents: 3, maxBytes: 250 });
  for (let i = 0; i < 4; i++) {
    store.addPictures(`a-${i}`, { snapshot: Buffer.alloc(60) }, null);
    store.observe(seen(`a-${i}`, 'new', i));
  }
  t.equal(store.size, 3);
  store.addPictures('a-3', { snapshot: Buffer.alloc(150) }, null);
  t.equal(store.find('a-1'), undefined, 'too many bytes');
  t.equal(store.observe(seen('a-1', 'end', 9, { reason: 'gone' })), undefined);
  await store.flush();
  t.equal(store.bytes, 210);
  t.strictSame(
    readdirSync(options.directory)
      .filter((file) => file.endsWith('jpg'))
      .sort(),
    ['a-2.snapshot.jpg', 'a-3.snapshot.jpg'],
  );
  const later = await EventStore.open({ ...options, maxAgeMs: 1000, now: () => start + 3500 });
  t.strictSame(
    later.list({ limit: 9 }).events.map(({ id }) => id),
    ['a-3'],
    'too old',
  );
});

t.test('a disk that takes nothing costs files, not the list', async (t) => {
  const { store, options, warnings } = await open(t);
  const { rm } = await import('node:fs/promises');
  await rm(options.directory, { recursive: true });
  store.addPictures('a-1', { snapshot: Buffer.alloc(10) }, null);
  store.observe(seen('a-1', 'new', 0));
  store.observe(seen('a-1', 'end', 1, { reason: 'gone' }));
  await store.flush();
  t.match(store.list({ limit: 9 }).events, [{ id: 'a-1' }]);
  t.equal(warnings.length, 1, 'said once');
  t.equal(store.failures, 3);
});
