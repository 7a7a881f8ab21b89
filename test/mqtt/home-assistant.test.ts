import { join } from 'node:path';
import t from 'tap';
import { HomeAssistant } from '../../src/mqtt/home-assistant.js';
import { brokers, Listener } from '../support/broker.js';
import { observation } from '../support/events.js';
import { createPublisher, startConnected } from '../support/publishing.js';

t.test('Home Assistant starts: states are said again, pictures are not, and not at every word', async (t) => {
  const broker = await brokers.aedes?.();
  if (broker === undefined) throw new Error('our own broker is always there');
  const publisher = createPublisher(broker.url, join(t.testdir(), 'board'));
  t.teardown(async () => {
    await publisher.stop({ timeoutMs: 0 });
    await broker.stop();
  });
  new HomeAssistant(publisher, 'homeassistant');
  await startConnected(publisher);
  const at = '2026-11-25T00:00:00.000Z';
  publisher.cameraState({ camera: 'street', at, counts: { person: 1 }, moving: 0, zones: {} });
  publisher.snapshot({ camera: 'street', track: 't1', class: 'person', jpeg: Buffer.from('jpeg') });
  publisher.observation(observation());
  const listener = await Listener.on(broker.url, 'minspnet/#');
  t.teardown(() => listener.stop());
  await listener.until(() => listener.heard.some(({ topic }) => topic.endsWith('/snapshot/person')));
  await listener.until(() => listener.heard.some(({ topic }) => topic.endsWith('/state')));
  const before = listener.heard.length;
  const said = (suffix: string) => listener.heard.slice(before).filter(({ topic }) => topic.endsWith(suffix)).length;
  for (let i = 0; i < 20; i++) await listener.publish('homeassistant/status', 'online');
  await listener.until(() => said('/state') > 0);
  await listener.publish('minspnet/end', 'of what was asked for');
  await listener.until(() => said('/end') > 0);
  t.equal(said('/state'), 1);
  t.equal(said('/snapshot/person'), 0);
});
