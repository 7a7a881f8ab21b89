import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { ClipWriter } from '../../demo/encode.js';
import { connect } from '../../src/client/index.js';
import type { RequestGives } from '../../src/contract/request.js';
import type { RegionState } from '../../src/contract/status.js';
import { Listener, Mosquitto, noMosquitto } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';
import { until } from '../support/until.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const patience = { timeoutMs: 100_000 };
const [width, height] = [160, 90];

/** A door of one colour, which flickers, so that no two pictures are the same. */
async function drawDoor(path: string, [red, green, blue]: readonly [number, number, number]): Promise<void> {
  const writer = await ClipWriter.open(path, width, height, 5, 20);
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let frame = 0; frame < 25; frame += 1) {
    for (let i = 0; i < width * height; i += 1) {
      const shade = ((frame * 7) % 30) - ((i % width) >> 3);
      pixels.set([red + shade, green + shade, blue + shade, 255], 4 * i);
    }
    await writer.write(pixels);
  }
  await writer.close();
}

t.test('a state is taught, taught again, and taken away', { skip: noMosquitto, timeout: 230_000 }, async (t) => {
  const broker = await new Mosquitto().start();
  t.teardown(() => broker.stop());
  const directory = t.testdir();
  const config = join(directory, 'minspnet.yaml');
  const [left, right] = [join(directory, 'left.mp4'), join(directory, 'right.mp4')];
  await drawDoor(left, [190, 40, 40]);
  await drawDoor(right, [40, 40, 190]);
  const states = { door: { region: [0.1, 0.1, 0.9, 0.9], classes: ['red', 'blue'] } };
  const camera = { loop: true, fps: 5 };
  const write = (cameras: object) =>
    writeFile(config, JSON.stringify({ node: 'porch', cameras, http: { enabled: false }, mqtt: { url: broker.url } }));
  await write({ left: { source: left, ...camera, states }, right: { source: right, ...camera, states } });
  const listener = await Listener.on(broker.url, '#');
  t.teardown(() => listener.stop());
  const client = await connect(broker.url);
  t.teardown(() => client.close());
  const state = join(directory, 'state');
  const daemon = new TestDaemon(['run', '-c', config], state);
  t.teardown(() => daemon.dispose());
  const ask = (name: string, needs: Record<string, unknown>) => client.request('porch', name, needs, patience);
  const at = (name: string) => `minspnet/porch/${name}/states/door`;
  const heard = (topic: string) =>
    listener.heard.filter((each) => each.topic === topic).map(({ payload }) => String(payload));
  const said = (name: string) =>
    heard(at(name))
      .filter(Boolean)
      .map((text) => (JSON.parse(text) as RegionState).state);
  const told = (name: string, wanted: string) => until(() => said(name).at(-1) === wanted, patience.timeoutMs);

  const isLive = (name: string) => daemon.lines.some((line) => line.includes(`camera    ${name}: live`));
  await until(() => isLive('left') && isLive('right'), patience.timeoutMs);
  t.strictSame([...new Set([...said('left'), ...said('right')])], ['unknown'], 'nobody knows before it is taught');
  const lessons = join(state, 'lessons/door');

  await t.test('collected by request, taught by request: the retained states are right', async (t) => {
    for (let i = 0; i < 3; i += 1) {
      await ask('collect', { camera: 'left', state: 'door', class: 'red' });
      await ask('collect', { camera: 'right', state: 'door', class: 'blue' });
    }
    const { classes } = (await ask('teach', { model: 'door' })) as RequestGives<'teach'>;
    t.strictSame([...classes].sort(), ['blue', 'red']);
    await Promise.all([told('left', 'red'), told('right', 'blue')]);
    await t.rejects(ask('collect', { camera: 'left', state: 'door', class: 'green' }), { message: /red, blue/ });
  });

  await t.test(
    'taught again the other way round, they are right with the next look, and who comes then hears it',
    async (t) => {
      const [before] = [said('left').length];
      const folders = ['red', 'blue'].map((name, i, all) => `${name}=${join(lessons, all[1 - i] ?? '')}`);
      const env = { ...process.env, MINSPNET_STATEDIRECTORY: state };
      await promisify(execFile)(
        process.execPath,
        [cli, 'teach', 'door', ...folders.flatMap((each) => ['--folder', each])],
        { env },
      );
      await Promise.all([told('left', 'blue'), told('right', 'red')]);
      t.strictSame(said('left').slice(before), ['blue'], 'nothing else was said on the way');
      const late = await Listener.on(broker.url, at('left'));
      await late.until(() => late.heard.length > 0);
      t.match(late.json<RegionState>('/door')[0], { state: 'blue', classes: ['red', 'blue'] });
      await late.stop();
    },
  );

  await t.test('a state that is no more takes its topic and its sensor along, a camera all of its', async (t) => {
    const device = (name: string) => `homeassistant/device/minspnet_porch__${name}/config`;
    const components = (name: string) =>
      heard(device(name))
        .filter(Boolean)
        .map((text) =>
          Object.values((JSON.parse(text) as { components: Record<string, { state_topic?: string }> }).components),
        );
    const hasSensor = (name: string) =>
      components(name)
        .at(-1)
        ?.some(({ state_topic }) => state_topic === at(name));
    await until(() => hasSensor('left') === true && hasSensor('right') === true, patience.timeoutMs);
    await write({ left: { source: left, ...camera } });
    daemon.kill('SIGHUP');
    await until(() => heard(at('left')).at(-1) === '' && heard(at('right')).at(-1) === '', patience.timeoutMs);
    await until(() => hasSensor('left') === false && heard(device('right')).at(-1) === '', patience.timeoutMs);
    const late = await Listener.on(broker.url, 'minspnet/porch/+/states/+');
    await late.subscribed('minspnet/porch/left/status'); // what is retained comes in order
    await late.until(() => late.heard.length > 0);
    t.strictSame(
      late.heard.map(({ topic }) => topic),
      ['minspnet/porch/left/status'],
    );
    await late.stop();
  });
});
