import t, { type Test } from 'tap';
import { findNetworkCameras } from '../../src/device/network-cameras.js';
import { freePort } from '../support/broker.js';
import { OnvifCamera, type OnvifCameraOptions } from '../support/onvif-camera.js';

/** On the loopback, at a port of the test's own. */
async function start(t: Test, ...cameras: OnvifCameraOptions[]) {
  const port = await freePort();
  const running = await Promise.all(cameras.map((options) => new OnvifCamera(options).start(port)));
  t.teardown(() => Promise.all(running.map((camera) => camera.stop())));
  const find = (login?: { username: string; password: string }) =>
    findNetworkCameras(login, { from: ['127.0.0.1'], port, waitMs: 1500 });
  return { find, cameras: running };
}

const streams = [
  { source: 'rtsp://127.0.0.1:8554/main?a=1&b=2', name: 'Front door', detail: 'H264, 1920 × 1080' },
  { source: 'rtsp://127.0.0.1:8554/sub?a=1&b=2', name: 'Front door', detail: 'H264, 640 × 360' },
];

t.test('a camera that asks for nothing: its streams, at the address that answered', async (t) => {
  const { find } = await start(t, {});
  t.strictSame(await find(), { cameras: streams, locked: [], notes: [] });
});

t.test('a camera with a login, whose clock is a day ahead', async (t) => {
  const login = { username: 'admin', password: 'hunter2&<>' };
  const { find } = await start(t, { login, aheadMs: 86_400_000 });
  const locked = [{ name: 'Front door', host: '127.0.0.1' }];
  t.strictSame(await find(), { cameras: [], locked, notes: [] });
  t.strictSame(await find({ ...login, password: 'wrong' }), { cameras: [], locked, notes: [] });
  t.strictSame(await find(login), { cameras: streams, locked: [], notes: [] });
});

t.test('answers that lack something, name somebody else’s address or are to another question', async (t) => {
  const answer = (header: string, body: string) =>
    `<Envelope><Header>${header}</Header><Body>${body}</Body></Envelope>`;
  const mine = '<RelatesTo>%id</RelatesTo>';
  const bad: ((service: string) => string)[] = [
    () => 'no XML',
    () => '',
    () => answer(mine, '<ProbeMatches/>'),
    () => answer(mine, '<ProbeMatches><ProbeMatch><XAddrs>nonsense http://</XAddrs></ProbeMatch></ProbeMatches>'),
    () => answer(mine, '<XAddrs>http://192.0.2.9/onvif/device_service file:///etc/passwd</XAddrs>'),
    (service) => answer('<RelatesTo>urn:uuid:another</RelatesTo>', `<XAddrs>${service}</XAddrs>`),
    () => '<'.repeat(60_000),
  ];
  for (const match of bad) {
    const { find, cameras } = await start(t, { match });
    t.strictSame(await find(), { cameras: [], locked: [], notes: [] });
    t.strictSame(cameras[0]?.asked, []);
  }
});

t.test('one that does not go on is told of, and a network that is not there costs nothing', async (t) => {
  const silent = await start(t, {
    match: (service) => `<a:RelatesTo>%id</a:RelatesTo><d:XAddrs>${service.replace(/:\d+/, ':1')}</d:XAddrs>`,
  });
  t.match(await silent.find(), { cameras: [], locked: [], notes: [/^127\.0\.0\.1 at 127\.0\.0\.1 can't be asked/] });
  const nowhere = await findNetworkCameras(undefined, { from: ['192.0.2.250'], waitMs: 50 });
  t.strictSame(nowhere, { cameras: [], locked: [], notes: [] });
});
