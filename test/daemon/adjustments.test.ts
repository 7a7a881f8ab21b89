import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { settingsSchema } from '../../src/config/schema.js';
import { Adjustments } from '../../src/daemon/adjustments.js';

const cameras = (door: object = {}) =>
  settingsSchema.parse({ cameras: { door: { source: 'demo', ...door }, yard: { source: 'demo' } } }).cameras;

async function open(t: Test, path: string, settings = cameras()): Promise<Adjustments> {
  return Adjustments.open(path, settings, (error) => t.fail(error.message));
}

t.test('what was changed is there after a restart', async (t) => {
  const path = join(t.testdir(), 'adjustments.json');
  const first = await open(t, path);
  await Promise.all([
    first.set('door', { detect: false }),
    first.set('door', { fps: 3 }),
    first.set('yard', { minScore: 0.7 }),
  ]);
  t.strictSame((await open(t, path)).all, { door: { detect: false, fps: 3 }, yard: { minScore: 0.7 } });
  await first.set('door', { detect: true });
  t.strictSame((await open(t, path)).of('door'), { fps: 3 });
});

t.test('a setting that is edited afterwards counts, and a camera that is gone takes its changes along', async (t) => {
  const { yard: _, ...withoutYard } = cameras();
  const edited = [
    [cameras({ fps: 20 }), { door: { minScore: 0.7 }, yard: { detect: false } }],
    [cameras({ minScore: 0.4 }), { door: { fps: 3 }, yard: { detect: false } }],
    [withoutYard, { door: { fps: 3, minScore: 0.7 } }],
  ] as const;
  for (const [settings, left] of edited) {
    const path = join(t.testdir(), 'adjustments.json');
    const first = await open(t, path);
    await first.set('door', { fps: 3, minScore: 0.7 });
    await first.set('yard', { detect: false });
    t.strictSame((await open(t, path, settings)).all, left);
  }
});

t.test('what an edited setting has ended does not come back when the setting does', async (t) => {
  const path = join(t.testdir(), 'adjustments.json');
  await (await open(t, path)).set('door', { fps: 3 });
  t.strictSame((await open(t, path, cameras({ fps: 20 }))).all, {});
  t.strictSame((await open(t, path)).all, {});
});

t.test('settings that were tried in vain end nothing', async (t) => {
  const path = join(t.testdir(), 'adjustments.json');
  const adjustments = await open(t, path);
  await adjustments.set('door', { fps: 3, minScore: 0.7 });
  await adjustments.set('yard', { detect: false });
  const { yard: _, ...tried } = cameras({ fps: 20 });
  adjustments.use(tried);
  t.strictSame(adjustments.all, { door: { minScore: 0.7 } });
  adjustments.use(cameras());
  t.strictSame(adjustments.all, { door: { fps: 3, minScore: 0.7 }, yard: { detect: false } });
  adjustments.use(tried);
  await adjustments.forget();
  adjustments.use(cameras());
  t.strictSame(adjustments.all, { door: { minScore: 0.7 } });
});

t.test('a file that is damaged is told of, and the settings hold as they are written', async (t) => {
  for (const text of ['', '{', '{"version":2}', '{"version":1,"cameras":{"door":{"fps":{"value":-1,"over":1}}}}']) {
    const path = join(t.testdir({ 'adjustments.json': text }), 'adjustments.json');
    const told: string[] = [];
    const adjustments = await Adjustments.open(path, cameras(), ({ code }) => told.push(code));
    t.strictSame([told, adjustments.all], [['ERR_STATE_ADJUSTMENTS'], {}]);
    await adjustments.set('door', { fps: 3 });
    t.match(JSON.parse(await readFile(path, 'utf8')), { version: 1 });
  }
});

t.test('a change that can’t be kept holds all the same, and is told of', async (t) => {
  const path = join(t.testdir(), 'adjustments.json');
  await mkdir(`${path}.new`);
  const adjustments = await open(t, path);
  await t.rejects(adjustments.set('door', { fps: 3 }), { code: 'ERR_STATE_ADJUSTMENTS', exit: 'state' });
  t.strictSame(adjustments.of('door'), { fps: 3 });
  await t.rejects(readFile(path), { code: 'ENOENT' });
});
