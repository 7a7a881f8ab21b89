import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readDeviceGroups, readTimeSync } from '../../src/device/host.js';
import { System } from '../../src/device/system.js';
import { plant } from './fixtures/boards.js';

t.test('groups are asked for only where the system has the group and the board the device', async (t) => {
  const group = 'root:x:0:\nvideo:x:44:pi,other\nrender:x:106:\ngpio:x:997:pi\nbroken\n';
  const root = plant(t.testdir(), { 'etc/group': group, 'dev/video0': '', 'dev/gpiochip0': '', 'dev/null0': '' });
  t.strictSame(await readDeviceGroups(new System(root), [1000, 44]), [
    { name: 'video', device: '/dev/video0', member: true },
    { name: 'gpio', device: '/dev/gpiochip0', member: false },
  ]);
  plant(root, { 'dev/dri/renderD128': '' });
  t.match((await readDeviceGroups(new System(root), []))[1], { name: 'render', device: '/dev/dri/renderD128' });
  t.strictSame(await readDeviceGroups(new System(t.testdir()), []), []);
});

t.test('the clock is set when systemd-timesyncd or timedatectl says so', async (t) => {
  const root = t.testdir();
  const bin = join(root, 'bin');
  const answering = (script?: string) => {
    mkdirSync(bin, { recursive: true });
    if (script !== undefined) writeFileSync(join(bin, 'timedatectl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return new System(root, { searchPath: bin, commandMs: 500 });
  };
  t.match(await readTimeSync(answering()), { value: null, source: 'none' });
  t.match(await readTimeSync(answering('echo yes')), { value: true, source: 'timedatectl' });
  t.match(await readTimeSync(answering('echo no')), { value: false });
  t.match(await readTimeSync(answering('echo perhaps')), { value: null, why: /neither/ });
  t.match(await readTimeSync(answering('exit 1')), { value: null, why: /failed/ });
  plant(root, { 'run/systemd/timesync/synchronized': '' });
  t.match(await readTimeSync(answering('echo no')), { value: true, source: 'systemd-timesyncd' });
});
