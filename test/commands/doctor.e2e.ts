import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { checkBoard, checkSensors } from '../../src/commands/doctor/board.js';
import { checkBroker } from '../../src/commands/doctor/broker.js';
import { checkCameras } from '../../src/commands/doctor/cameras.js';
import { type Check, fail, ok, warn } from '../../src/commands/doctor/check.js';
import { checkState } from '../../src/commands/doctor/host.js';
import { checkModel } from '../../src/commands/doctor/model.js';
import { type DoctorReport, summarise } from '../../src/commands/doctor.js';
import { type Settings, settingsSchema } from '../../src/config/schema.js';
import { exitCodes } from '../../src/contract/errors.js';
import { readBoard } from '../../src/device/board.js';
import { Sensors } from '../../src/device/sensors.js';
import { jetsonNano, pi5, type Tree } from '../device/fixtures/boards.js';
import {
  clockPolicy,
  devfreqGpu,
  nvpmodel,
  pmicReadAdc,
  printing,
  rapl,
  systemOf,
  thermalZone,
} from '../device/fixtures/sensors.js';
import { freePort, Listener, Mosquitto, mosquittoPassword, noMosquitto, startAedes } from '../support/broker.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

interface Ended {
  code: number;
  stdout: string;
}

/** `minspnet doctor`, with a state directory of its own. */
function doctor(t: Test, ...args: string[]): Promise<Ended> {
  const env = { ...process.env, HOME: t.testdirName, MINSPNET_STATEDIRECTORY: join(t.testdirName, 'state') };
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, 'doctor', ...args], { env, cwd: t.testdirName }, (error, stdout) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout });
    });
  });
}

function settings(given: object): Settings {
  return settingsSchema.parse(given);
}

t.test('on this machine nothing fails, and JSON and text say the same', async (t) => {
  t.testdir();
  const [json, text] = [await doctor(t, '--json'), await doctor(t)];
  const report: DoctorReport = JSON.parse(json.stdout);
  t.equal(json.code, exitCodes.ok);
  t.equal(text.code, exitCodes.ok);
  t.equal(report.exitCode, 0);
  t.not(report.status, 'fail');
  const wanted = ['board', 'machine', 'settings', 'cameras found', 'permissions', 'state directory', 'clock', 'broker'];
  const sensors = ['power', 'temperature', 'clocks', 'throttling', 'fan'];
  t.strictSame(
    report.checks.map(({ name }) => name),
    [...wanted, ...sensors, 'model', 'provider', 'tuning'],
  );
  for (const { name, status, message } of report.checks) {
    t.match(status, /^(ok|warn)$/);
    t.not(message, '');
    t.match(text.stdout, new RegExp(`^${status} +${name} `, 'm'));
  }
  t.match(report.checks.at(-2), { status: 'ok', message: /^int8 on cpu/ });
  t.match(report.checks.at(-1), { status: 'ok', message: /^none: nothing was measured .*minspnet tune/ });
  t.notOk(existsSync(join(t.testdirName, '.cache')), 'ONNX Runtime keeps no device id, and so reports nothing');
});

t.test('each fault is told, and the first one gives the exit code', async (t) => {
  const dir = t.testdir();
  const file = join(dir, 'minspnet.yaml');
  const port = await freePort();
  writeFileSync(file, `mqtt: { url: "mqtt://me:secret@127.0.0.1:${port}" }\nmodel: { path: no-such-model }\n`);
  const { code, stdout } = await doctor(t, '--json', '--config', file);
  const { checks }: DoctorReport = JSON.parse(stdout);
  t.equal(code, exitCodes.broker, 'the broker comes before the model');
  t.match(
    checks.filter(({ status }) => status === 'fail'),
    [
      { name: 'broker', exit: 'broker', message: /nothing listens there/ },
      { name: 'model', exit: 'model', message: /no-such-model/ },
    ],
  );
  t.notMatch(stdout, /secret/);
  t.notOk(
    checks.some(({ name }) => name === 'provider'),
    'no provider without a model',
  );
});

t.test('settings that can’t be used fail, and the rest is looked at all the same', async (t) => {
  const dir = t.testdir({ 'minspnet.yaml': 'nodes: x\n' });
  const { code, stdout } = await doctor(t, '--config', join(dir, 'minspnet.yaml'));
  t.equal(code, exitCodes.config);
  t.match(stdout, /^fail {2}settings .*nodes/m);
  t.match(stdout, /^ok {4}model /m);
});

