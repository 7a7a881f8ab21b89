import { join } from 'node:path';
import t from 'tap';
import { loadSettings } from '../../src/config/load.js';
import { maskSettings } from '../../src/config/mask.js';

const text = 'mqtt: {password: !secret broker}\ncameras: {door: {source: !secret door-address}}\n';

t.test('a secret comes from the environment, else a systemd credential, else secrets.yaml', async (t) => {
  const directory = t.testdir({
    'minspnet.yaml': text,
    'secrets.yaml': 'broker: 007\ndoor-address: rtsp://u:p@h/1\n',
    credentials: { broker: 'from systemd\n' },
  });
  const file = join(directory, 'minspnet.yaml');
  const passwordWith = (environment: NodeJS.ProcessEnv): string | undefined =>
    loadSettings({ file, environment }).settings.mqtt.password;
  t.equal(passwordWith({}), '007', 'as it is written, not as a number');
  t.equal(passwordWith({ CREDENTIALS_DIRECTORY: join(directory, 'credentials') }), 'from systemd');
  t.equal(passwordWith({ CREDENTIALS_DIRECTORY: join(directory, 'credentials'), MINSPNET_SECRET_BROKER: '#1' }), '#1');
  const { settings } = loadSettings({ file, environment: { MINSPNET_SECRET_DOOR_ADDRESS: 'rtsp://a:b@c/' } });
  t.equal(settings.cameras.door?.source, 'rtsp://a:b@c/');
});

t.test('a secret that is nowhere', async (t) => {
  const file = join(t.testdir({ 'minspnet.yaml': text }), 'minspnet.yaml');
  t.throws(() => loadSettings({ file, environment: {} }), {
    code: 'ERR_CONFIG_INVALID',
    message:
      /:1:8: mqtt\.password: no secret "broker"; .*\$MINSPNET_SECRET_BROKER, .*secrets\.yaml\n.*:2:18: cameras\.door\.source: no secret "door-address"/,
  });
  t.strictSame(loadSettings({ file, environment: {}, allowMissingSecrets: true }).missingSecrets, [
    'broker',
    'door-address',
  ]);
  const environment = { MINSPNET_MQTT__PASSWORD: 'x', MINSPNET_CAMERAS__DOOR__SOURCE: 'demo' };
  t.equal(loadSettings({ file, environment }).settings.mqtt.password, 'x', 'is not missed where it is overridden');
});

t.test('a stand-in for a missing secret is no mistake, other mistakes still are', async (t) => {
  const file = join(t.testdir({ 'a.yaml': 'mqtt: {url: !secret address, connectSeconds: 0}\n' }), 'a.yaml');
  t.throws(() => loadSettings({ file, environment: {}, allowMissingSecrets: true }), {
    message: /^[^\n]*mqtt\.connectSeconds[^\n]*$/,
  });
});

t.test('a secret is masked wherever it ends up', async (t) => {
  const file = join(t.testdir({ 'a.yaml': 'node: !secret node\nmqtt: {password: plain}\n' }), 'a.yaml');
  const { settings, secrets } = loadSettings({ file, environment: { MINSPNET_SECRET_NODE: 'hidden' } });
  t.equal(settings.node, 'hidden');
  t.match(maskSettings(settings, secrets), { node: '***', mqtt: { password: '***' } });
  t.match(maskSettings(settings), { mqtt: { password: '***' } }, 'a password is one, wherever it came from');
  t.notOk('username' in maskSettings(settings).mqtt, 'what is not given stays so');
});

t.test('a wrong secret is not shown', async (t) => {
  const file = join(t.testdir({ 'a.yaml': 'mqtt: {url: !secret broker}\n' }), 'a.yaml');
  t.throws(() => loadSettings({ file, environment: { MINSPNET_SECRET_BROKER: 'hunter2' } }), {
    message: /found "\*\*\*"; allowed/,
  });
});

t.test('a name that can’t be one', async (t) => {
  const file = join(t.testdir({ 'a.yaml': 'node: !secret ../passwd\n' }), 'a.yaml');
  t.throws(() => loadSettings({ file, environment: {} }), {
    code: 'ERR_CONFIG_SYNTAX',
    message: /`!secret` wants a name/,
  });
});

t.test('a broken secrets.yaml is named', async (t) => {
  const directory = t.testdir({ 'a.yaml': 'node: !secret x\n', 'secrets.yaml': 'x: [\n' });
  t.throws(() => loadSettings({ file: join(directory, 'a.yaml'), environment: {} }), { message: /secrets\.yaml:\d/ });
});
