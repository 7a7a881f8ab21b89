import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cores, Emulator, whyNot } from './emulator.js';
import { arm64Packages, installApp } from './packages.js';

/*
 * `npm run proof:arm64 -- [--minutes 1] [--output FILE] [--core 0]`: `minspnet proof` as arm64 under QEMU, on the demo clip.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    output: { type: 'string', default: 'minspnet-proof-arm64.json' },
    core: { type: 'string', default: '0' },
  },
});
const reason = await whyNot();
const core = cores[Number(values.core)];
if (reason !== undefined || core === undefined) throw new Error(reason ?? `there are ${cores.length} cores`);
const packages = await arm64Packages();
const directory = await mkdtemp(join(tmpdir(), 'minspnet-arm64-'));
try {
  const cli = await installApp(join(directory, 'app'), packages.modules);
  const emulator = await Emulator.make(core, packages.node, await mkdtemp(join(directory, 'core-')));
  const args = [cli, 'proof', '--camera', 'demo', '--minutes', values.minutes, '--output', resolve(values.output)];
  const env = { MINSPNET_STATEDIRECTORY: join(directory, 'state') };
  const child = emulator.spawn(args, { cwd: directory, env, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