t.test('no fail is 0, whatever is warned of', async (t) => {
  t.match(summarise([ok('a', '')]), { status: 'ok', exitCode: 0 });
  t.match(summarise([ok('a', ''), warn('b', '', '')]), { status: 'warn', exitCode: 0 });
  const checks = [warn('a', '', ''), fail('b', 'state', '', ''), fail('c', 'model', '', '')];
  t.match(summarise(checks), { status: 'fail', exitCode: exitCodes.state });
});

t.test('a broker that takes us hears nothing of us', async (t) => {
  const broker = await startAedes();
  t.teardown(() => broker.stop());
  const listener = await Listener.on(broker.url, '#');
  t.teardown(() => listener.stop());
  const check = await checkBroker(settings({ mqtt: { url: broker.url } }), false);
  t.match(check, { status: 'ok', message: `${broker.url} takes us, MQTT 3.1.1` });
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(listener.heard.length, 0);
});

t.test('mosquitto: the right password and a wrong one', { skip: noMosquitto }, async (t) => {
  const mosquitto = new Mosquitto(['allow_anonymous false', 'password_file %d/passwords']);
  await mosquitto.start({ passwords: mosquittoPassword('me', 'right') });
  t.teardown(() => mosquitto.stop());
  const check = (password: string) =>
    checkBroker(settings({ mqtt: { url: mosquitto.url, username: 'me', password } }), false);
  t.match(await check('right'), { status: 'ok', message: /MQTT 5/ });
  t.match(await check('wrong'), { status: 'fail', exit: 'broker', message: /user or password|let this user in/ });
});

t.test('a broker that never answers is given up in time', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { port } = silent.address() as { port: number };
  const url = `mqtt://127.0.0.1:${port}`;
  const before = performance.now();
  const check = await checkBroker(settings({ mqtt: { url, connectSeconds: 0.3 } }), false);
  t.match(check, { status: 'fail', exit: 'broker', message: /did not answer in time/ });
  t.ok(performance.now() - before < 2000);
  // The same port, for our own broker.
  const mqtt = { broker: { port } };
  t.match(await checkBroker(settings({ mqtt }), true), { status: 'fail', exit: 'port', message: /in use/ });
  t.match(await checkBroker(settings({ mqtt }), false), { status: 'warn', message: /in use/, advice: /mqtt.url/ });
});

t.test('a password without a name fails as it does in `run`', async (t) => {
  const check = await checkBroker(settings({ mqtt: { url: 'mqtt://127.0.0.1:1', password: 'x' } }), false);
  t.match(check, { status: 'fail', exit: 'config' });
});

t.test('cameras: what is there, what is named but missing, what is not tried', async (t) => {
  const root = t.testdir({ 'clip.mp4': '' });
  const node = 'sys/class/video4linux/video0';
  const system = systemOf(root, [{ [`${node}/name`]: 'C920\n', [`${node}/index`]: '0\n' }]);
  const { cameras } = settings({
    cameras: {
      clip: { source: join(root, 'clip.mp4') },
      gone: { source: 'v4l2:/dev/video-gone' },
      csi: { source: 'libcamera:0' },
      door: { source: 'rtsp://me:secret@door/1' },
    },
  });
  const checks = await checkCameras(system, cameras);
  t.match(checks, [
    { status: 'ok', message: 'C920 (v4l2: v4l2:/dev/video0)' },
    { name: 'camera clip', status: 'ok' },
    { name: 'camera gone', status: 'fail', exit: 'input', message: /does not exist/ },
    { name: 'camera csi', status: 'fail', exit: 'input', advice: /cable/ },
    { name: 'camera door', status: 'ok', message: /not tried/ },
  ]);
  t.notMatch(JSON.stringify(checks), /secret/);
  t.match(await checkCameras(systemOf(t.testdir(), []), {}), [{ status: 'warn', message: /demo/, advice: /connect/ }]);
});

t.test('a state directory that can’t be made, and one with too little room', async (t) => {
  const root = t.testdir({ file: '' });
  t.match(await checkState(settings({ stateDirectory: join(root, 'file', 'below') })), {
    status: 'fail',
    exit: 'state',
  });
  chmodSync(root, 0o750);
  t.match(await checkState(settings({ stateDirectory: root })), { status: 'ok', message: /MB free/ });
  for (const mode of [0o755, 0o701]) {
    chmodSync(root, mode);
    t.match(await checkState(settings({ stateDirectory: root })), {
      status: 'warn',
      advice: `run \`chmod o= ${root}\``,
    });
  }
  chmodSync(root, 0o700);
  const greedy = settings({ stateDirectory: root, outbox: { maxBytes: 2 ** 52 } });
  t.match(await checkState(greedy), { status: 'warn', advice: /maxBytes/ });
});

