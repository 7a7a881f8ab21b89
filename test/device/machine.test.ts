import { execFileSync } from 'node:child_process';
import t from 'tap';
import { readMachine } from '../../src/device/machine.js';

t.test('the kernel is the one that `uname` names', async (t) => {
  const machine = await readMachine();
  t.equal(machine.kernel, execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim());
  for (const card of machine.graphics) t.match(card, /\w/);
});

t.test('who does not answer in time has said nothing', async (t) => {
  t.match(await readMachine(0), { kernel: /\d/, virtualHost: undefined, graphics: [] });
});
