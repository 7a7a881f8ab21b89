import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { exitCodes } from '../../src/contract/errors.js';
import { jpegSize } from '../../src/pipeline/capture/cut.js';
import { installRpicam } from '../support/rpicam.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

/** `minspnet snapshot` in a folder of its own, where `bin` comes first on the search path. */
async function snapshot(t: Test, ...args: string[]) {
  const cwd = t.testdirName;
  const env = { ...process.env, PATH: `${join(cwd, 'bin')}:${process.env.PATH}` };
  const child = spawn(process.execPath, [cli, 'snapshot', ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([buffer(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number, bytes: stdout, stdout: stdout.toString(), stderr };
}

t.test('of the demo clip, to a file and to standard output', async (t) => {
  t.testdir();
  const { code, stdout, stderr } = await snapshot(t, 'demo');
  const jpeg = readFileSync(join(t.testdirName, 'demo.jpg'));
  t.strictSame([code, stderr], [exitCodes.ok, '']);
  t.equal(stdout, `demo.jpg  640x360, ${jpeg.length} bytes, demo (mov/h264)\n`);
  t.strictSame(jpegSize(jpeg), { width: 640, height: 360 });
  const piped = await snapshot(t, 'demo', '--output', '-');
  t.ok(piped.bytes.equals(jpeg), 'the same bytes, and nothing else');
  t.match(piped.stderr, /^640x360, \d+ bytes, demo/);
});

t.test('of a camera by its name in the settings, with what they say of it', async (t) => {
  const settings = 'cameras: {door: {source: "libcamera:0", size: [322, 200], captureFps: 20}}\n';
  const folder = t.testdir({ 'minspnet.yaml': settings });
  const log = join(folder, 'calls');
  installRpicam(join(folder, 'bin'), { log, largest: [320, 200] });
  const { code, stdout, stderr } = await snapshot(t, 'door', '-o', 'a.jpg');
  t.equal(code, exitCodes.ok, stderr);
  t.match(stdout, /^a\.jpg {2}320x200, \d+ bytes, libcamera:0 \(rpicam-vid\)\n$/);
  t.match(stderr, /^note: asked for 322x200, this camera gives 320x200$/m);
  t.strictSame(jpegSize(readFileSync(join(folder, 'a.jpg'))), { width: 320, height: 200 });
});

t.test('a camera that the daemon may hold: whom to ask', async (t) => {
  const folder = t.testdir({ 'minspnet.yaml': 'node: porch\ncameras: {door: {source: "libcamera:0"}}\n' });
  installRpicam(join(folder, 'bin'), { refuses: 'failed to acquire camera' });
  const { code, stderr } = await snapshot(t, 'door');
  t.equal(code, exitCodes.source);
  t.match(stderr, /mosquitto_pub -q 1 -t minspnet\/porch\/request\/snapshot -m '\{"camera":"door"\}'/);
  t.match(stderr, /\[ERR_SOURCE_BUSY\]/);
  t.notMatch((await snapshot(t, 'libcamera:0')).stderr, /mosquitto_pub/, 'of an address the daemon knows nothing');
  t.notOk(existsSync(join(folder, 'door.jpg')));
});

t.test('a camera that says nothing is given up in time, and its password is not told', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const url = `rtsp://me:hunter2@127.0.0.1:${(silent.address() as AddressInfo).port}/x`;
  t.testdir();
  const startedAt = performance.now();
  const { code, stderr } = await snapshot(t, url, '--timeout', '1');
  t.equal(code, exitCodes.unreachable, stderr);
  t.match(stderr, /rtsp:\/\/127\.0\.0\.1:\d+ gave no picture within 1 s.*\[ERR_SOURCE_TIMEOUT\]/);
  t.notMatch(stderr, /hunter2/);
  t.ok(performance.now() - startedAt < 9000, 'before the network’s own time-out of 10 s');
});

t.test('what can’t be: no such camera, no such source, no such folder', async (t) => {
  const folder = t.testdir({ 'minspnet.yaml': 'cameras: {door: {source: demo}, yard: {source: demo}}\n' });
  writeFileSync(join(folder, 'text.jpg'), 'no picture');
  const cases: [string[], number, RegExp][] = [
    [['garden'], exitCodes.usage, /no camera is called "garden" in minspnet\.yaml \(there: door, yard\)/],
    [['gopher://x'], exitCodes.usage, /is no source; wanted:/],
    [['door', '-o', 'nowhere/a.jpg'], exitCodes.state, /nowhere\/a\.jpg can’t be written/],
    [['file:nowhere.mp4'], exitCodes.input, /does not exist/],
    [['text.jpg'], exitCodes.source, /ERR_SOURCE_/],
    [['door', '--timeout', '0'], exitCodes.usage, /above 0/],
  ];
  for (const [args, code, message] of cases) {
    t.match(await snapshot(t, ...args), { code, stdout: '', stderr: message }, args.join(' '));
  }
});
