import t from 'tap';
import { Topics, topicLevel } from '../../src/mqtt/topics.js';

t.test('every topic stands below the base and the node', async (t) => {
  const topics = new Topics('minspnet', 'shed');
  t.same(
    [
      topics.status,
      topics.info,
      topics.health,
      topics.cameraState('door'),
      topics.cameraStatus('door'),
      topics.events('door'),
      topics.snapshot('door', 'traffic light'),
    ],
    [
      'minspnet/shed/status',
      'minspnet/shed/info',
      'minspnet/shed/health',
      'minspnet/shed/door/state',
      'minspnet/shed/door/status',
      'minspnet/shed/door/events',
      'minspnet/shed/door/snapshot/traffic_light',
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
