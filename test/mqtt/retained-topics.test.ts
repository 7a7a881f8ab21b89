import t from 'tap';
import { discoveryOf } from '../../src/mqtt/announced.js';
import { clearStaleCameras } from '../../src/mqtt/retained-topics.js';
import { brokers, Listener } from '../support/broker.js';
import { createPublisher, startConnected, temporaryDirectory } from '../support/publishing.js';

for (const [name, start] of Object.entries(brokers)) {
  t.test(`with ${name}: all topics of a camera that is no more are cleared, and requests come once`, async (t) => {
    await using home = await temporaryDirectory();
    const broker = await start();
    const publisher = createPublisher(broker.url, home.path);
    const listener = await Listener.on(broker.url, 'minspnet/node/#');
    t.teardown(async () => {
      await publisher.stop({ timeoutMs: 0 });
      await listener.stop();
      await broker.stop();
    });
    const device = 'homeassistant/device/minspnet_node__gone';
    await listener.subscribed('homeassistant/#'); // one connection, since order is kept within one only
    for (const topic of [`${device}/config`, `${device}/zone_yard/config`, `${device}2/config`]) {
      await listener.publish(topic, '{}', { retain: true });
    }
    const listed = ['gone/settings', 'gone/snapshot', 'gone/still', 'gone/states/gate', 'door/settings'];
    for (const topic of [...listed, 'door/states/gate', 'door/states/bin']) {
      await listener.publish(`minspnet/node/${topic}`, '{}', { retain: true });
    }
    const { topics } = publisher;
    publisher.subscribe(topics.filter('request'));
    const requests: string[] = [];
    publisher.on('message', ({ topic }) => {
      if (topic.includes('/request/')) requests.push(topic);
    });
    await startConnected(publisher);
    while (requests.length === 0) await listener.publish(topics.request('ready'), '{}'); // it is listened to
    const discovery = discoveryOf('homeassistant', 'minspnet', 'node');
    const removing = () => {};
    let cameras: Record<string, { states: object }> = {};
    const clearing = clearStaleCameras(publisher, topics, 'minspnet', () => cameras, removing, discovery);
    cameras = { door: { states: { gate: {} } } }; // a reload brings it while the broker is being asked
    for (const request of ['snapshot', 'still', 'models']) await listener.publish(topics.request(request), '{}');
    t.same([...((await clearing) ?? [])], ['gone']);
    const cleared = () => listener.heard.filter(({ payload }) => payload.length === 0).map(({ topic }) => topic);
    await listener.until(() => cleared().length >= 7);
    t.same(cleared()[0], 'minspnet/node/door/states/bin', 'a state that is no more');
    t.same(
      cleared().slice(1, 3).toSorted(),
      [`${device}/config`, `${device}/zone_yard/config`],
      'its devices go first',
    );
    t.same(
      cleared().slice(3).toSorted(),
      ['settings', 'snapshot', 'states/gate', 'still'].map((topic) => `minspnet/node/gone/${topic}`),
    );
    t.same(
      requests.filter((topic) => !topic.endsWith('/ready')).toSorted(),
      ['models', 'snapshot', 'still'].map((request) => topics.request(request)),
    );
  });
}
