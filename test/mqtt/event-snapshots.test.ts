import t from 'tap';
import { Topics } from '../../src/contract/topics.js';
import { EventSnapshots } from '../../src/mqtt/event-snapshots.js';
import { observation } from '../support/events.js';

function setUp() {
  const shown: string[] = [];
  const snapshots = new EventSnapshots(new Topics('minspnet', 'node'), ({ track }) => shown.push(track));
  const stage = (track: string, bytes = 10) =>
    snapshots.stage({ camera: 'street', track, class: 'person', jpeg: new Uint8Array(bytes) });
  return { snapshots, shown, stage };
}

t.test('a snapshot is shown at the turn of its event, once', async (t) => {
  const { snapshots, shown, stage } = setUp();
  stage('t1');
  snapshots.attach(observation({ id: 't1' }), 7, true);
  stage('t2');
  snapshots.attach(observation({ id: 't2' }), 8, true);
  snapshots.attach(observation({ id: 't2' }), 9, true);
  t.strictSame(shown, []);
  const showOf = (seq: number) => snapshots.showOf({ seq, observation: observation() });
  t.strictSame([showOf(6), showOf(7), showOf(7)], [false, true, false]);
  t.strictSame(shown, ['t1']);
  snapshots.showAll();
  t.strictSame(shown, ['t1', 't2']);
});

t.test('one whose observation does not come gives way to the next', async (t) => {
  const { snapshots, shown, stage } = setUp();
  stage('t1');
  snapshots.attach(observation({ id: 'another' }), 7, true);
  stage('t2');
  t.strictSame(shown, ['t1']);
});

t.test('none waits where nobody hears the event, or for more than memory allows', async (t) => {
  const { snapshots, shown, stage } = setUp();
  stage('t1');
  snapshots.attach(observation({ id: 't1' }), 7, false);
  t.strictSame(shown, ['t1']);
  for (let i = 2; i <= 4; i += 1) {
    stage(`t${i}`, 1_000_000);
    snapshots.attach(observation({ id: `t${i}` }), i, true);
  }
  t.strictSame(shown, ['t1', 't2', 't3', 't4']);
});
