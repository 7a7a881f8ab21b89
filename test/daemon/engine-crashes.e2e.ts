import { getEventListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Settings } from '../../src/config/schema.js';
import { EngineHost } from '../../src/daemon/engine-host.js';
import { tryModel } from '../../src/daemon/model-trial.js';
import { isSound } from '../../src/daemon/probe.js';
import { protocolVersion } from '../../src/engine/protocol.js';
import { until } from '../support/until.js';
import { type Message, settingsOf } from './watched-engine.js';

/** A stand-in for an engine, which native code can't be made to kill at will. @param body on `start`, with its `cameras` */
function standIn(t: Test, body: string): string {
  const program = join(t.testdir(), 'engine.mjs');
  writeFileSync(
    program,
    `let cameras = [];
    process.on('message', async ({ kind, id, settings }) => {
      if (kind === 'stop') process.exit(0);
      if (kind === 'configure' || kind === 'self-test') {
        if (settings) cameras = Object.keys(settings.cameras);
        process.send({ kind: 'configured', id, facts: { provider: { active: 'cpu' } } });
      }
      if (kind !== 'start') return;
      cameras = Object.keys(settings.cameras);
      ${body}
    });`,
  );
  return program;
}
const ready = `process.send({ kind: 'ready', protocolVersion: ${protocolVersion}, facts: { provider: { active: 'cpu' } } });`;
const beat = `setInterval(() => process.send({ kind: 'heartbeat', at: 0, rssBytes: 0, cpuSeconds: 0,
  cameras: Object.fromEntries(cameras.map((camera) => [camera, { frames: camera === 'b' ? 0 : 9 }])) }), 20);`;

t.test('a camera that engines die of is set aside with its reason, tried alone, and the others go on', async (t) => {
  const program = standIn(
    t,
    `${ready} ${beat} if (cameras.includes('b')) setTimeout(() => process.kill(process.pid, 'SIGSEGV'), 100);`,
  );
  const settings = await settingsOf('minspnet-s');
  const camera = settings.cameras.door as Settings['cameras'][string];
  const messages: Message[] = [];
  const failed: unknown[] = [];
  let lost = 0;
  const host = new EngineHost({
    settings: { ...settings, cameras: { a: camera, b: camera, c: camera } },
    listener: {
      ready: () => {},
      message: (message) => messages.push(message as Message),
      lost: () => {
        lost += 1;
      },
      gaveUp: (error) => t.fail(error.message),
      setAside: (...what) => failed.push(what),
    },
    program,
    probeMs: 200,
  });
  t.teardown(() => host.stop(0));
  host.start();
  await until(() => failed.length > 0);
  t.strictSame(failed, [['b', 'signal SIGSEGV', 200]]);
  await until(() => host.state === 'ready');
  const { pid } = host;
  const from = messages.length;
  await sleep(1500); // several tries alone
  t.equal(host.pid, pid, 'the engine of the others lives on');
  t.equal(lost, 2);
  const last = messages.slice(from).findLast(({ kind }) => kind === 'heartbeat');
  t.strictSame(Object.keys((last as { cameras: object }).cameras), ['a', 'c']);
  await t.rejects(host.takePicture('b'), { code: 'ERR_SOURCE_NO_PICTURE' });
  t.ok(host.isWell);
});

t.test('a camera that proves to be sound when it is tried alone comes back', { timeout: 120_000 }, async (t) => {
  const marker = join(t.testdir({}), 'mended');
  const program = standIn(
    t,
    `const fs = await import('node:fs');
     ${ready} ${beat.replace('? 0', '? 1')}
     if (cameras.includes('b') && !fs.existsSync(${JSON.stringify(marker)})) setTimeout(() => process.exit(1), 100);`,
  );
  const settings = await settingsOf('minspnet-s');
  const camera = settings.cameras.door as Settings['cameras'][string];
  const failed: string[] = [];
  let running: string[] = [];
  const host = new EngineHost({
    settings: { ...settings, cameras: { a: camera, b: camera } },
    listener: {
      ready: () => {},
      message: (message) => {
        if (message.kind === 'heartbeat') running = Object.keys(message.cameras);
      },
      lost: () => {},
      gaveUp: (error) => t.fail(error.message),
      setAside: (name) => {
        failed.push(name);
        running = [];
      },
    },
    program,
    probeMs: 300,
    soundMs: 300,
  });
  t.teardown(() => host.stop(0));
  host.start();
  await until(() => failed.includes('b') && running.join() === 'a', 60_000);
  const { restarts } = host;
  writeFileSync(marker, '');
  await until(() => running.join() === 'a,b', 60_000);
  t.equal(host.restarts, restarts, 'without another engine');
});

t.test('what is tried alone must be analysed, not only live', async (t) => {
  const settings = await settingsOf('minspnet-s');
  const camera = settings.cameras.door as Settings['cameras'][string];
  const { signal } = new AbortController();
  const tried = (body: string, name: string) => {
    const cameras = { [name]: camera };
    return isSound(name, { ...settings, cameras }, signal, standIn(t, body), 300);
  };
  t.ok(await tried(`${ready} ${beat}`, 'a'));
  t.notOk(await tried(`${ready} ${beat}`, 'b'), 'no picture of it was analysed');
  t.notOk(await tried('process.exit(1);', 'a'));
  t.strictSame(getEventListeners(signal, 'abort'), [], 'nothing of a trial is kept');
});

t.test('nothing is kept of an engine that tried a model, whether it can be used or not', async (t) => {
  const settings = await settingsOf('minspnet-s');
  const { signal } = new AbortController();
  t.match(await tryModel(settings, 60_000, signal, standIn(t, ready)), { provider: { active: 'cpu' } });
  await t.rejects(tryModel(settings, 60_000, signal, standIn(t, 'process.exit(1);')), { code: 'ERR_MODEL_SELF_TEST' });
  t.strictSame(getEventListeners(signal, 'abort'), []);
});

t.test('engines that die before they are ready are given up after five', async (t) => {
  const lost: string[] = [];
  const given: string[] = [];
  const host = new EngineHost({
    settings: await settingsOf('minspnet-s'),
    listener: {
      ready: () => {},
      message: () => {},
      lost: (reason) => lost.push(reason),
      gaveUp: ({ code }) => given.push(code),
      setAside: () => {},
    },
    program: standIn(t, 'process.exit(3);'),
  });
  t.teardown(() => host.stop(0));
  host.start();
  await until(() => given.length > 0, 20_000);
  t.strictSame(given, ['ERR_ENGINE_START']);
  t.equal(lost.length, 4);
  t.match(lost[0], /exit code 3/);
});

t.test('the host is well while its engine speaks, and not when it is stopped', async (t) => {
  const host = new EngineHost({
    settings: await settingsOf('minspnet-s'),
    listener: { ready: () => {}, message: () => {}, lost: () => {}, gaveUp: () => {}, setAside: () => {} },
    program: standIn(t, `${ready} ${beat}`),
  });
  t.notOk(host.isWell, 'not before it starts');
  host.start();
  t.ok(host.isWell);
  await until(() => host.state === 'ready');
  t.ok(host.isWell);
  await host.stop(0);
  t.notOk(host.isWell);
});
