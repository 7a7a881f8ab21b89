import t from 'tap';
import { channels, parseTopic, Topics, topicLevel } from '../../src/contract/topics.js';

t.test('every topic stands below the base and the node', async (t) => {
  const topics = new Topics('minspnet', 'shed');
  t.same(
    [
      topics.status,
      topics.info,
      topics.health,
      topics.benchmark,
      topics.cameraState('door'),
      topics.cameraStatus('door'),
      topics.events('door'),
      topics.detections('door'),
      topics.snapshot('door', 'traffic light'),
      topics.request('detect'),
      topics.response('detect'),
    ],
    [
      'minspnet/shed/status',
      'minspnet/shed/info',
      'minspnet/shed/health',
      'minspnet/shed/benchmark',
      'minspnet/shed/door/state',
      'minspnet/shed/door/status',
      'minspnet/shed/door/events',
      'minspnet/shed/door/detections',
      'minspnet/shed/door/snapshot/traffic_light',
      'minspnet/shed/request/detect',
      'minspnet/shed/response/detect',
    ],
  );
});

t.test('a class name becomes one level, whatever it holds', async (t) => {
  t.same(['person', 'cup/mug', 'a+b#c', '人', '\u0000', '', '  '].map(topicLevel), [
    'person',
    'cup_mug',
    'a_b_c',
    '人',
    '_',
    '_',
    '_',
  ]);
});

t.test('a topic says what it is', async (t) => {
  const topics = new Topics('minspnet', 'shed');
  t.strictSame(parseTopic('minspnet', topics.status), { channel: 'status', node: 'shed', levels: {} });
  t.strictSame(parseTopic('minspnet', topics.cameraStatus('door')), {
    channel: 'cameraStatus',
    node: 'shed',
    levels: { camera: 'door' },
  });
  t.strictSame(parseTopic('minspnet', topics.snapshot('door', 'cat')), {
    channel: 'snapshot',
    node: 'shed',
    levels: { camera: 'door', class: 'cat' },
  });
  for (const topic of ['minspnet', 'minspnet/shed', 'minspnet/shed/x', 'other/shed/status', 'minspnet/shed/a/b/c/d']) {
    t.equal(parseTopic('minspnet', topic), undefined, topic);
  }
});

t.test('a filter matches all topics of its kind, and no two kinds are mistaken for each other', async (t) => {
  const all = new Topics('minspnet', '+');
  t.equal(all.filter('events'), 'minspnet/+/+/events');
  t.equal(all.filter('snapshot'), 'minspnet/+/+/snapshot/+');
  for (const name of Object.keys(channels) as (keyof typeof channels)[]) {
    t.equal(parseTopic('minspnet', all.filter(name).replaceAll('+', 'x'))?.channel, name);
  }
});
