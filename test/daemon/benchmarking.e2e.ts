import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { benchmarkSummary } from '../../src/contract/benchmark.js';
import type { Response } from '../../src/contract/request.js';
import { type Heard, Listener, Mosquitto, noMosquitto, startAedes } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';
import { schemaMistake } from '../support/schemas.js';

t.setTimeout(400_000); // each benchmark takes half a minute, on a busy machine more

async function start(t: Test): Promise<TestDaemon> {
  const broker = noMosquitto === false ? await new Mosquitto().start() : await startAedes();
  t.teardown(() => broker.stop());
  const daemon = new TestDaemon(['run', '--source', 'demo', '--loop', '--mqtt', broker.url], t.testdir());
  t.teardown(() => daemon.dispose());
  await daemon.subscribe(broker.url);
  await daemon.line(/ready/);
  await daemon.message(({ topic }) => topic.endsWith('/health')); // the engine's work is counted
  return daemon;
}

const ask = (daemon: TestDaemon, transaction: string) =>
  daemon.publish('minspnet/minspnet/request/benchmark', JSON.stringify({ transaction }));

async function answer(daemon: TestDaemon, transaction: string, patienceMs: number): Promise<Response> {
  const is = ({ topic, payload }: Heard) => topic.endsWith('/response/benchmark') && payload.includes(transaction);
  return JSON.parse(String((await daemon.message(is, patienceMs)).payload));
}

/** The daemon's children that measure. */
const measuring = (daemon: TestDaemon) =>
  daemon.children().filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('benchmark-program'));

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
}

t.test('a benchmark is asked for: one at a time, answered, retained, and the cameras go on', async (t) => {
  const daemon = await start(t);
  await ask(daemon, 'first');
  await ask(daemon, 'second');
  t.match(await answer(daemon, 'second', 10_000), { status: 'error', code: 'ERR_REQUEST_BUSY', error: /benchmark/ });
  const { status, data } = await answer(daemon, 'first', 200_000);
  t.equal(status, 'ok');
  const summary = benchmarkSummary.parse(data);
  t.equal(schemaMistake('response-benchmark', { status, data }), undefined);
  t.ok(summary.inferenceMs.samples > 0 && summary.fps > 0);
  t.ok((summary.camerasFps ?? 0) > 0, `the camera went on, ${summary.camerasFps} pictures a second`);
  t.equal(measuring(daemon).length, 0, 'nothing is left of it');

  const late = await Listener.on((await daemon.line(/(mqtt:\/\/[\d.:]+)/))[1] ?? '', 'minspnet/+/benchmark');
  t.teardown(() => late.stop());
  await late.until(() => late.heard.length > 0);
  t.ok(late.heard[0]?.retain, 'who comes later is told, too');
  t.strictSame(late.json('/benchmark')[0], data);
});

t.test('the answer comes when what measures dies, and when the daemon stops', async (t) => {
  const daemon = await start(t);
  await ask(daemon, 'dies');
  await until(() => measuring(daemon).length > 0);
  for (const pid of measuring(daemon)) process.kill(pid, 'SIGKILL');
  t.match(await answer(daemon, 'dies', 20_000), { status: 'error', code: 'ERR_ENGINE_MEASURE', error: /SIGKILL/ });

  await ask(daemon, 'stops');
  await until(() => measuring(daemon).length > 0);
  const [pid] = measuring(daemon);
  daemon.kill('SIGTERM');
  t.match(await answer(daemon, 'stops', 20_000), { status: 'error', code: 'ERR_REQUEST_STOPPED', error: /stops/ });
  t.equal(await daemon.exited, 0);
  t.throws(() => process.kill(pid ?? 0, 0), { code: 'ESRCH' }, 'and it is gone, too');
});
