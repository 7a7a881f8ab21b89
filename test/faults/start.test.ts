import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { noMosquitto } from '../support/broker.js';

/** What a command prints and how it ends where the daemon that it drives refuses its settings. */
function runBroken(command: string, args: readonly string[]) {
  const program = fileURLToPath(new URL(command, import.meta.url));
  const env = { ...process.env, MINSPNET_LOG__LEVEL: 'nonsense' };
  return spawnSync(process.execPath, [program, ...args], { env, encoding: 'utf8', timeout: 60_000 });
}

for (const [command, args] of [
  ['fuzz.js', ['--only', 'http', '--runs', '100']],
  ['fuzz.js', ['--only', 'mqtt', '--runs', '100']],
  ['soak.js', ['--minutes', '5']],
] as const) {
  const skip = command === 'soak.js' && noMosquitto;
  t.test(`${command} ${args.join(' ')} ends at once where the daemon does not start, and says why`, { skip }, (t) => {
    const { status, stderr } = runBroken(command, args);
    t.equal(status, 1);
    t.match(stderr, /the daemon ended .*with exit code 78: .*log\.level: found "nonsense"/);
    t.end();
  });
}
