import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { BrokerTest, HttpInfo, HttpTask } from '../../src/contract/http.js';
import { jpegSize } from '../../src/pipeline/capture/cut.js';
import { Mosquitto, noMosquitto } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';

t.test('a board without settings is set up by the page', { skip: noMosquitto, timeout: 110_000 }, async (t) => {
  const broker = await new Mosquitto().start();
  t.teardown(() => broker.stop());
  const folder = t.testdir();
  const file = join(folder, 'minspnet.yaml');
  const environment = { MINSPNET_CONFIG: '', MINSPNET_HTTP__PORT: '0', MINSPNET_MQTT__BROKER__PORT: '0' };
  const inside = ['env', '-C', folder];
  const daemon = new TestDaemon(['run'], join(folder, 'state'), environment, inside);
  t.teardown(() => daemon.dispose());
  const [, url = ''] = await daemon.line(/http {6}(http:\/\/127\.0\.0\.1:\d+)/);
  const ask = (method: string, path: string, body?: unknown) =>
    fetch(url + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  const json = async <Answer>(method: string, path: string, body?: unknown) =>
    (await (await ask(method, path, body)).json()) as Answer;

  t.match(await json<HttpInfo>('GET', '/api/info'), {
    firstRun: true,
    writable: true,
    settingsFile: /minspnet\.yaml$/,
  });
  t.match(await json('POST', '/api/discover'), { cameras: [], locked: [], notes: [] });

  await t.test('a broker that takes us, and one that is not there', async (t) => {
    t.match(await json<BrokerTest>('POST', '/api/test-broker', { url: broker.url }), { ok: true });
    const away = await json<BrokerTest>('POST', '/api/test-broker', { url: 'mqtt://127.0.0.1:1' });
    t.match(away, { ok: false, code: /^ERR_BROKER/, reason: /127\.0\.0\.1:1/ });
    t.match(await json('POST', '/api/test-broker', { url: 'nonsense' }), { ok: false, code: 'ERR_CONFIG_BROKER_URL' });
  });

  await t.test('a source that gives a picture, and those that do not', async (t) => {
    const picture = await ask('POST', '/api/test-source', { source: 'demo' });
    t.match(jpegSize(new Uint8Array(await picture.arrayBuffer())), { width: 640, height: 360 });
    const missing = await ask('POST', '/api/test-source', { source: '/nowhere/clip.mp4' });
    t.match([missing.status, await missing.json()], [503, { code: /^ERR_SOURCE/, error: /nowhere/ }]);
    const program = await ask('POST', '/api/test-source', { source: 'gstreamer:filesink location=/tmp/x' });
    t.match([program.status, await program.json()], [403, { code: 'ERR_REQUEST_DENIED' }]);
  });

  await t.test('the file is written, and in force', async (t) => {
    const cameras = { street: { source: 'demo', fps: 4 } };
    t.match(await json('POST', '/api/first-run', { node: 'porch', cameras }), { file, backup: null });
    t.equal(
      readFileSync(file, 'utf8'),
      'node: porch\ncameras:\n  street:\n    source: demo\n    loop: true\n    fps: 4\n',
    );
    t.match(await json('GET', '/api/cameras'), { cameras: [{ name: 'street', settings: { fps: 4 } }] });
    t.equal((await ask('POST', '/api/first-run', { cameras })).status, 409);
    const change = (path: string[], value: unknown) => ask('PATCH', '/api/settings', { changes: [{ path, value }] });
    t.equal((await change(['cameras', 'street', 'minScore'], 0.8)).status, 200);
    t.match(await json('GET', '/api/cameras'), { cameras: [{ settings: { minScore: 0.8 } }] });
    t.equal((await change(['runtime', 'library'], '/tmp/evil.so')).status, 403);
    t.equal((await change(['cameras', 'street', 'minScore'], 8)).status, 400);
  });

  await t.test('what can be asked for over MQTT can be here; a measurement is a task', async (t) => {
    t.match(await json('POST', '/api/requests/rate', { camera: 'street', fps: 2 }), { fps: 2 });
    t.match(await json('POST', '/api/requests/models', {}), { models: [{ name: /minspnet/ }] });
    t.equal((await ask('POST', '/api/requests/nonsense', {})).status, 404);
    t.match(await json<HttpTask>('GET', '/api/benchmark'), { state: 'none' });
    t.match(await json<HttpTask>('POST', '/api/benchmark'), { state: 'running' });
    t.equal((await ask('POST', '/api/tune')).status, 409, 'one at a time');
  });
});
