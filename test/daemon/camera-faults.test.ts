import t from 'tap';
import { FaultBench } from '../support/camera-faults.js';
import { noStreamServer } from '../support/stream-server.js';

/** The short form of `npm run test:faults:cameras`. */
t.test('a live camera comes back from what networks do', { skip: noStreamServer }, async (t) => {
  const bench = await FaultBench.start(t.testdir());
  t.teardown(() => bench[Symbol.asyncDispose]());

  const killed = await bench.killed(2);
  t.match(killed, { faults: 2, recovered: 2, engineRestarts: 0 }, 'a server killed and restarted');
  t.ok(killed.codes.length > 0, 'with the code of what broke');
  t.match(await bench.cut(1), { recovered: 1, engineRestarts: 0 }, 'a connection cut');
  const halfOpen = await bench.halfOpen(1);
  t.match(halfOpen, { recovered: 1, engineRestarts: 0 }, 'a connection that is open and says nothing');
  t.ok(halfOpen.codes.includes('ERR_SOURCE_SILENT'), `${halfOpen.codes}`);
});
