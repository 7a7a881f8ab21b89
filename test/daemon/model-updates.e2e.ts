import { createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { connect } from '../../src/client/index.js';
import type { Health } from '../../src/contract/health.js';
import type { Info } from '../../src/contract/status.js';
import { Listener, startAedes } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';
import { offerKey, signCard, stranger } from '../support/offers.js';
import { until } from '../support/until.js';

const patience = { timeoutMs: 90_000 };

t.test('a newer model is shown and installed when it is asked for', { timeout: 240_000 }, async (t) => {
  const broker = await startAedes();
  t.teardown(() => broker.stop());
  const listener = await Listener.on(broker.url, '#');
  t.teardown(() => listener.stop());
  const home = t.testdir({});
  const offered = join(home, 'offered');
  await cp('models/minspnet-n', offered, { recursive: true });
  const card = JSON.parse(await readFile(join(offered, 'card.json'), 'utf8'));
  const offer = (version: string, more: object = {}, by?: typeof stranger) =>
    signCard(offered, { ...card, version, ...more }, by);
  await offer('7.0.0');

  const config = join(home, 'minspnet.yaml');
  const model = { path: card.name, updates: pathToFileURL(join(offered, 'card.json')).href, keys: [offerKey] };
  const cameras = { door: { source: 'demo', loop: true, fps: 2 } };
  const support = { supportUrl: 'https://help.example.org/' };
  const mqtt = { url: broker.url, homeAssistant: support };
  await writeFile(config, JSON.stringify({ node: 'porch', cameras, model, mqtt, http: { enabled: false } }));
  const daemon = new TestDaemon(['run', '-c', config], join(home, 'state'));
  t.teardown(() => daemon.dispose());
  const client = await connect(broker.url);
  t.teardown(() => client.close());
  const update = () => client.request('porch', 'updateModel', {}, patience);
  const running = () => listener.last<Info>('porch/info')?.model.version;
  const told = () => listener.last<Health>('porch/health')?.modelUpdate;

  await until(() => told() !== undefined, patience.timeoutMs);
  t.strictSame(told(), { installed: card.version, latest: '7.0.0' });

  await t.test('Home Assistant is told of it', async (t) => {
    const discovery = () => listener.last<{ components: object; origin: object }>('device/minspnet_porch/config');
    await until(() => discovery() !== undefined, patience.timeoutMs);
    t.match(discovery(), {
      components: {
        model_update: {
          platform: 'update',
          command_topic: 'minspnet/porch/request/updateModel',
          payload_install: '{}',
        },
      },
      origin: { support_url: 'https://help.example.org/' },
    });
  });

  await t.test('what nobody known has signed, or is another file, changes nothing', async (t) => {
    await offer('7.0.0', {}, stranger);
    await t.rejects(update(), { message: /none of `model.keys` has signed it/ });
    const noise = Buffer.from('no network');
    const sha256 = createHash('sha256').update(noise).digest('hex');
    await writeFile(join(offered, 'noise.onnx'), noise);
    await offer('7.0.0', { files: { fp32: { file: 'noise.onnx', sha256, bytes: noise.length } } });
    await t.rejects(update(), { code: 'ERR_REQUEST_REFUSED', message: /noise\.onnx/ });
    t.equal(running(), card.version);
  });

  await t.test('what is right is in force at once', async (t) => {
    await offer('7.0.0');
    t.match(await update(), { name: card.name, version: '7.0.0' });
    await until(() => running() === '7.0.0', patience.timeoutMs);
    await until(() => told()?.installed === '7.0.0', patience.timeoutMs);
    t.strictSame(told(), { installed: '7.0.0', latest: '7.0.0' });
    const pictures = () => listener.last<Health>('porch/health')?.cameras.door?.frames ?? 0;
    const before = pictures();
    await until(() => pictures() > before, patience.timeoutMs);
  });
});
