/**
 * `npm run bench:motion -- [CLIP…]`: what the motion gate saves and what it costs. Every clip goes through the engine's
 * own parts twice, without and with the gate, picture by picture at the rate of a camera; the events of both runs are
 * compared. The clips are busy; what a quiet street saves follows from its still time.
 */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { analysePictures } from '../src/bench/stages.js';
import { type CameraSettings, type MotionSettings, settingsSchema } from '../src/config/schema.js';
import type { Observation } from '../src/contract/event.js';
import { loadModel } from '../src/model/load.js';
import { Analysis } from '../src/pipeline/analysis.js';
import { createSource } from '../src/pipeline/capture/create-source.js';
import { inputOptions } from '../src/pipeline/capture/input-size.js';
import { Preparation } from '../src/pipeline/capture/preparation.js';
import { parseSource } from '../src/pipeline/capture/source.js';
import { Detector, Network } from '../src/pipeline/network.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fps: { type: 'string', default: '10' },
    model: { type: 'string', default: 'minspnet-s' },
    threshold: { type: 'string' },
    refresh: { type: 'string' },
    /** Prints the tracks of both runs. */
    verbose: { type: 'boolean', default: false },
  },
});

interface Run {
  pictures: number;
  looks: number;
  cpuMs: number;
  events: Observation[];
}

const demo = fileURLToPath(new URL('../../demo/street.mp4', import.meta.url));
const { runtime, events } = settingsSchema.parse({});
const verified = await loadModel(options.model, 'auto');
await using network = await Network.load(verified, runtime);
const detector = new Detector(network);

console.log(`${verified.card.name} ${verified.precision}, ${options.fps} pictures a second at most`);
for (const clip of positionals.length > 0 ? positionals : [demo]) {
  const motion = {
    gate: true,
    ...(options.threshold !== undefined && { threshold: Number(options.threshold) }),
    ...(options.refresh !== undefined && { refreshSeconds: Number(options.refresh) }),
  };
  const camera = settingsSchema.parse({
    cameras: { bench: { source: clip, fps: Number(options.fps), motion } },
  }).cameras.bench;
  if (camera === undefined) throw new TypeError('no camera');
  const without = await play({ ...camera.motion, gate: false });
  const gated = await play(camera.motion);
  const saved = (100 * (1 - gated.looks / without.looks)).toFixed(1);
  const cpu = (100 * (1 - gated.cpuMs / without.cpuMs)).toFixed(1);
  console.log(`\n${basename(clip)}: ${without.pictures} pictures, gate ${JSON.stringify(camera.motion)}`);
  console.log(`  inferences   ${without.looks} -> ${gated.looks} (${saved} % saved); CPU of all stages -${cpu} %`);
  compare(without.events, gated.events, camera.motion.refreshSeconds);

  async function play(motion: MotionSettings): Promise<Run> {
    const settings = camera as CameraSettings;
    const { card } = verified;
    await using source = createSource(parseSource(clip));
    await source.open();
    using preparation = new Preparation({ ...inputOptions(card), motion, fps: settings.fps });
    const scene = { camera: 'bench', runId: 'bench', settings, events, model: card };
    const analysis = new Analysis(scene, detector);
    const run: Run = { pictures: 0, looks: 0, cpuMs: 0, events: [] };
    let last = { monotonicMs: 0, utcMs: 0 };
    const before = process.cpuUsage();
    for await (const { detections, report, time } of analysePictures(source, preparation, analysis)) {
      run.pictures += 1;
      if (detections !== undefined) run.looks += 1;
      run.events.push(...report.observations);
      last = time;
    }
    const { user, system } = process.cpuUsage(before);
    run.cpuMs = (user + system) / 1000;
    run.events.push(...(analysis.end('source-ended', last)?.observations ?? []));
    return run;
  }
}

/** Tracks are the same where class and place agree when they were first told of. */
function compare(without: readonly Observation[], gated: readonly Observation[], refreshSeconds: number): void {
  const [mine, theirs] = [without, gated].map((list) => list.filter(({ type }) => type === 'new'));
  const unmatched = [...(theirs ?? [])];
  let latest = 0;
  let missing = 0;
  for (const one of mine ?? []) {
    const index = unmatched.findIndex(
      (other) =>
        other.class === one.class &&
        Math.abs(other.capturedMonotonicMs - one.capturedMonotonicMs) <= refreshSeconds * 1000,
    );
    const twin = unmatched.splice(index, index < 0 ? 0 : 1)[0];
    if (index < 0 || twin === undefined) missing += 1;
    else latest = Math.max(latest, twin.capturedMonotonicMs - one.capturedMonotonicMs);
  }
  const count = (list: readonly Observation[], type: string) => list.filter((event) => event.type === type).length;
  const types = ['new', 'end', 'update'].map((type) => `${count(without, type)} -> ${count(gated, type)} ${type}`);
  console.log(`  events       ${types.join(', ')}`);
  console.log(
    `  tracks       ${missing} missing or later than ${refreshSeconds} s, ${unmatched.length} more than without`,
  );
  console.log(`  latest       ${latest.toFixed(0)} ms after the run without the gate`);
  if (!options.verbose) return;
  for (const [name, list] of [
    ['without', without],
    ['gated', gated],
  ] as const) {
    for (const { type, id, class: name_, capturedMonotonicMs, stationary, score } of list) {
      console.log(
        `    ${name} ${capturedMonotonicMs} ${type} ${id} ${name_} ${score} ${stationary ? 'stationary' : ''}`,
      );
    }
  }
}
