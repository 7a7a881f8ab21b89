import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { WebSocket } from 'ws';
import type { Counts, Geometry, HttpEvents, Series } from '../../src/contract/http.js';
import type { LiveFrame } from '../../src/contract/live.js';
import { unpackLiveFrame } from '../../src/contract/live-message.js';
import { jpegSize } from '../../src/pipeline/capture/cut.js';
import { TestDaemon } from '../support/daemon.js';
import { until } from '../support/until.js';

const settings = `# My board.
node: porch # by the door
cameras:
  # The street.
  street:
    source: demo
    loop: true
    fps: 5
http:
  port: 0
history:
  clips:
    enabled: true
    beforeSeconds: 1
    maxSeconds: 4
`;
const everywhere: [number, number][] = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];
const nothing: Geometry = { zones: {}, lines: {}, masks: {}, region: null };

t.test('the page sees what the daemon sees, and what is drawn there holds at once', { timeout: 110_000 }, async (t) => {
  const folder = t.testdir({ 'minspnet.yaml': '' });
  const file = join(folder, 'minspnet.yaml');
  writeFileSync(file, settings);
  const daemon = new TestDaemon(['run', '-c', file], join(folder, 'state'), { MINSPNET_MQTT__BROKER__PORT: '0' });
  t.teardown(() => daemon.dispose());
  const [, url = ''] = await daemon.line(/http {6}(http:\/\/127\.0\.0\.1:\d+)/);
  await daemon.subscribe();
  await daemon.line(/camera {4}street: live/);

  await t.test('a picture with the tracks in it', async (t) => {
    const socket = new WebSocket(`${url}/api/live?camera=street`);
    const frames: LiveFrame[] = [];
    socket.on('message', (data: Buffer) => {
      const message = data.buffer.slice(data.byteOffset, data.byteOffset + data.length) as ArrayBuffer;
      const { frame, jpeg } = unpackLiveFrame(message);
      t.match(jpegSize(jpeg), { width: frame.width, height: frame.height });
      frames.push(frame);
      socket.send(String(frame.number));
    });
    await until(() => frames.some(({ tracks }) => tracks.length > 0), 40_000);
    socket.terminate();
    const { width, height, tracks } = frames.at(-1) as LiveFrame;
    t.match({ width, height }, { width: 640, height: 360 });
    const heard = () => new Set(daemon.events().map((event) => ('id' in event ? event.id : '')));
    await until(() => tracks.every(({ id }) => heard().has(id))); // those that are told over MQTT
    const metrics = await (await fetch(`${url}/metrics`)).text();
    t.match(metrics, /minspnet_stage_duration_seconds_count\{camera="street",stage="inference"\} [1-9]/);
    t.match(metrics, /minspnet_live_frames_sent_total\{camera="street"\} [1-9]/);
  });

  await t.test('the event list has what was told, with its pictures', async (t) => {
    const list = async () => (await (await fetch(`${url}/api/events?camera=street`)).json()) as HttpEvents;
    let events: HttpEvents['events'] = [];
    for (const end = performance.now() + 30_000; events.length === 0 && performance.now() < end; ) {
      events = (await list()).events.filter(({ picture }) => picture !== null);
    }
    const [{ id, snapshot, picture } = { id: '', snapshot: '', picture: '' }] = events;
    t.ok(
      daemon.events().some((event) => 'id' in event && event.id === id),
      'as over MQTT',
    );
    for (const path of [snapshot, picture]) {
      const answer = await fetch(url + path);
      t.equal(answer.headers.get('content-type'), 'image/jpeg');
      t.ok(jpegSize(new Uint8Array(await answer.arrayBuffer())), String(path));
    }
    const { rows } = (await (await fetch(`${url}/api/counts`)).json()) as Counts;
    t.ok(rows.some(({ camera, count }) => camera === 'street' && count > 0));
    t.match(await (await fetch(`${url}/api/counts.csv`)).text(), /^hour,camera,class,count\r\n20/);
    const { at } = (await (await fetch(`${url}/api/series`)).json()) as Series;
    t.equal(at.length, 360);
    t.equal((await fetch(`${url}/api/events/none/clip.mp4`)).status, 404);
    let clip: string | null = null;
    for (const end = performance.now() + 30_000; clip === null && performance.now() < end; ) {
      clip = (await list()).events.find((event) => event.clip !== null)?.clip ?? null;
    }
    const ofClip = () => daemon.events().find((event) => event.type === 'end' && event.clip !== undefined);
    await until(() => ofClip() !== undefined);
    const told = ofClip();
    t.match(told, { clip: new RegExp(`^${url}/api/events/[\\w-]+/clip.mp4$`) }, 'the event says where it is');
    const part = await fetch(url + clip, { headers: { range: 'bytes=4-7' } });
    t.match([part.status, await part.text()], [206, 'ftyp']);
  });

  const draw = async (geometry: Geometry) => {
    const body = JSON.stringify(geometry);
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/api/cameras/street/geometry`, { method: 'PUT', headers, body });
    return { status: answer.status, body: (await answer.json()) as Record<string, string> };
  };

  await t.test('a zone is in the file and in force', async (t) => {
    const zones = { all: { polygon: everywhere } };
    t.match(await draw({ ...nothing, zones }), { status: 200, body: { file, restartNeeded: [] } });
    await daemon.message(
      ({ topic, payload }) => /street\/events$/.test(topic) && /"enter"/.test(String(payload)),
      40_000,
    );
    const text = readFileSync(file, 'utf8');
    for (const comment of ['# My board.', '# by the door', '# The street.']) t.match(text, comment);
    t.match(text, 'polygon: [[0, 0], [1, 0], [1, 1], [0, 1]]');
    const { cameras } = (await (await fetch(`${url}/api/cameras`)).json()) as { cameras: { geometry: Geometry }[] };
    t.strictSame(cameras[0]?.geometry.zones, zones);
    const crooked = await draw({
      ...nothing,
      zones: {
        line: {
          polygon: [
            [0, 0],
            [1, 1],
            [0, 0],
          ],
        },
      },
    });
    t.match(crooked, { status: 400, body: { error: /enclose an area/, code: 'ERR_CONFIG_INVALID' } });
    t.equal(readFileSync(file, 'utf8'), text, 'what is wrong changes nothing');
  });

  await t.test('where a mask is, nothing is told, and who asks hears why', async (t) => {
    const before = daemon.lines.length;
    t.match(await draw({ ...nothing, masks: { all: { polygon: everywhere } } }), { status: 200 });
    const news = () => daemon.lines.slice(before).filter((line) => / appeared, /.test(line));
    const settled = news().length;
    let reasons: string[] = [];
    for (const end = performance.now() + 30_000; !reasons.includes('mask') && performance.now() < end; ) {
      const answer = await fetch(`${url}/api/explain?camera=street&seconds=60`);
      const { candidates = [] } = (await answer.json()) as { candidates?: { reason: string }[] };
      reasons = candidates.map(({ reason }) => reason);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    t.ok(reasons.includes('mask'), reasons.join(', '));
    t.equal(news().length, settled);
  });
});
