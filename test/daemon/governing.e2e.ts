import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { loadSettings } from '../../src/config/load.js';
import { Redactor } from '../../src/config/mask.js';
import { settingsSchema } from '../../src/config/schema.js';
import type { Health } from '../../src/contract/health.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { createLog } from '../../src/daemon/log.js';
import { System } from '../../src/device/system.js';
import { Listener, startAedes } from '../support/broker.js';

t.test('a chip that gets hot slows the cameras down, says so, and they come back', { timeout: 180_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-governing-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const zone = join(folder, 'sys/class/thermal/thermal_zone0');
  await mkdir(zone, { recursive: true });
  await writeFile(join(zone, 'type'), 'cpu-thermal\n');
  const heat = (celsius: number) => writeFile(join(zone, 'temp'), `${celsius * 1000}\n`);
  await heat(40);
  const broker = await startAedes();
  t.teardown(() => broker.stop());
  const listener = await Listener.on(broker.url, '#');
  t.teardown(() => listener.stop());
  const settings = settingsSchema.parse({
    cameras: { street: { source: 'demo', loop: true, fps: 20 } },
    limits: { temperature: 75 },
    mqtt: { url: broker.url },
    stateDirectory: join(folder, 'state'),
    log: { level: 'error' },
  });
  const tuning = { model: 'minspnet-s', choice: null, kept: [], reason: 'a test' };
  const daemon = new Daemon({
    settings,
    tuning,
    measureBoard: () => Promise.reject(new Error('nobody asks for it')),
    tuneBoard: () => Promise.reject(new Error('nobody asks for it')),
    reload: async () => ({ settings: { ...settings, limits: {} }, tuning }),
    strictPort: { broker: false, http: false },
    settingsFile: { loaded: loadSettings({ environment: {} }), load: {} },
    version: '0.0.0',
    board: 'a board of files',
    log: createLog(settings.log, false),
    redactor: new Redactor(),
    system: new System(folder),
    healthMs: 500,
    now: () => 8 * performance.now(),
  });
  t.teardown(() => daemon.stop());
  await daemon.start();

  /** Health that is new and satisfies the condition. */
  const health = async (wanted: (health: Health) => boolean): Promise<Health> => {
    const known = listener.json<Health>('/health').length;
    const fresh = () => listener.json<Health>('/health').slice(known).find(wanted);
    await listener.until(() => fresh() !== undefined, 60_000);
    return fresh() as Health;
  };
  const full = await health(({ governor, cameras }) => governor?.rate === 1 && Boolean(cameras.street?.input));
  t.match(full.governor, { pixels: 1, heldBackBy: null, holds: true, limits: { temperature: 75 } });

  t.match(full.engine.input, {
    size: null,
    reason: /^at \d+x\d+ the network takes [\d.]+ % of one core for 20 pictures/,
  });
  const [width = 0, height = 0] = full.cameras.street?.input ?? [];
  t.ok(
    width * height <= (full.engine.input?.pixels ?? 0) && width > height,
    `${width}x${height}: of the picture’s shape`,
  );

  await heat(79);
  const slow = await health(({ governor, cameras }) => {
    return (governor?.rate ?? 1) < 0.6 && (cameras.street?.fps ?? 20) <= 14;
  });
  t.match(slow.governor, {
    heldBackBy: 'temperature',
    reason: /^temperature \d+\.\d of 75 °C: \d+ % of the wished rate/,
  });

  const small = await health(({ governor, engine, cameras }) => {
    return (governor?.pixels ?? 1) <= 0.5 && engine.state === 'ready' && (cameras.street?.frames ?? 0) > 0;
  });
  t.match(small.governor?.reason, /a smaller input/);
  t.ok((small.engine.input?.pixels ?? 0) <= 0.5 * (full.engine.input?.pixels ?? 0));
  t.match(small.engine.input?.reason, /the governor/);
  t.equal(small.engine.restarts, 0, 'on purpose, so it counts as no restart');

  await heat(45);
  const back = await health(({ governor }) => (governor?.rate ?? 0) > 0.6);
  t.equal(back.governor?.holds, true);

  await heat(90);
  await health(({ governor }) => (governor?.rate ?? 1) < 0.3);
  await listener.publish('minspnet/minspnet/request/reload', '');
  const free = await health(({ governor, cameras }) => governor === undefined && (cameras.street?.fps ?? 0) >= 12);
  t.equal(free.engine.restarts, 0, 'without limits nothing is held back any more');

  const names = listener.heard
    .filter(({ topic }) => topic.startsWith('homeassistant/'))
    .map(({ payload }) => `${payload}`);
  t.ok(names.some((text) => text.includes('"held_back_by"')));
});
