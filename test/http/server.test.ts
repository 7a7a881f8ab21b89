import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { httpSettings } from '../../src/config/http-settings.js';
import { defaultSettings } from '../../src/config/load.js';
import { Redactor } from '../../src/config/mask.js';
import type { FeedMessage } from '../../src/contract/live.js';
import { unpackLiveFrame } from '../../src/contract/live-message.js';
import type { Backend, ShownPicture } from '../../src/http/backend.js';
import { HttpServer } from '../../src/http/server.js';
import { until } from '../support/until.js';

const token = 'correct-horse-battery';

/** A daemon with one camera that gives a picture each 10 ms, of 100 kB. */
class Board {
  shown = 0;
  listeners = new Set<(message: FeedMessage) => void>();
  info = () => ({ secret: 'rtsp://admin:hunter2@door/1' }) as never;
  cameras = () => [{ name: 'door' }] as never;
  health = () => null;
  notReady = () => undefined;
  present = (): FeedMessage[] => [{ kind: 'configured' }];
  listen = (listener: (message: FeedMessage) => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  show = async (camera: string): Promise<ShownPicture> => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    this.shown += 1;
    return { jpeg: Buffer.alloc(100_000, 7), frame: { camera, tracks: [] } as never };
  };
}

async function start(t: Test, settings: { token?: string; frameAncestors?: string[] } = {}) {
  const folder = t.testdir();
  const page = join(folder, 'page');
  await mkdir(join(page, 'assets'), { recursive: true });
  await writeFile(join(page, 'index.html'), '<title>the page</title>');
  await writeFile(join(page, 'assets', 'x.js'), 'export {};');
  await writeFile(join(folder, 'minspnet.yaml'), 'password: hunter2');
  const board = new Board();
  const redactor = new Redactor();
  redactor.add('hunter2');
  const server = new HttpServer({
    settings: { ...defaultSettings().http, ...settings, port: 0 },
    strictPort: true,
    page,
    backend: board as unknown as Backend,
    redactor,
    failed: (error) => t.fail(error.message),
  });
  await server.start();
  t.teardown(() => server.stop());
  return { board, server, url: `http://127.0.0.1:${server.port}` };
}

/** As it is: `fetch` would clean the path. */
function rawGet(port: number, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const ask = request({ port, host: '127.0.0.1', path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    ask.on('error', reject).end();
  });
}

t.test('the page is served, what lies beside it is not, and nothing secret leaves', async (t) => {
  const { server, url } = await start(t);
  const index = await fetch(url);
  t.match(await index.text(), 'the page');
  t.match(index.headers.get('content-security-policy'), "default-src 'none'");
  t.match(index.headers.get('content-security-policy'), /; frame-ancestors 'self'$/, 'in nobody else’s frame');
  t.match((await fetch(`${url}/assets/x.js`)).headers.get('cache-control'), 'immutable');
  const up = ['/../minspnet.yaml', '/..%2fminspnet.yaml', '/%2e%2e/minspnet.yaml', '/assets/../../minspnet.yaml'];
  for (const path of [...up, '/assets/..%5c..%5cminspnet.yaml', '//etc/passwd', '/api/events/..%2f..%2fx/clip.mp4']) {
    const { status, text } = await rawGet(server.port, path);
    t.ok(status >= 400 && !text.includes('hunter2'), `${path}: ${status}`);
  }
  const info = await (await fetch(`${url}/api/info`)).text();
  t.notMatch(info, 'hunter2');
});

t.test('only pages of the named origins may show it in a frame', async (t) => {
  const { url } = await start(t, { frameAncestors: ['http://homeassistant.lan:8123'] });
  const { headers } = await fetch(url);
  t.match(headers.get('content-security-policy'), /; frame-ancestors 'self' http:\/\/homeassistant\.lan:8123$/);
  const reads = (frameAncestors: string[]) => httpSettings.safeParse({ frameAncestors }).success;
  t.ok(reads(['http://homeassistant.lan:8123', 'https://[::1]']));
  for (const bad of [
    '*',
    'homeassistant.lan',
    'http://a b',
    "http://a; script-src 'unsafe-inline'",
    'http://*',
    'http://a/',
  ]) {
    t.notOk(reads([bad]), bad);
  }
});

