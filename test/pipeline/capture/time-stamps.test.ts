import t from 'tap';
import { TimeStamps } from '../../../src/pipeline/capture/time-stamps.js';

t.test('where there is no folder for a pipe there are no time stamps, and no error', async (t) => {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = '/nowhere';
  t.teardown(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
  t.equal(await TimeStamps.open(), undefined);
});
