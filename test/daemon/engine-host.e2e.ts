import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { children } from '../../src/bench/processes.js';
import { EngineHost } from '../../src/daemon/engine-host.js';
import { EarlyEngine } from '../../src/daemon/engine-process.js';
import { protocolVersion } from '../../src/engine/protocol.js';
import { until } from '../support/until.js';
import { isEnd, isLive, isNew, type Message, settingsOf, start } from './watched-engine.js';

t.test('a picture is the whole one as JPEG; a camera that does not exist has none', async (t) => {
  const watched = await start(t);
  const [picture, again] = await Promise.all([watched.host.takePicture('door'), watched.host.takePicture('door')]);
  for (const { jpeg } of [picture, again]) t.strictSame([...jpeg.subarray(0, 3)], [0xff, 0xd8, 0xff]);
  t.match(picture, { width: 640, height: 360 }, 'no larger than snapshots');
  await t.rejects(watched.host.takePicture('nowhere'), { code: 'ERR_SOURCE_UNKNOWN' });
});

t.test('a camera is opened again, also when its file was over', async (t) => {
  const watched = await start(t);
  await watched.next(isNew, 0);
  watched.host.restartCamera('door');
  watched.host.restartCamera('door');
  await watched.next(isEnd('camera-restart'));
  await watched.next(isLive);
  await watched.next(isNew);
  t.strictSame(watched.lost, []);

  const once = await start(t, { loop: false, pace: 'max' });
  await once.next((message) => message.kind === 'capture' && message.state === 'ended', 0);
  await t.rejects(once.host.takePicture('door'), { code: 'ERR_SOURCE_NO_PICTURE' });
  once.host.restartCamera('door');
  await once.next(isLive);
});

t.test('another model runs in another engine; one that does not run leaves the old one', async (t) => {
  const watched = await start(t);
  await watched.next(isNew, 0);
  const { pid } = watched.host;
  const small = await settingsOf('minspnet-n');
  const replaced = watched.host.replace(small);
  await watched.next(isEnd('engine-restart'));
  await replaced;
  t.not(watched.host.pid, pid);
  await watched.next(isLive);
  await t.rejects(watched.host.replace({ ...small, model: { ...small.model, path: 'nowhere.onnx' } }), {
    code: /^ERR_MODEL/,
  });
  await watched.next(isLive);
  await watched.next(isNew);
  t.equal(watched.host.restarts, 0, 'none of that is a crash');
  t.strictSame(watched.lost, []);
});

t.test(
  'a stop and a replacement that meet both come to an end, and no engine is left',
  { timeout: 60_000 },
  async (t) => {
    const small = await settingsOf('minspnet-n');
    for (const delayMs of [0, 50, 300]) {
      const watched = await start(t);
      const replaced = watched.host.replace(small).then(
        () => 'ready', // where there was time
        ({ code }) => code,
      );
      await sleep(delayMs);
      await watched.host.stop(1000);
      t.match(await replaced, /^ERR_ENGINE|^ready$/, `${delayMs} ms before the stop`);
      t.equal(watched.host.pid, undefined);
    }
    const watched = await start(t);
    const stopped = watched.host.stop(1000);
    await t.rejects(watched.host.replace(small), { code: 'ERR_ENGINE_STOPPED' }, 'after the stop');
    await stopped;
    t.equal(watched.host.pid, undefined);
    t.equal(watched.host.state, 'stopped');
  },
);

t.test('where an engine dies, nobody is in view any more until another one says so', async (t) => {
  const watched = await start(t);
  const inView = (message: Message) =>
    message.kind === 'state' ? Object.values(message.state.counts).reduce((sum, count) => sum + count, 0) : undefined;
  await watched.next((message) => (inView(message) ?? 0) > 0, 0);
  process.kill(watched.host.pid ?? 0, 'SIGKILL');
  await watched.next(isEnd('engine-restart'));
  t.equal(
    watched.messages.map(inView).findLast((count) => count !== undefined),
    0,
  );
});

t.test('an engine that the system does not start is tried again', async (t) => {
  const watched = await start(t);
  process.env.LARGE = 'x'.repeat(200_000); // Linux takes no variable of that size
  t.teardown(() => {
    delete process.env.LARGE;
  });
  process.kill(watched.host.pid ?? 0, 'SIGKILL');
  await until(() => watched.lost.length >= 2);
  t.match(watched.lost, [/SIGKILL/, /E2BIG/]);
  delete process.env.LARGE;
  await watched.next(isLive);
});

t.test('an engine that says that TensorRT builds may be silent meanwhile, and not afterwards', async (t) => {
  // A stand-in at the outermost edge: TensorRT does not run here.
  const program = join(t.testdir(), 'engine.mjs');
  writeFileSync(
    program,
    `process.on('message', ({ kind }) => {
      if (kind !== 'start') return;
      process.send({ kind: 'ready', protocolVersion: ${protocolVersion}, facts: { provider: { active: 'tensorrt' } } });
      process.send({ kind: 'building', over: false });
      process.send({ kind: 'heartbeat', cameras: {} });
      setTimeout(() => process.send({ kind: 'building', over: true }), 1500);
    });`,
  );
  const lost: number[] = [];
  const startedAt = performance.now();
  const host = new EngineHost({
    settings: await settingsOf('minspnet-s'),
    listener: {
      ready: () => {},
      message: () => {},
      lost: () => lost.push(performance.now() - startedAt),
      gaveUp: () => {},
      setAside: () => {},
    },
    program,
    silenceMs: 300,
  });
  t.teardown(() => host.stop(0));
  host.start();
  await until(() => lost.length > 0);
  t.ok((lost[0] ?? 0) > 1500, `lost after ${lost[0]} ms`);
});

t.test('an engine of more cameras has more threads to wait for them', async (t) => {
  const watched = await start(t);
  const threads = () =>
    Number(/UV_THREADPOOL_SIZE=(\d+)/.exec(readFileSync(`/proc/${watched.host.pid}/environ`, 'latin1'))?.[1]);
  const before = threads();
  const settings = await settingsOf('minspnet-s');
  await watched.host.replace({ ...settings, cameras: { ...settings.cameras, yard: settings.cameras.door as never } });
  t.ok(threads() > before, `${threads()} after ${before}`);
});

t.test(
  'an engine that was launched early is the one that runs, if it lives and is what the settings need',
  async (t) => {
    const launch = (cameras: number) => {
      const others = children(process.pid);
      const early = new EarlyEngine({ runtime: {}, cameras });
      t.teardown(() => early[Symbol.dispose]());
      return { early, pid: children(process.pid).find((one) => !others.includes(one)) ?? Number.NaN };
    };
    const isGone = (pid: number) => until(() => !children(process.pid).includes(pid));
    const fit = launch(2);
    const watched = await start(t, {}, fit.early);
    t.equal(watched.host.pid, fit.pid);

    const small = launch(1);
    t.equal(small.early.take({ runtime: {}, cameras: 2 }), undefined, 'it has too few threads for the cameras');
    await isGone(small.pid);
    const dead = launch(1);
    process.kill(dead.pid, 'SIGKILL');
    await isGone(dead.pid);
    t.equal(dead.early.take({ runtime: {}, cameras: 1 }), undefined);
    const unused = launch(1);
    unused.early[Symbol.dispose]();
    await isGone(unused.pid);
  },
);