t.test('without the token there is the page, the login and whether it lives; with it, all', async (t) => {
  const { server, url } = await start(t, { token });
  for (const path of ['/', '/healthz', '/readyz', '/api/session']) t.equal((await fetch(url + path)).status, 200, path);
  for (const path of ['/api/info', '/metrics', '/cameras/door/still.jpg', '/api/nothing']) {
    const { status } = await fetch(url + path);
    t.ok(status === 401 || path === '/api/nothing', `${path}: ${status}`);
  }
  const login = (given: string) =>
    fetch(`${url}/api/login`, {
      method: 'POST',
      body: JSON.stringify({ token: given }),
      headers: { 'content-type': 'application/json' },
    });
  t.equal((await login('wrong')).status, 401);
  const cookie = (await login(token)).headers.get('set-cookie')?.split(';')[0] ?? '';
  t.equal((await fetch(`${url}/api/info`, { headers: { cookie } })).status, 200);
  for (let i = 0; i < 9; i++) await login('wrong');
  const late = await login(token);
  t.equal(late.status, 429);
  t.ok(late.headers.get('retry-after'));
  const socket = new WebSocket(`${url}/api/live?camera=door`);
  await new Promise((resolve) => socket.once('error', resolve));
  t.ok(server.refusals.counts.token >= 3 && server.refusals.counts.rate >= 1, JSON.stringify(server.refusals.counts));
});

t.test('what is too long, no JSON or from another page is refused, counted, and costs nothing else', async (t) => {
  const { server, url } = await start(t);
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/api/login`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  t.equal((await post(JSON.stringify({ token: 'x'.repeat(1_000_000) }))).status, 413);
  t.equal((await post('{')).status, 400);
  t.equal((await post('{"token":"x","__proto__":{"admin":true}}')).status, 400);
  t.equal((await post('{"token":"x","more":1}')).status, 400);
  t.equal((await post('{"token":"x"}', { origin: 'http://evil.example' })).status, 403);
  const socket = new WebSocket(`${url}/api/feed`, { origin: 'http://evil.example' });
  const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
  t.match(error.message, '403');
  const { body, origin } = server.refusals.counts;
  t.ok(body >= 3 && origin === 2, JSON.stringify(server.refusals.counts));
});

t.test('two hundred sockets that ask for nothing keep nobody out', async (t) => {
  const { server, url } = await start(t);
  const sockets: Socket[] = Array.from({ length: 200 }, () => connect(server.port, '127.0.0.1').on('error', () => {}));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  await until(() => server.refusals.counts.connections >= 130);
  t.equal((await fetch(`${url}/healthz`)).status, 200);
});

t.test('pictures are made while somebody watches; who is slow gets fewer of them, and slows nobody', async (t) => {
  const { board, url } = await start(t);
  t.equal(board.shown, 0);
  const watch = (answers: boolean) => {
    const socket = new WebSocket(`${url}/api/live?camera=door`);
    const numbers: number[] = [];
    socket.on('message', (data: Buffer) => {
      const message = data.buffer.slice(data.byteOffset, data.byteOffset + data.length) as ArrayBuffer;
      const { frame, jpeg } = unpackLiveFrame(message);
      t.ok(jpeg.length === 100_000 && jpeg[0] === 7, 'the picture is whole');
      numbers.push(frame.number);
      if (answers) socket.send(String(frame.number));
    });
    return { socket, numbers };
  };
  const slow = watch(false);
  const fast = watch(true);
  await until(() => fast.numbers.length >= 20);
  t.equal(slow.numbers.length, 2, 'the third waits for the answer to the first');
  t.strictSame(
    fast.numbers,
    fast.numbers.map((_, i) => (fast.numbers[0] ?? 0) + i),
    'it misses none',
  );
  slow.socket.send('1');
  await until(() => slow.numbers.length === 3);
  t.ok((slow.numbers[2] ?? 0) >= 20, 'the newest, not one that waited');
  slow.socket.terminate();
  fast.socket.terminate();
  await until(() => board.listeners.size === 0);
  // Pictures come each 67 ms while somebody watches.
  for (let quiet = 0, end = performance.now() + 10_000; quiet < 5; ) {
    const before = board.shown;
    await new Promise((resolve) => setTimeout(resolve, 100));
    quiet = board.shown === before ? quiet + 1 : 0;
    if (performance.now() > end) return t.fail('nobody watches, but pictures are made');
  }
});

t.test('the feed tells what is, then what comes; a camera that is not there is said', async (t) => {
  const { board, url } = await start(t);
  const feed = new WebSocket(`${url}/api/feed`);
  const heard: FeedMessage[] = [];
  feed.on('message', (data) => heard.push(JSON.parse(String(data))));
  await until(() => heard.length === 1);
  for (const tell of board.listeners) tell({ kind: 'configured' });
  await until(() => heard.length === 2);
  feed.terminate();
  await until(() => board.listeners.size === 0);
  const unknown = new WebSocket(`${url}/api/live?camera=attic`);
  t.equal(await new Promise((resolve) => unknown.once('close', resolve)), 4404);
});