const shm = '/dev/shm';
const noTmpfs = !existsSync(shm) && `there is no ${shm} here`;
t.test('a state directory in memory is warned of', { skip: noTmpfs }, async (t) => {
  const folder = mkdtempSync(join(shm, 'minspnet-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const outbox = { maxBytes: 65536 };
  t.match(await checkState(settings({ stateDirectory: folder, outbox })), { status: 'warn', message: /in memory/ });
});

t.test('a provider that is not to be had is told', async (t) => {
  const checks: Check[] = [];
  for await (const check of checkModel(settings({ runtime: { provider: 'tensorrt' } }))) checks.push(check);
  t.match(checks, [
    { name: 'model', status: 'ok', message: /int8 \(sha256 \w{12}…\) and fp32 \(sha256 \w{12}…\), as its card says$/ },
    { name: 'provider', status: 'warn', message: /^int8 on cpu, though tensorrt is asked for: / },
  ]);
});

/** The checks of the sensors, by name. */
async function sensorChecks(t: Test, trees: Tree[], script?: string): Promise<Record<string, Check>> {
  const system = systemOf(t.testdir(), trees, script);
  const checks = checkSensors(await (await Sensors.find(system)).read(), await readBoard(system));
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

t.test('a Jetson’s power mode and GPU have a line each, other boards none', async (t) => {
  const jetson = [
    nvpmodel('pmode:0001\n', ['MAXN', '5W']),
    devfreqGpu('57000000.gpu', 307_200_000, 640_000_000, '125'),
  ];
  t.match(await sensorChecks(t, [jetsonNano, ...jetson]), {
    'power mode': { status: 'ok', message: /^5W / },
    GPU: { status: 'ok', message: /^307\.2 of 640 MHz, load 12\.5 %/ },
  });
  const silent = [nvpmodel('', ['MAXN']), devfreqGpu('57000000.gpu', 307_200_000, 640_000_000, 'x')];
  t.match(await sensorChecks(t, [jetsonNano, ...silent]), {
    'power mode': { status: 'warn', advice: /nvpmodel -q/ },
    GPU: { status: 'warn', advice: String },
  });
  t.strictSame(Object.keys(await sensorChecks(t, [pi5])).sort(), [
    'clocks',
    'fan',
    'power',
    'temperature',
    'throttling',
  ]);
});

t.test('a board that is hot, throttled, badly fed and slow is told so', async (t) => {
  const script = `case $1 in get_throttled) echo throttled=0x50005;; *) ${printing(pmicReadAdc)}\n;; esac`;
  const trees = [pi5, thermalZone(0, 'cpu-thermal', '84100'), clockPolicy(0, '0 1 2 3', 1_500_000, 'powersave')];
  t.match(await sensorChecks(t, trees, script), {
    power: { status: 'ok', message: /^5\.9 W .*not USB/ },
    temperature: { status: 'warn', message: /84\.1 °C/, advice: /heat sink/ },
    clocks: { status: 'warn', message: /cores 0 1 2 3 at 1500 of 2400 MHz, powersave/ },
    throttling: { status: 'warn', message: /under-voltage now, throttled now, .*since boot/, advice: /power supply/ },
    fan: { status: 'ok', message: /^none/ },
  });
});

t.test('sensors that are there but say nothing are warned of; sensors that are not are no fault', async (t) => {
  const pi = await sensorChecks(t, [pi5], 'exit 1');
  t.match(pi, { power: { status: 'warn', advice: /group video/ }, throttling: { status: 'warn', advice: /video/ } });
  t.match(await sensorChecks(t, [rapl('x')]), { power: { status: 'warn', advice: /only root/ } });
  const nano = await sensorChecks(t, [jetsonNano]);
  for (const check of Object.values(nano)) t.match(check, { status: 'ok', message: /^none/ });
});

t.test('the board in a line', async (t) => {
  const { message } = checkBoard(await readBoard(systemOf(t.testdir(), [jetsonNano])));
  t.equal(
    message,
    'NVIDIA Jetson Nano Developer Kit, tegra210, 4 x Cortex-A57, 3.9 GiB, Ubuntu 18.04.6 LTS, JetPack 4, L4T 32.7.1',
  );
});
