import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { freePort, Mosquitto, noMosquitto } from '../support/broker.js';
import { makeClip } from '../support/clip.js';
import { TestDaemon } from '../support/daemon.js';
import { noRtspServer, RtspServer } from '../support/rtsp-server.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
/** What every password here holds, however it is encoded. */
const leaks = /hunter2|marked-user/i;
const password = 'hunter2 @/#';

/** Everything that a command says, whatever it ends with. */
function said(args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

const skip = noMosquitto || noRtspServer;
t.test('no camera’s password is in any log, message, answer or command', { skip, timeout: 110_000 }, async (t) => {
  const folder = t.testdir();
  const clip = join(folder, 'clip.mp4');
  await makeClip(clip, { width: 128, height: 96, frames: 500, fps: 25 });
  const server = await new RtspServer({ videos: [clip], user: 'viewer', password }).start();
  t.teardown(() => server.stop());
  const broker = await new Mosquitto().start();
  t.teardown(() => broker.stop());
  const [nobody, port] = [await freePort(), await freePort()];
  const config = join(folder, 'minspnet.yaml');
  const lines = [
    `mqtt: {url: "${broker.url}"}`,
    'log: {level: debug}',
    `http: {port: ${port}}`,
    'cameras:',
    `  right: {source: "${server.url()}", network: {username: viewer, password: !secret door}}`,
    `  wrong: {source: "${server.url('viewer:hunter2x@')}"}`,
    `  mixed: {source: "${server.url('viewer:hunter2y@')}", network: {password: "hunter2/z"}}`,
    `  path: {source: "${server.url(`viewer:${encodeURIComponent(password)}@`)}/nowhere"}`,
    `  token: {source: "http://127.0.0.1:${nobody}/mjpeg?token=hunter2"}`,
    `  whole: {source: !secret address}`,
    `  gst: {source: "gstreamer:rtspsrc user-id=me user-pw = 'hunter2 marked' location=rtsp://a:hunter2@127.0.0.1:${nobody}/x ! decodebin"}`,
    `  query: {source: "http://127.0.0.1:${nobody}/v?usr=marked-user&p=hunter2&psk=hunter2"}`,
    `  header: {source: 'gstreamer:souphttpsrc location=http://127.0.0.1:${nobody}/ extra-headers="x, Authorization=(string)\\"Bearer hunter2\\"" ! fakesink'}`,
    '  file: {source: !secret path}',
  ];
  const secrets = `path: /nowhere/hunter2-clip.mp4\ndoor: "${password}"\naddress: "rtsp://me:hunter2@127.0.0.1:${nobody}/x"\n`;
  writeFileSync(config, `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'secrets.yaml'), secrets);

  const daemon = new TestDaemon(['run', '--config', config], join(folder, 'state'));
  t.teardown(() => daemon.dispose());
  await daemon.subscribe(broker.url);
  const heardOf = (camera: string, pattern: RegExp) =>
    daemon.message(
      ({ topic, payload }) => topic === `minspnet/minspnet/${camera}/status` && pattern.test(String(payload)),
      40_000,
    );
  await heardOf('right', /"state":"live"/);
  for (const camera of ['wrong', 'mixed']) await heardOf(camera, /"code":"ERR_SOURCE_LOGIN"/);
  await heardOf('path', /"code":"ERR_SOURCE_MISSING"/);
  for (const camera of ['token', 'whole', 'gst', 'query', 'header', 'file'])
    await heardOf(camera, /"code":"ERR_SOURCE_/);
  const info = await daemon.message(({ topic }) => topic === 'minspnet/minspnet/info');
  const { cameras } = JSON.parse(String(info.payload)) as { cameras: { name: string; source: string }[] };
  t.match(cameras[0], { name: 'right', source: `rtsp://${new URL(server.url()).host}` }, 'scheme and host are told');
  await daemon.message(({ topic, payload }) => topic.endsWith('/health') && /ERR_SOURCE_LOGIN/.test(String(payload)));
  await daemon.publish('minspnet/minspnet/request/still', '{"camera":"wrong"}');
  await daemon.message(({ topic }) => topic.endsWith('/response/still'));

  t.ok(daemon.lines.length > 10);
  t.notMatch(daemon.lines.join('\n'), leaks, 'the log');
  t.notMatch(daemon.stderr, leaks, 'standard error');
  const heard = daemon.heard.filter(({ topic }) => !topic.includes('/request/'));
  t.ok(heard.length > 20);
  for (const { topic, payload } of heard) if (leaks.test(String(payload))) t.fail(`${topic}: ${payload}`);

  const page = `http://127.0.0.1:${port}`;
  const asked = [
    ...['info', 'cameras', 'health', 'settings', 'events', 'series?span=hour', 'counts'].map((name) => `/api/${name}`),
    '/api/explain?camera=wrong',
    ...['/metrics', '/healthz', '/readyz', '/cameras/wrong/still.jpg', '/cameras/nobody/still.jpg'],
  ];
  for (const path of asked) {
    const answer = await fetch(page + path, { signal: AbortSignal.timeout(10_000) });
    const text = [...answer.headers].join('\n') + (await answer.text());
    t.notMatch(text, leaks, path);
    t.not(answer.status, 500, `${path}: ${answer.status}`);
  }
  const trials: [string, object][] = [
    ['test-source', { source: server.url('viewer:hunter2x@') }],
    [
      'test-source',
      { source: `gstreamer:rtspsrc user-id=me user-pw=hunter2 location=rtsp://127.0.0.1:${nobody}/x ! decodebin` },
    ],
    ['test-broker', { url: `mqtt://marked-user:hunter2@127.0.0.1:${nobody}` }],
    ['requests/still', { camera: 'wrong' }],
  ];
  for (const [path, body] of trials) {
    const answer = await fetch(`${page}/api/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(40_000),
    });
    const text = await answer.text();
    t.ok(text.length > 10, `${path}: ${answer.status} ${text}`);
    t.notMatch(text, leaks, path);
  }

  // One that works, so there is a whole report.
  const right = server.url(`viewer:${encodeURIComponent(password)}@`);
  for (const args of [
    ['config', 'check', config],
    ['config', 'show', '--config', config],
    ['doctor', '--config', config],
    ['snapshot', 'wrong', '--config', config],
    ['snapshot', 'gst', '--config', config],
    ['snapshot', server.url('viewer:hunter2@')],
    ['bench', '--source', server.url('viewer:hunter2@'), '--duration', '1s'],
    ['bench', '--source', right, '--duration', '1s', '--json', '-'],
    ['run', '--mqtt', 'mqtt://me:hun#hunter2@127.0.0.1'],
  ]) {
    const words = await said(args);
    t.ok(words.length > 10, words);
    t.notMatch(words, leaks, args.slice(0, 2).join(' '));
  }
});
