import t, { type Test } from 'tap';
import type { Discovery } from '../../src/mqtt/home-assistant-discovery.js';
import { Listener, Mosquitto, noMosquitto } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';
import { until } from '../support/until.js';

const board = 'homeassistant/device/minspnet_minspnet/config';
const cameraTopic = (camera: string) => `homeassistant/device/minspnet_minspnet__${camera}/config`;

function start(t: Test, url: string, directory: string, camera: string): TestDaemon {
  const environment = {
    [`MINSPNET_CAMERAS__${camera.toUpperCase()}__SOURCE`]: 'demo',
    [`MINSPNET_CAMERAS__${camera.toUpperCase()}__LOOP`]: 'true',
    [`MINSPNET_CAMERAS__${camera.toUpperCase()}__FPS`]: '3', // the rest of the processor is for what is tested
    MINSPNET_MQTT__FRIGATECOMPATIBLE: 'true',
  };
  const daemon = new TestDaemon(['run', '--mqtt', url], directory, environment);
  t.teardown(() => daemon.dispose());
  return daemon;
}

t.test(
  'a real daemon, as Home Assistant and Frigate’s friends see it',
  { skip: noMosquitto, timeout: 110_000 },
  async (t) => {
    const broker = await new Mosquitto().start();
    t.teardown(() => broker.stop());
    const directory = t.testdir();
    const first = start(t, broker.url, directory, 'door');
    await first.subscribe(broker.url);
    const is = (topic: string) => (heard: { topic: string }) => heard.topic === topic;
    await first.message(is(cameraTopic('door')), 30_000);
    const camera = JSON.parse(String((await first.message(is(cameraTopic('door')))).payload)) as Discovery;
    const { components } = JSON.parse(String((await first.message(is(board))).payload)) as Discovery;

    await t.test('the board and its camera', async (t) => {
      t.match(components, { connectivity: {}, fps: {}, broker_latency: {}, reload: {} });
      t.equal(components.update, undefined, 'nobody has said which version is the newest');
      t.equal(camera.device.via_device, 'minspnet_minspnet');
      const classes = await first.message(is('homeassistant/device/minspnet_minspnet__door/classes/config'));
      t.match(JSON.parse(String(classes.payload)).components, {
        person_occupancy: { platform: 'binary_sensor', device_class: 'occupancy' },
        person_count: { platform: 'sensor' },
      });
      t.match(camera.components, {
        motion: { platform: 'binary_sensor' },
        event: { platform: 'event' },
        image: { platform: 'image' },
        detect: { platform: 'switch' },
        min_score: { platform: 'number' },
        rate: { platform: 'number' },
      });
      const ids = [...Object.values(components), ...Object.values(camera.components)].map((one) => one.unique_id);
      t.equal(new Set(ids).size, ids.length, 'ids are unique');
    });

    await t.test('the update is there while somebody says which version is the newest', async (t) => {
      const boards = () => first.heard.filter(is(board)).map(({ payload }) => JSON.parse(String(payload)) as Discovery);
      const last = () => boards().at(-1)?.components.update;
      await first.publish('minspnet/release', '9.9.9');
      await until(() => last() !== undefined, 10_000);
      t.match(last(), { platform: 'update', latest_version_topic: 'minspnet/release', unique_id: String });
      await first.publish('minspnet/release', '');
      await until(() => last() === undefined, 10_000);
      const removed = boards().at(-2)?.components.update;
      t.strictSame(removed, { platform: 'update' }, 'it was taken away by name');
    });

    await t.test('Home Assistant starts: all is said again', async (t) => {
      const before = first.heard.filter(is(cameraTopic('door'))).length;
      await first.publish('homeassistant/status', 'online');
      await first.message(
        (heard) => is(cameraTopic('door'))(heard) && first.heard.filter(is(heard.topic)).length > before,
      );
      t.ok(first.heard.filter(is(cameraTopic('door'))).length > before);
    });

    await t.test('Frigate’s topics, and its switch', { timeout: 60_000 }, async (t) => {
      await first.message(is('frigate/events'), 30_000);
      await first.message(({ topic, payload }) => topic === 'frigate/available' && String(payload) === 'online');
      await first.message(is('frigate/door/person'));
      await first.publish('frigate/door/detect/set', 'OFF');
      await first.message(({ topic, payload }) => topic === 'frigate/door/detect/state' && String(payload) === 'OFF');
      await first.message(
        ({ topic, payload }) => topic.endsWith('door/settings') && /"detect":false/.test(String(payload)),
      );
      t.match(JSON.parse(String((await first.message(is('frigate/stats'))).payload)), { cameras: {}, service: {} });
    });

    first.kill('SIGTERM');
    await first.exited;
    const second = start(t, broker.url, directory, 'door');
    await second.subscribe(broker.url);
    await t.test('detect is still off after a restart', { timeout: 60_000 }, async (t) => {
      await second.message(({ topic, retain }) => topic.endsWith('/health') && !retain, 30_000);
      const now = second.heard.filter(({ topic }) => topic.endsWith('door/settings')).at(-1);
      t.match(JSON.parse(String(now?.payload)), { detect: false });
    });
    second.kill('SIGTERM');
    await second.exited;

    await t.test(
      'a camera that leaves the settings leaves Home Assistant and the broker',
      { timeout: 60_000 },
      async (t) => {
        const third = start(t, broker.url, directory, 'yard');
        await third.subscribe(broker.url);
        const gone = (topic: string) => (heard: { topic: string; payload: Buffer }) =>
          heard.topic === topic && heard.payload.length === 0;
        await third.message(gone(cameraTopic('door')), 30_000);
        await third.message(gone('homeassistant/device/minspnet_minspnet__door/classes/config'));
        await third.message(gone('minspnet/minspnet/door/settings'));
        await third.message(gone('frigate/door/detect/state'));
        await third.message(is(cameraTopic('yard')));
        const left = await Listener.on(broker.url, '#');
        t.teardown(() => left.stop());
        await left.until(() => left.heard.some(is(cameraTopic('yard'))));
        t.strictSame(
          left.heard.filter(({ topic, retain }) => retain && /door/.test(topic)).map(({ topic }) => topic),
          [],
        );
      },
    );
  },
);
