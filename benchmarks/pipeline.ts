/**
 * `npm run bench:pipeline`: what a frame costs, stage by stage; what the two processes cost together; and how many
 * frames a CPU second gives against a straightforward Python script with the same model, in interleaved runs.
 */
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { measureStages, type StageSamples } from '../src/bench/stages.js';
import { settingsSchema } from '../src/config/schema.js';
import { loadModel } from '../src/model/load.js';
import { Mosquitto } from '../test/support/broker.js';
import { median, percentile, sum } from './summary.js';
import { startDaemon } from './whole-daemon.js';

const { values: options } = parseArgs({
  options: {
    clip: { type: 'string', default: fileURLToPath(new URL('../../demo/street.mp4', import.meta.url)) },
    model: { type: 'string', default: 'minspnet-s' },
    frames: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    /** With cv2, onnxruntime and paho-mqtt. */
    python: { type: 'string', default: 'python3' },
  },
});

const run = promisify(execFile);
const baseline = fileURLToPath(new URL('../../benchmarks/baseline.py', import.meta.url));

console.log(`on        ${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`);
const model = await loadModel(options.model, 'auto');
const { runtime } = settingsSchema.parse({});
const measured = await measureStages({ source: options.clip, model, runtime, frames: Number(options.frames) });
const size = `${measured.input.width}x${measured.input.height}`;
console.log(`clip      ${options.clip}`);
console.log(`model     ${model.card.name} ${model.card.version} ${model.precision} at ${size}, 1 thread, provider cpu`);
printStages(measured);

const broker = await new Mosquitto().start();
const ours: Effort[] = [];
const theirs: Effort[] = [];
let reason = '';
for (let round = 0; round < Number(options.rounds); round += 1) {
  ours.push(await measureOurs());
  if (reason === '')
    await measureTheirs().then(
      (effort) => theirs.push(effort),
      (error) => {
        reason =
          String(error.stderr || error.message)
            .trim()
            .split('\n')
            .at(-1) ?? '';
      },
    );
}
await broker.stop();
printEfforts();

interface Effort {
  framesPerCpuSecond: number;
  framesPerSecond: number;
  daemonShare?: number;
  rssBytes?: number;
}

async function measureOurs(): Promise<Effort> {
  // The script has no motion gate: the network looks at every picture on both sides.
  const camera = { source: resolve(options.clip), pace: 'max', loop: true, motion: { gate: false } };
  await using daemon = await startDaemon(broker.url, { camera }, ['--model', options.model]);
  await daemon.look(); // five seconds to warm up
  const before = await daemon.look();
  const startedAt = performance.now();
  await daemon.look();
  const after = await daemon.look();
  const seconds = (performance.now() - startedAt) / 1000;
  const frames = after.frames - before.frames;
  const engine = after.engine.cpuSeconds - before.engine.cpuSeconds;
  const own = after.daemon.cpuSeconds - before.daemon.cpuSeconds;
  return {
    framesPerCpuSecond: frames / (engine + own),
    framesPerSecond: frames / seconds,
    daemonShare: own / (engine + own),
    rssBytes: after.engine.rssBytes + after.daemon.rssBytes,
  };
}

async function measureTheirs(): Promise<Effort> {
  const args = ['--clip', options.clip, '--model', model.path, '--size', size, '--mqtt-port', String(broker.port)];
  const { stdout } = await run(options.python, [baseline, ...args, '--seconds', '10']);
  const result = JSON.parse(stdout) as { frames: number; cpuSeconds: number; wallSeconds: number };
  return {
    framesPerCpuSecond: result.frames / result.cpuSeconds,
    framesPerSecond: result.frames / result.wallSeconds,
  };
}

function printStages({ samples, cpuMs, frames, cpuSeconds, wallSeconds }: StageSamples): void {
  console.log(`\nstages on one thread, ${frames} frames after a warm-up, wall ms a frame`);
  console.log(row('', 'p50', 'p90', 'p99'));
  for (const [stage, values] of Object.entries(samples)) {
    console.log(row(stage, percentile(values, 'p50'), percentile(values, 'p90'), percentile(values, 'p99')));
  }
  const rest = cpuMs.scale + cpuMs['decode boxes'] + cpuMs['track and events'];
  const total = sum(Object.values(cpuMs));
  console.log(
    `CPU: ${((cpuSeconds * 1000) / frames).toFixed(2)} ms a frame, ${(frames / wallSeconds).toFixed(0)} frames/s`,
  );
  for (const [stage, ms] of Object.entries(cpuMs))
    console.log(row(`  ${stage}`, `${((100 * ms) / total).toFixed(1)} %`));
  console.log(`  neither decode nor inference: ${((100 * rest) / total).toFixed(1)} % (target <= 10 %)`);
}

function printEfforts(): void {
  const of = (efforts: Effort[]) => ({
    cpu: median(efforts.map((effort) => effort.framesPerCpuSecond)),
    wall: median(efforts.map((effort) => effort.framesPerSecond)),
  });
  const mine = of(ours);
  const shares = ours.map((effort) => 100 * (effort.daemonShare ?? Number.NaN));
  const memory = ours.map((effort) => (effort.rssBytes ?? Number.NaN) / 2 ** 20);
  console.log(`\nwhole daemon, capture to mosquitto, ${ours.length} runs (interleaved with the script), medians`);
  console.log(`minspnet           ${mine.cpu.toFixed(1)} frames a CPU second, ${mine.wall.toFixed(0)} frames/s`);
  console.log(`  daemon process   ${median(shares).toFixed(1)} % of the CPU (target < 3 %)`);
  console.log(`  both processes   ${median(memory).toFixed(0)} MiB resident (target <= 280 MB)`);
  if (theirs.length === 0) {
    console.log(`Python script      not measured: ${reason}`);
    return;
  }
  const other = of(theirs);
  console.log(`Python script      ${other.cpu.toFixed(1)} frames a CPU second, ${other.wall.toFixed(0)} frames/s`);
  console.log(`ratio              ${(mine.cpu / other.cpu).toFixed(2)} (target >= 1.3)`);
}

function row(...cells: string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(18) : cell.padStart(12))).join('');
}
