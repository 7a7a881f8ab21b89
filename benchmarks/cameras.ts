import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Health } from '../src/contract/health.js';
import { EmbeddedBroker } from '../src/mqtt/embedded-broker.js';
import { sum } from './summary.js';
import { startDaemon } from './whole-daemon.js';

const { values: options } = parseArgs({
  options: {
    cameras: { type: 'string', default: '4' },
    fps: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '60' },
    source: { type: 'string', default: 'demo' },
    model: { type: 'string', default: 'minspnet-s' },
  },
});

/** Of the rate that a camera was promised. */
const rateBar = 0.9;
/** Of what an equal share would be, when there is too much for all. */
const shareBar = 0.9;
const [cameras, fps, seconds] = [Number(options.cameras), Number(options.fps), Number(options.seconds)];
const names = Array.from({ length: cameras }, (_, i) => `camera-${i + 1}`);

interface CameraFigures {
  name: string;
  fps: number;
  /** Of all pictures that the network looked at, 0..1. */
  share: number;
  waitP99Ms: number;
}

const broker = new EmbeddedBroker({ host: '127.0.0.1', port: 0, strict: true });
await broker.start();
console.log(
  `${cpus()[0]?.model}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}; ` +
    `${cameras} cameras (${options.source}), ${options.model}, ${seconds} s each`,
);
let met = true;
try {
  const paced = await measure({ fps, pace: 'realtime' });
  print(`every camera at ${fps} pictures a second`, paced);
  const slowest = Math.min(...paced.map((camera) => camera.fps)) / fps;
  met = bar('slowest camera, of its rate', slowest, rateBar) && met;

  const flooded = await measure({ fps: 120, pace: 'max' });
  print('every camera with more than the network can take', flooded);
  met =
    bar('smallest share, of an equal one', Math.min(...flooded.map(({ share }) => share)) * cameras, shareBar) && met;
} finally {
  await broker.stop();
}
process.exitCode = met ? 0 : 1;

async function measure(settings: { fps: number; pace: 'realtime' | 'max' }): Promise<CameraFigures[]> {
  const camera = { source: options.source, loop: true, motion: { gate: false }, ...settings };
  const all = Object.fromEntries(names.map((name) => [name, camera]));
  await using daemon = await startDaemon(broker.url, all, ['--model', options.model]);
  let first = await daemon.look();
  while (names.some((name) => (first.health.cameras[name]?.frames ?? 0) < 20)) first = await daemon.look(); // warm
  const begun = Date.parse(first.health.at);
  let last = await daemon.look();
  while (Date.parse(last.health.at) - begun < seconds * 1000) last = await daemon.look();
  const elapsed = (Date.parse(last.health.at) - begun) / 1000;
  const looked = names.map((name) => looks(last.health, name) - looks(first.health, name));
  return names.map((name, i) => ({
    name,
    fps: (looked[i] ?? 0) / elapsed,
    share: (looked[i] ?? 0) / sum(looked),
    waitP99Ms: last.health.cameras[name]?.waitP99Ms ?? Number.NaN,
  }));
}

/** Pictures of a camera that the network looked at. */
function looks(health: Health, name: string): number {
  const { frames = 0, still = 0 } = health.cameras[name] ?? {};
  return frames - still;
}

function print(title: string, figures: CameraFigures[]): void {
  console.log(`\n${title}`);
  for (const { name, fps, share, waitP99Ms } of figures) {
    console.log(
      `  ${name}  ${fps.toFixed(2).padStart(6)} fps  ${(100 * share).toFixed(1)} % of the session  ` +
        `p99 wait for it ${waitP99Ms.toFixed(1)} ms`,
    );
  }
}

function bar(what: string, value: number, least: number): boolean {
  const ok = value >= least;
  console.log(`  ${what}: ${(100 * value).toFixed(1)} % (bar ${100 * least} %, ${ok ? 'met' : 'MISSED'})`);
  return ok;
}
