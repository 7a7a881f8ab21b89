import t from 'tap';
import { readEnvironment, variableFor } from '../../src/config/environment.js';

const file = { cameras: { 'Front-Door': { source: 'demo' } } };

function settingOf(name: string, text: string): unknown {
  const { overrides, problems } = readEnvironment({ [name]: text }, file);
  t.strictSame(problems, []);
  return overrides[0] && [overrides[0].path.join('.'), overrides[0].value];
}

t.test('names', async (t) => {
  t.strictSame(settingOf('MINSPNET_MQTT__BASE_TOPIC', 'x'), ['mqtt.baseTopic', 'x']);
  t.strictSame(settingOf('MINSPNET_MQTT__BASETOPIC', 'x'), ['mqtt.baseTopic', 'x']);
  t.strictSame(
    settingOf('MINSPNET_CAMERAS__FRONT_DOOR__FPS', '5'),
    ['cameras.Front-Door.fps', 5],
    'a camera of the file',
  );
  t.strictSame(settingOf('MINSPNET_CAMERAS__BACK_DOOR__FPS', '5'), ['cameras.back_door.fps', 5], 'a new camera');
  t.equal(variableFor(['cameras', 'front-door', 'minScore']), 'MINSPNET_CAMERAS__FRONT_DOOR__MIN_SCORE');
});

t.test('values', async (t) => {
  t.strictSame(settingOf('MINSPNET_MODEL__SIZE', '[320, 192]'), ['model.size', [320, 192]]);
  t.strictSame(settingOf('MINSPNET_OUTBOX__FSYNC', 'true'), ['outbox.fsync', true]);
  t.strictSame(settingOf('MINSPNET_MQTT__PASSWORD', '0123'), ['mqtt.password', '0123'], 'a text is taken as it is');
  t.strictSame(settingOf('MINSPNET_MQTT__PASSWORD', ' #{*: '), ['mqtt.password', ' #{*: ']);
  t.strictSame(settingOf('MINSPNET_RUNTIME__THREADS', '{'), ['runtime.threads', '{'], 'left for the schema to refuse');
});

t.test('what is not ours to read', async (t) => {
  const environment = {
    MINSPNET_CONFIG: 'x',
    MINSPNET_DEBUG: '1',
    MINSPNET_SECRET_BROKER: 'x',
    MINSPNET_NODE: '',
    minspnet_node: 'x',
    HOME: '/',
  };
  t.strictSame(readEnvironment(environment, file), { overrides: [], problems: [] });
});

t.test('unknown names', async (t) => {
  const messageFor = (name: string): string => readEnvironment({ [name]: 'x' }, file).problems[0]?.message ?? '';
  t.match(messageFor('MINSPNET_MQT__URL'), /did you mean \$MINSPNET_MQTT__URL\?/);
  t.match(messageFor('MINSPNET_CAMERAS__FRONT_DOOR__FSP'), /did you mean \$MINSPNET_CAMERAS__FRONT_DOOR__FPS\?/);
  t.match(messageFor('MINSPNET_LOG__XYZZY'), /there are \$MINSPNET_LOG__LEVEL, \$MINSPNET_LOG__FORMAT$/);
  t.match(messageFor('MINSPNET_NODE__X'), /\$MINSPNET_NODE has no parts/);
  t.match(messageFor('MINSPNET___PROTO____X'), /no such setting/);
  t.match(messageFor('MINSPNET_'), /no such setting/);
});
