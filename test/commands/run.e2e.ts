import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { exitCodes } from '../../src/contract/errors.js';
import { type Heard, Mosquitto, noMosquitto } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';
import { checkMessage } from '../support/schemas.js';
import { until } from '../support/until.js';

function start(t: Test, args: string[], environment: NodeJS.ProcessEnv = {}): TestDaemon {
  const daemon = new TestDaemon(['run', ...args], t.testdir(), environment);
  t.teardown(() => daemon.dispose());
  return daemon;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A port that somebody else listens on. */
async function busyPort(t: Test): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as { port: number }).port;
}

// The shell between npm and the daemon passes no signal on, so it must have become the daemon.
for (const [what, signal, group] of [
  ['a signal to npm start alone', 'SIGTERM', false],
  ['Ctrl-C, which npm and the daemon both hear', 'SIGINT', true],
] as const) {
  t.test(`${what} ends the daemon, and with exit code 0`, async (t) => {
    const env = { ...process.env, MINSPNET_STATEDIRECTORY: t.testdir(), MINSPNET_LOG__FORMAT: 'text' };
    const npm = spawn('npm', ['start'], { env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = npm.pid ?? 0;
    t.teardown(() => isRunning(-pid) && process.kill(-pid, 'SIGKILL'));
    let said = '';
    npm.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until(() => /ready {5}in/.test(said), 20_000);
    process.kill(group ? -pid : pid, signal);
    const [code] = await once(npm, 'close');
    t.equal(code, exitCodes.ok);
    t.match(said, /stopped/);
    t.notOk(isRunning(-pid), 'nobody is left');
  });
}

t.test('what is published is what the JSON Schemas say, answers included', async (t) => {
  const daemon = start(t, ['--source', 'demo', '--pace', 'max', '--loop']);
  await daemon.subscribe();
  const isOurs = ({ topic }: Heard) => topic.startsWith('minspnet/') && !topic.includes('/request/');
  await daemon.message(({ topic }) => topic.endsWith('/health'));
  await daemon.message(
    ({ topic, payload }) => topic.endsWith('/events') && /"end"/.test(String(payload)),
    30_000, // a loaded machine
  );
  const requests: [string, object][] = [
    ['models', {}],
    ['rate', { camera: 'camera', fps: 7 }],
    ['minScore', { camera: 'camera', minScore: 0.4 }],
    ['snapshot', { camera: 'camera' }],
    ['still', { camera: 'nobody' }],
    ['restart', { camera: 'camera' }],
    ['dance', {}],
  ];
  for (const [name, needs] of requests) {
    await daemon.publish(`minspnet/minspnet/request/${name}`, JSON.stringify(needs));
    await daemon.message(({ topic }) => topic.endsWith(`/response/${name}`));
  }
  const seen = new Set<string>();
  for (const message of daemon.heard.filter(isOurs)) {
    const { schema, mistake } = checkMessage('minspnet', message);
    if (mistake !== undefined) t.fail(`${message.topic}: ${mistake} in ${String(message.payload).slice(0, 500)}`);
    seen.add(schema);
  }
  for (const schema of ['status', 'info', 'health', 'camera-state', 'camera-status', 'camera-settings', 'events']) {
    t.ok(seen.has(schema), schema);
  }
  for (const schema of ['snapshot', 'picture', 'response', 'response-models', 'response-rate', 'response-snapshot']) {
    t.ok(seen.has(schema), schema);
  }
});

t.test('a killed engine is replaced within 2 s; its tracks end with the reason; MQTT stays', async (t) => {
  const startedAt = performance.now();
  const daemon = start(t, ['--source', 'demo', '--loop']);
  await daemon.subscribe();
  await daemon.message(({ topic, payload }) => topic.endsWith('/events') && /"new"/.test(String(payload)), 20_000);
  const isLive = ({ topic, payload }: { topic: string; payload: Buffer }) =>
    topic.endsWith('/status') && /"live"/.test(String(payload));
  const firstMs = (daemon.heard.find(isLive)?.at ?? Number.NaN) - startedAt;
  const [engine = 0] = daemon.children();
  const killedAt = performance.now();
  process.kill(engine, 'SIGKILL');
  const lives = await daemon.message(
    ({ topic, payload, at }) => at > killedAt && topic.endsWith('camera/status') && /"live"/.test(String(payload)),
  );
  const tookMs = lives.at - killedAt;
  // Where other tests want the cores as well, twice what the daemon's own start took just before.
  t.ok(
    tookMs < Math.max(2000, 2 * firstMs),
    `live again after ${Math.round(tookMs)} ms, ${Math.round(firstMs)} at first`,
  );
  const end = daemon.events().find((event) => event.type === 'end' && event.reason === 'engine-restart');
  t.ok(end, 'an open track ended');
  const statuses = daemon.heard
    .filter(({ topic }) => topic.endsWith('minspnet/status'))
    .map((one) => String(one.payload));
  t.strictSame(statuses, ['online'], 'the MQTT session was not lost');
});

t.test('bad input: a clear message, an exit code of its own, and nothing hangs', async (t) => {
  const dir = t.testdir({ 'text.mp4': 'no video', 'empty.mp4': '', model: {} });
  const card = JSON.parse(await readFile('models/minspnet-s/card.json', 'utf8'));
  await writeFile(join(dir, 'model', 'card.json'), JSON.stringify(card));
  await writeFile(join(dir, 'model', card.files.fp32.file), 'damaged'); // all that may run are checked, this one first
  const port = await busyPort(t);
  const cases: [string[], number, RegExp, NodeJS.ProcessEnv?][] = [
    [['--source', join(dir, 'text.mp4')], exitCodes.source, /text\.mp4.*and a video or a picture.*ERR_SOURCE_OPEN/],
    [['--source', join(dir, 'empty.mp4')], exitCodes.source, /empty\.mp4 is empty.*ERR_SOURCE_OPEN/],
    [['--source', join(dir, 'nowhere.mp4')], exitCodes.input, /does not exist. Check the path.*ERR_SOURCE_MISSING/],
    [['--source', 'demo', '--model', 'nonsense'], exitCodes.model, /nonsense.*ERR_MODEL_MISSING/],
    [
      ['--source', 'demo', '--model', join(dir, 'model')],
      exitCodes.model,
      /not the file that its card names.*ERR_MODEL_CORRUPT/,
    ],
    [['--source', 'demo'], exitCodes.port, /in use.*ERR_BROKER_PORT/, { MINSPNET_MQTT__BROKER__PORT: String(port) }],
    [['--source', 'gopher://x'], exitCodes.config, /gopher.*ERR_CONFIG_INVALID/s],
    [['--nonsense'], exitCodes.usage, /unknown option/],
  ];
  const open = join(dir, 'state-0');
  await mkdir(open, { mode: 0o755 });
  for (const [i, [args, code, message, environment]] of cases.entries()) {
    const daemon = new TestDaemon(['run', ...args], join(dir, `state-${i}`), environment);
    t.equal(await daemon.exited, code, args.join(' '));
    t.match(daemon.stderr, message);
    const warned = daemon.lines.filter((line) => line.includes('everybody on this machine can look into'));
    if (i === 0) t.match(warned, [`run chmod o= ${open}`], 'others can look into what happened before the cameras');
    else t.strictSame(warned, []);
  }
});

t.test('an engine that hangs is replaced', async (t) => {
  const daemon = start(t, ['--source', 'demo', '--loop']);
  await daemon.line(/camera {4}camera: live/);
  const [engine = 0] = daemon.children();
  process.kill(engine, 'SIGSTOP');
  await daemon.line(/engine ended with signal SIGKILL; another one is started/);
  t.not(daemon.children()[0], engine);
});

t.test('with a real broker: its last will tells of a daemon that was killed', { skip: noMosquitto }, async (t) => {
  const broker = await new Mosquitto().start();
  t.teardown(() => broker.stop());
  const daemon = start(t, ['--source', 'demo', '--loop', '--mqtt', broker.url]);
  await daemon.subscribe(broker.url);
  const said = (what: string) => (one: { topic: string; payload: Buffer }) =>
    one.topic === 'minspnet/minspnet/status' && String(one.payload) === what;
  await daemon.message(said('online'));
  await daemon.line(/camera {4}camera: live/);
  const [engine = 0] = daemon.children();
  t.ok(engine > 0);
  daemon.kill('SIGKILL');
  await daemon.message(said('offline'));
  for (const until = performance.now() + 10_000; isRunning(engine) && performance.now() < until; ) await sleep(20);
  t.notOk(isRunning(engine), 'the engine does not outlive it');
});
