// Measures how soon after its start the daemon has its first observation in the outbox, with no broker at all, and what CPU
// time that takes: `npm run bench:first -- [--times N]`. The bar of 2 s is for a board that does nothing else.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { children, cpuSeconds } from '../src/bench/processes.js';
import { percentile, sortUp } from '../src/timing/percentile.js';

const cli = fileURLToPath(new URL('../src/cli.js', import.meta.url));
/** Nobody listens there: port 1 of this machine. */
const nobody = 'mqtt://127.0.0.1:1';
const barMs = 2000;
/** As `npm start` has it. */
const node = ['--max-semi-space-size=2'];

/** What the log says on the way, in order. */
const phases = { settings: /^settings /, ready: /^ready /, live: /^camera .*: live/ };

interface Start {
  /** From the start of the process until an event stands in a file of the outbox. */
  ms: number;
  /** Of the daemon and its engine until then, all threads. */
  cpuMs: number;
  /** Until each of the lines, milliseconds. */
  phases: number[];
}

async function measure(): Promise<Start> {
  const state = mkdtempSync(join(tmpdir(), 'minspnet-first-'));
  const args = [...node, cli, 'run', '--source', 'demo', '--pace', 'max', '--loop', '--mqtt', nobody];
  const own = { MINSPNET_STATEDIRECTORY: state, MINSPNET_HTTP__ENABLED: 'false', MINSPNET_LOG__FORMAT: 'json' };
  const startedAt = Date.now();
  const env = { ...process.env, MALLOC_ARENA_MAX: '1', ...own };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let log = '';
  child.stdout.on('data', (text: Buffer) => {
    log += text;
  });
  try {
    while (!hasEvent(join(state, 'outbox'))) {
      if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}`);
      if (Date.now() - startedAt > 60_000) throw new Error('no observation within a minute');
      await sleep(5);
    }
    const ms = Date.now() - startedAt;
    const pid = child.pid ?? 0;
    const cpuMs = 1000 * [pid, ...children(pid)].reduce((sum, one) => sum + cpuSeconds(one), 0);
    await sleep(50); // what was logged by then
    const lines = log
      .split('\n')
      .filter(Boolean)
      .map((line): { time: number; msg: string } => JSON.parse(line));
    const at = (phase: RegExp) => (lines.find(({ msg }) => phase.test(msg))?.time ?? Number.NaN) - startedAt;
    return { ms, cpuMs, phases: Object.values(phases).map(at) };
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

function tell(what: string, { ms, cpuMs, phases: times }: Start): void {
  const inSeconds = (value: number) => `${(value / 1000).toFixed(2)} s`;
  const way = Object.keys(phases).map((name, i) => `${name} ${inSeconds(times[i] ?? Number.NaN)}`);
  console.log(`${what}: ${way.join(', ')}, observation ${inSeconds(ms)}; ${inSeconds(cpuMs)} of CPU`);
}

const { values } = parseArgs({ options: { times: { type: 'string', default: '5' } } });
const starts: Start[] = [];
for (let i = 0; i < Number(values.times); i++) {
  const start = await measure();
  starts.push(start);
  tell(`start ${i + 1} (load ${loadavg()[0]?.toFixed(1)})`, start);
}
const median = (of: (start: Start) => number) => percentile(sortUp(starts.map(of)), 0.5);
const ms = median((start) => start.ms);
const middle = { ms, cpuMs: median((start) => start.cpuMs) };
tell('median', {
  ...middle,
  phases: Object.keys(phases).map((_, i) => median((start) => start.phases[i] ?? Number.NaN)),
});
console.log(`bar ${barMs / 1000} s: ${ms <= barMs ? 'met' : 'missed'}`);
process.exitCode = ms <= barMs ? 0 : 1;
