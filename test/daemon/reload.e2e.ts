import { chmod, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Event } from '../../src/contract/event.js';
import type { Health } from '../../src/contract/health.js';
import type { CameraState, CameraStatus, Info } from '../../src/contract/status.js';
import { freePort, Listener, Mosquitto, noMosquitto } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';
import { until as waitUntil } from '../support/until.js';

const demo = { source: 'demo', loop: true, fps: 4 };
const all = { polygon: [[0, 0], [1, 0], [1, 1], [0, 1]] }; // biome-ignore format: one rectangle
const patience = 100_000;

t.test('a reload that is asked for while the daemon starts is done when it has', async (t) => {
  const directory = t.testdir({ 'minspnet.yaml': JSON.stringify({ cameras: { door: { source: 'demo' } } }) });
  const daemon = new TestDaemon(['run', '-c', join(directory, 'minspnet.yaml')], join(directory, 'state'), {
    MINSPNET_MQTT__BROKER__PORT: String(await freePort()),
  });
  t.teardown(() => daemon.dispose());
  await daemon.line(/settings {2}\//);
  daemon.kill('SIGHUP');
  await daemon.line(/settings {2}read again/);
  daemon.kill('SIGTERM');
  t.equal(await daemon.exited, 0);
});

t.test(
  'SIGHUP puts in force what has changed, and nothing else',
  { skip: noMosquitto, timeout: 230_000 },
  async (t) => {
    const brokers = [await new Mosquitto().start(), await new Mosquitto().start()] as const;
    const listeners = await Promise.all(brokers.map(({ url }) => Listener.on(url, '#')));
    t.teardown(() => Promise.all(listeners.map((listener) => listener.stop())));
    t.teardown(() => Promise.all(brokers.map((broker) => broker.stop())));
    const [first, second] = listeners as [Listener, Listener];
    const directory = t.testdir();
    const config = join(directory, 'minspnet.yaml');
    const write = (cameras: object, rest: object = {}, url = brokers[0].url) =>
      writeFile(config, JSON.stringify({ node: 'porch', cameras, mqtt: { url }, ...rest }));
    await write({ door: demo, side: demo });
    const daemon = new TestDaemon(['run', '-c', config], join(directory, 'state'));
    t.teardown(() => {
      daemon.kill('SIGKILL');
    });

    const opened = (camera: string) =>
      daemon.lines.filter((line) => line.includes(`camera    ${camera}: starting`)).length;
    const times = (text: string) => daemon.lines.filter((line) => line.includes(text)).length;
    const said = <Value>(topic: string, listener = first) => listener.json<Value>(`minspnet/porch/${topic}`);
    const until = (done: () => boolean) => waitUntil(done, patience);
    const ids = (type: string) => said<Event>('door/events').filter((event) => event.type === type);
    /** Resolves when the settings have been read again, or were refused. */
    const reload = async () => {
      const before = times('settings  read again') + times('settings  refused');
      daemon.kill('SIGHUP');
      await until(() => times('settings  read again') + times('settings  refused') > before);
    };
    await until(() => ids('new').length > 0);

    await t.test('an unchanged file restarts nothing', async (t) => {
      const infos = said('info').length;
      await reload();
      t.equal(times('settings  read again'), 1);
      const frames = said<Health>('health').at(-1)?.cameras.door?.frames ?? 0;
      await until(() => (said<Health>('health').at(-1)?.cameras.door?.frames ?? 0) > frames);
      t.strictSame([opened('door'), opened('side'), times('mqtt://'), said('info').length], [1, 1, 1, infos]);
      t.equal(said<Event>('door/events').filter((one) => one.type === 'end' && one.reason !== 'gone').length, 0);
    });

    await t.test('a zone, a line and classes while the source stays open', async (t) => {
      const line = { from: [0.5, 0], to: [0.5, 1] };
      await write({ door: { ...demo, zones: { all }, lines: { line } }, side: { ...demo, classes: ['dog'] } });
      await reload();
      await until(() => said<CameraState>('door/state').at(-1)?.zones.all !== undefined);
      await until(() => ids('enter').length > 0);
      t.strictSame([opened('door'), opened('side'), times('mqtt://')], [1, 1, 1]);
    });

    await t.test('another source opens that camera anew; one goes and one comes', async (t) => {
      await write({ door: { ...demo, zones: { all } }, attic: { ...demo, motion: { threshold: 9 } } });
      await reload();
      await until(() => opened('attic') === 1);
      await write({ door: { ...demo, zones: { all } }, attic: { ...demo, motion: { threshold: 10 } } });
      await reload();
      await until(() => opened('attic') === 2 && said<CameraStatus>('attic/status').at(-1)?.state === 'live');
      t.strictSame([opened('door'), opened('side')], [1, 1]);
      await daemon.line(/camera {4}side is in the settings no more/);
    });

    await t.test('wrong settings are refused, health says why, and the next right ones count', async (t) => {
      const right = await readFile(config, 'utf8');
      await write({ door: { ...demo, fps: 'fast' } });
      await reload();
      await until(() => said<Health>('health').at(-1)?.settings?.refused !== null);
      const { refused } = said<Health>('health').at(-1)?.settings ?? {};
      t.match(refused, { code: 'ERR_CONFIG_INVALID', message: /cameras\.door\.fps/ });
      t.strictSame([opened('door'), times('settings  refused')], [1, 1]);
      await writeFile(config, right);
      await reload();
      await until(() => said<Health>('health').at(-1)?.settings?.refused === null);
    });

    await t.test('a model takes the place of another between two pictures, and a bad one does not', async (t) => {
      const cameras = { door: { ...demo, zones: { all } } };
      const before = said<Event>('door/events').length;
      await write(cameras, { model: { path: 'minspnet-n' } });
      await reload();
      await until(() => said<Info>('info').at(-1)?.model.name === 'minspnet-n');
      await until(() => said<Event>('door/events').length > before);
      const bad = join(directory, 'bad');
      await cp('models/minspnet-n', bad, { recursive: true });
      const card = JSON.parse(await readFile(join(bad, 'card.json'), 'utf8'));
      card.output.strides = [8, 16]; // the network has other ones
      await chmod(join(bad, 'card.json'), 0o644);
      await writeFile(join(bad, 'card.json'), JSON.stringify(card));
      await write(cameras, { model: { path: bad } });
      await reload();
      await daemon.line(/settings {2}refused, .*fails its self-test/);
      t.strictSame([opened('door'), said<Info>('info').at(-1)?.model.name], [1, 'minspnet-n']);
      t.notOk(said<Event>('door/events').some((one) => one.type === 'end' && one.reason === 'engine-restart'));
      await rm(bad, { recursive: true });
      const { engine } = said<Health>('health').at(-1) as Health;
      t.strictSame([engine.state, engine.restarts], ['ready', 0]);
    });

    await t.test('another broker: the first one hears `offline`, the second all that follows', async (t) => {
      await write({ door: { ...demo, zones: { all } } }, { model: { path: 'minspnet-n' } }, brokers[1].url);
      await reload();
      await until(() => said<Event>('door/events', second).length > 0);
      t.equal(String(first.heard.findLast(({ topic }) => topic === 'minspnet/porch/status')?.payload), 'offline');
      const numbers = [first, second].flatMap((at) => said<Event>('door/events', at).map(({ seq }) => seq));
      t.strictSame(
        [...new Set(numbers)],
        Array.from({ length: Math.max(...numbers) }, (_, i) => i + 1),
        'each event is at one of them',
      );
      t.equal(opened('door'), 1);
    });

    daemon.kill('SIGTERM');
    t.equal(await daemon.exited, 0);
  },
);
