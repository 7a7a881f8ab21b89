import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Announced, clearFormer } from '../../src/mqtt/announced.js';
import { Listener, startAedes } from '../support/broker.js';
import { createPublisher } from '../support/publishing.js';

const node = { base: 'minspnet', node: 'porch' };

/** What is left of `stand` after a node that said `former` has come to say `now`. */
async function left(t: Test, stand: Record<string, string>, former: Announced, now: Announced): Promise<string[]> {
  const broker = await startAedes();
  const publisher = createPublisher(broker.url, join(t.testdir(), 'board'));
  const listener = await Listener.on(broker.url, '#');
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 0 });
    await listener.stop();
    await broker.stop();
  });
  for (const [topic, payload] of Object.entries(stand)) await listener.publish(topic, payload, { retain: true });
  const connected = new Promise<void>((resolve) => publisher.once('connected', () => resolve()));
  await publisher.start();
  await connected;
  const cleared = await clearFormer(publisher, former, now);
  const gone = () => listener.heard.filter(({ topic, payload }) => topic in stand && payload.length === 0);
  await listener.until(() => gone().length >= (cleared ?? 0));
  const order = gone().map(({ topic }) => topic);
  t.equal(cleared, order.length);
  if (order.some((topic) => topic.startsWith('homeassistant/'))) t.match(order[0], /^homeassistant/, 'discovery first');
  return Object.keys(stand).filter((topic) => !order.includes(topic));
}

const own = {
  'minspnet/porch/status': 'offline',
  'minspnet/porch/info': '{}',
  'minspnet/porch/door/snapshot/person': 'jpeg',
};
const devices = {
  'homeassistant/device/minspnet_porch/config': '{}',
  'homeassistant/device/minspnet_porch__door/config': '{}',
  'homeassistant/device/minspnet_porch__door/zone_yard/config': '{}',
};
const others = {
  'minspnet/attic/info': '{}',
  'homeassistant/device/minspnet_porch2/config': '{}',
  'homeassistant/device/other/config': '{}',
  'frigate/hall/person': '1',
};
const frigate = {
  'frigate/available': 'offline',
  'frigate/door/person': '1',
  'frigate/yard/all': '1',
  'frigate/stats': '{}',
};
const before = {
  ...node,
  homeAssistant: 'homeassistant',
  frigate: { topic: 'frigate', places: ['door', 'yard'] },
};

t.test('a node that is renamed leaves nothing behind', async (t) => {
  const stand = { ...own, ...devices, ...frigate, ...others };
  const now = { ...before, node: 'hall' };
  t.strictSame(await left(t, stand, before, now), [...Object.keys(frigate), ...Object.keys(others)]);
});

t.test('unless another board has taken its name', async (t) => {
  const stand = { ...own, ...devices, 'minspnet/porch/status': 'online' };
  t.strictSame(await left(t, stand, before, { ...before, node: 'hall' }), Object.keys(stand));
});

t.test('an integration that is switched off clears its own topics, and no others', async (t) => {
  const stand = { ...own, ...devices, ...frigate, ...others };
  t.strictSame(await left(t, stand, before, { ...node }), [...Object.keys(own), ...Object.keys(others)]);
});

t.test('another prefix is as if it were switched off there; a real Frigate keeps its topics', async (t) => {
  const stand = { ...devices, ...frigate, 'frigate/available': 'online' };
  const now = { ...node, homeAssistant: 'ha', frigate: { topic: 'porch', places: ['door'] } };
  t.strictSame(await left(t, stand, before, now), Object.keys(frigate));
});

t.test('a zone that is no more leaves Frigate’s topics', async (t) => {
  const now = { ...before, frigate: { topic: 'frigate', places: ['door'] } };
  const kept = Object.keys(frigate).filter((topic) => !topic.startsWith('frigate/yard/'));
  t.strictSame(await left(t, { ...frigate, ...devices }, before, now), [...kept, ...Object.keys(devices)]);
});
