// Measures how soon after its start the daemon has its first observation in the outbox, with no broker at all:
// `npm run bench:first -- [--times N]`. The bar of 2 s is for a board that does nothing else.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const cli = fileURLToPath(new URL('../src/cli.js', import.meta.url));
/** Nobody listens there: port 1 of this machine. */
const nobody = 'mqtt://127.0.0.1:1';
const barMs = 2000;

/** Milliseconds from the start of the process until an event stands in a file of the outbox. */
async function measure(): Promise<number> {
  const state = mkdtempSync(join(tmpdir(), 'minspnet-first-'));
  const startedAt = performance.now();
  const args = [cli, 'run', '--source', 'demo', '--pace', 'max', '--loop', '--mqtt', nobody];
  const env = { ...process.env, MINSPNET_STATEDIRECTORY: state, MINSPNET_HTTP__ENABLED: 'false' };
  const child = spawn(process.execPath, args, { env, stdio: 'ignore' });
  try {
    while (!hasEvent(join(state, 'outbox'))) {
      if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}`);
      if (performance.now() - startedAt > 60_000) throw new Error('no observation within a minute');
      await sleep(5);
    }
    return performance.now() - startedAt;
  } finally {
    child.kill('SIGKILL');
    await sleep(50);
    rmSync(state, { recursive: true, force: true });
  }
}

function hasEvent(outbox: string): boolean {
  try {
    const files = readdirSync(outbox).filter((name) => name.endsWith('.segment'));
    return files.some((name) => readFileSync(join(outbox, name), 'utf8').includes('"capturedAt"'));
  } catch {
    return false; // the daemon has not come to it yet
  }
}

const { values } = parseArgs({ options: { times: { type: 'string', default: '5' } } });
const taken: number[] = [];
for (let i = 0; i < Number(values.times); i++) {
  const ms = await measure();
  taken.push(ms);
  console.log(`first observation in the outbox after ${(ms / 1000).toFixed(2)} s (load ${loadavg()[0]?.toFixed(1)})`);
}
const median = taken.toSorted((a, b) => a - b)[Math.floor(taken.length / 2)] ?? Number.NaN;
console.log(`median ${(median / 1000).toFixed(2)} s, bar ${barMs / 1000} s: ${median <= barMs ? 'met' : 'missed'}`);
process.exitCode = median <= barMs ? 0 : 1;
