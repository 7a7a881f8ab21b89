import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { connect, type MinspnetClient } from '../../src/client/index.js';
import { type Explanation, explanation } from '../../src/contract/explanation.js';
import type { RequestGives } from '../../src/contract/request.js';
import type { Info } from '../../src/contract/status.js';
import { Mosquitto, noMosquitto } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';
import { until } from '../support/until.js';

const patience = { timeoutMs: 40_000 };

/** The settings that a user writes; JSON is YAML. */
async function write(path: string, cameras: Record<string, object>): Promise<void> {
  await writeFile(path, JSON.stringify({ node: 'porch', cameras }));
}

const demo = { source: 'demo', loop: true };

t.test('what a running daemon is asked for, it does', { skip: noMosquitto, timeout: 150_000 }, async (t) => {
  const broker = await new Mosquitto().start();
  t.teardown(() => broker.stop());
  const directory = t.testdir();
  const config = join(directory, 'minspnet.yaml');
  const state = join(directory, 'state');
  await write(config, { door: demo, side: demo });
  const client = await connect(broker.url);
  t.teardown(() => client.close());
  const infos: Info[] = [];
  client.on('info', (info) => infos.push(info));

  const first = await start(t, client, ['run', '-c', config, '--mqtt', broker.url], state);
  const ask = (name: string, needs: Record<string, unknown> = {}) => client.request('porch', name, needs, patience);

  const live = () => first.lines.filter((line) => /camera {4}door: live/.test(line)).length;

  await t.test('another model runs, and `info` says so', async (t) => {
    const { models } = (await ask('models')) as RequestGives<'models'>;
    const running = models.find((model) => model.running)?.name;
    const other = models.find((model) => !model.running)?.name;
    t.ok(running !== undefined && other !== undefined, JSON.stringify(models));
    t.match(await ask('swapModel', { model: other }), { name: other, precision: 'int8' });
    await until(() => infos.at(-1)?.model.name === other, patience.timeoutMs);
    t.equal(infos.at(-1)?.model.precision, 'int8');
    t.match(await ask('models'), { models: models.map(({ name }) => ({ name, running: name === other })) });
    await t.rejects(ask('swapModel', { model: 'nonsense' }), { code: 'ERR_REQUEST_REFUSED', message: /nonsense/ });
  });

  await t.test('what a camera saw, and why it was told or not', async (t) => {
    let explained: Explanation | undefined;
    while (!explained?.candidates.some(({ reason }) => reason === null)) {
      explained = await ask('explain', { camera: 'door', minutes: 1 }).then(explanation.parse, () => undefined);
      await setTimeout(200); // until the test's time is out
    }
    const { looks, candidates } = explained;
    t.ok(looks > 0);
    const told = candidates.find(({ reason }) => reason === null);
    t.match(told, { track: /./, detail: /told as track/ });
    const untold = candidates.filter(({ reason }) => reason !== null);
    t.ok(untold.length > 0 && untold.every(({ track, detail }) => track === null && detail !== ''));
    t.strictSame(await ask('clearBackground', { camera: 'door' }), {});
    await t.rejects(ask('explain', { camera: 'attic' }), { message: /no camera is called "attic"/ });
  });

  await t.test('a picture, and a source that is opened again', async (t) => {
    await until(() => live() > 1, patience.timeoutMs); // with the other model
    const { topic, bytes } = (await ask('snapshot', { camera: 'door' })) as RequestGives<'snapshot'>;
    t.equal(topic, 'minspnet/porch/door/snapshot');
    t.ok(bytes > 1000, `${bytes} bytes`);
    const before = live();
    t.strictSame(await ask('restart', { camera: 'door' }), {});
    await until(() => live() > before, patience.timeoutMs);
  });

  await t.test('the settings are read again: a camera goes, and wrong ones change nothing', async (t) => {
    await write(config, { door: { ...demo, source: 7 } });
    await t.rejects(ask('reload'), { code: 'ERR_REQUEST_REFUSED', message: /cameras\.door\.source/ });
    await write(config, { door: { ...demo, fps: 4 } });
    t.strictSame(await ask('reload'), { cameras: ['door'], restartNeeded: [] });
    await first.line(/camera {4}side is in the settings no more/);
    await t.rejects(ask('snapshot', { camera: 'side' }), { message: /no camera is called "side"/ });
  });

  await t.test('detection, rate and minimum score are there after a restart', async (t) => {
    const wanted = { camera: 'door', detect: false, fps: 3, minScore: 0.7 };
    await ask('detect', { camera: 'door', enabled: false });
    await ask('rate', { camera: 'door', fps: 3 });
    t.strictSame(await ask('minScore', { camera: 'door', minScore: 0.7 }), wanted);
    first.kill('SIGTERM');
    t.equal(await first.exited, 0);
    await start(t, client, ['run', '-c', config, '--mqtt', broker.url], state);
    // What is asked for now changes one of them, and the answer tells of all.
    t.strictSame(await ask('rate', { camera: 'door', fps: 5 }), { ...wanted, fps: 5 });
  });
});

/** Resolves when its engine runs and its requests are listened to. */
async function start(t: Test, client: MinspnetClient, args: string[], state: string): Promise<TestDaemon> {
  const online = new Promise<void>((resolve) => {
    client.on('status', ({ status }) => status === 'online' && resolve());
  });
  const daemon = new TestDaemon(args, state);
  t.teardown(() => daemon.dispose());
  await daemon.line(/camera {4}door: live/);
  await online;
  return daemon;
}
