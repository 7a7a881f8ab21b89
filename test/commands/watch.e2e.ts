import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import type { NodeEvent } from '../../src/client/index.js';
import { BoardView } from '../../src/commands/watch/board-view.js';
import { freePort, startAedes } from '../support/broker.js';
import { observation } from '../support/events.js';
import { createPublisher, startConnected, temporaryDirectory } from '../support/publishing.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const at = Date.parse('2026-11-25T00:00:00.040Z');

function event(values: Partial<NodeEvent> = {}): NodeEvent {
  const delivery = { stream: 'a', seq: 1, publishedAt: '', publishedMonotonicMs: 1, replayed: false, node: 'shed' };
  return { ...observation({ camera: 'door' }), ...delivery, ...values } as NodeEvent;
}

t.test('the table names each camera, what is in view, and the last events, in the room that there is', async (t) => {
  const view = new BoardView('mqtt://host');
  view.status({ node: 'shed', status: 'online' });
  view.status({ node: 'attic', status: 'offline' });
  view.cameraStatus({ node: 'shed', camera: 'door', state: 'live', at: '' });
  view.cameraState({ node: 'shed', camera: 'door', at: '', counts: { person: 2, cat: 0 }, moving: 0, zones: {} });
  view.cameraStatus({ node: 'attic', camera: 'roof', state: 'live', at: '' });
  for (let i = 0; i < 300; i++) view.message(event({ id: `t${i}` }), at);
  view.message({ type: 'gap', node: 'shed', camera: 'door', from: 4, to: 6, at: '', reason: 'missed' }, at);
  const plain = view.lines(120, 10).map(stripVTControlCharacters);
  t.equal(plain.length, 10);
  t.same(plain.slice(0, 5), [
    'mqtt://host  1 of 2 boards online, 2 cameras',
    'board  camera  state    events  missing  delay  in view',
    'attic  roof    offline  0       0',
    'shed   door    live     300     3        40 ms  2 person',
    '',
  ]);
  t.match(plain[8], /shed door: person t299 appeared, 80 %/);
  t.match(plain[9], /shed door: events 4 to 6 are missing \(missed\)/);
  view.notice('the broker is away');
  t.equal(view.lines(120, 10).at(-1), 'the broker is away');
  for (const line of view.lines(20, 30)) t.ok(stripVTControlCharacters(line).length <= 20);
  t.same(view.lines(80, 0), []);
});

t.test('in a pipe: a JSON line for each wanted event, until a signal', async (t) => {
  const broker = await startAedes();
  const home = await temporaryDirectory();
  const publisher = createPublisher(broker.url, home.path, { node: 'shed' });
  await startConnected(publisher);
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 0 });
    await broker.stop();
    await home[Symbol.asyncDispose]();
  });
  const child = spawn(process.execPath, [
    cli,
    'watch',
    '--url',
    broker.url,
    '--class',
    'cat',
    'dog',
    '--camera',
    'door',
  ]);
  t.teardown(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  // It may not have subscribed yet: the first events may be before its time.
  for (let i = 0; lines.length < 3 && i < 500; i++) {
    for (const [camera, name] of [
      ['door', 'person'],
      ['street', 'cat'],
      ['door', 'cat'],
    ]) {
      publisher.observation(observation({ camera: camera as string, class: name as string }));
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const line of lines) t.match(JSON.parse(line), { type: 'new', node: 'shed', camera: 'door', class: 'cat' });
  t.ok(lines.length >= 3);
  child.kill('SIGINT');
  t.same(await exited, [0, null]);
});

t.test('no broker: exit code 69, and what to do', async (t) => {
  const child = spawn(process.execPath, [cli, 'watch', '--url', `mqtt://127.0.0.1:${await freePort()}`], {
    env: { ...process.env, MINSPNET_MQTT__CONNECTSECONDS: '0.2' },
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  t.same(await once(child, 'close'), [69, null]);
  t.match(
    said,
    /error: the broker mqtt:\/\/127.0.0.1:\d+ is away: .* Check that it runs, and the address in --url\. \[ERR_BROKER_AWAY\]/,
  );
});

t.test('a signal ends it as well where no broker answers', async (t) => {
  const silent = createServer((socket) => socket.on('error', () => {}).resume());
  const curt = createServer((socket) => socket.destroy());
  for (const server of [silent, curt]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const child = spawn(process.execPath, [cli, 'watch', '--url', url], {
      env: { ...process.env, MINSPNET_MQTT__CONNECTSECONDS: '600' },
    });
    t.teardown(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    await once(server, 'connection');
    child.kill('SIGTERM');
    t.same(await exited, [0, null], server === silent ? 'silent' : 'curt');
  }
});
