import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Redactor } from '../../src/config/mask.js';
import { Control, type ControlOptions } from '../../src/daemon/control.js';
import { Feed } from '../../src/daemon/feed.js';

t.test('a stop ends a running benchmark, and waits until its processes are gone', async (t) => {
  let isMeasuring = false;
  const measureBoard: ControlOptions['measureBoard'] = async (_wish, signal) => {
    isMeasuring = true;
    await once(signal, 'abort');
    await sleep(100); // what measures takes its time to end
    isMeasuring = false;
    throw signal.reason;
  };
  const control = new Control({
    configuration: { model: {}, settings: { runtime: {}, model: {} } },
    feed: new Feed(new Redactor(), (_event, error) => t.error(error)),
    analysed: () => 0,
    measureBoard,
  } as unknown as ControlOptions);
  const answer = control.benchmark().catch((error) => error);
  t.ok(isMeasuring);
  await control.stop();
  t.notOk(isMeasuring);
  t.match(await answer, { code: 'ERR_REQUEST_STOPPED' });
});
