import { settingsSchema } from '../src/config/schema.js';
import { loadModel } from '../src/model/load.js';
import { FfmpegSource } from '../src/pipeline/capture/ffmpeg-source.js';
import { inputSize } from '../src/pipeline/capture/input-size.js';
import { parseSource } from '../src/pipeline/capture/source.js';
import { tensorBuffer, tensorBytes } from '../src/pipeline/capture/tensor.js';
import { TensorScaler } from '../src/pipeline/capture/tensor-scaler.js';
import { Detector } from '../src/pipeline/detector.js';
import { Network } from '../src/pipeline/network.js';
import { Scene } from '../src/pipeline/scene.js';

export type Stage = 'decode' | 'scale' | 'inference' | 'decode boxes' | 'track and events';

export interface StageSamples {
  /** Wall milliseconds a frame, in order. */
  samples: Record<Stage, number[]>;
  /** CPU milliseconds of all frames: unlike the wall's, they don't count what else the machine does. */
  cpuMs: Record<'decode' | 'scale' | 'detect' | 'track and events', number>;
  frames: number;
  cpuSeconds: number;
  wallSeconds: number;
  input: { width: number; height: number };
  model: string;
}

/** At least this much before anything is counted. */
const warmUp = { frames: 10, ms: 1000 };

/** Plays a clip through the engine's own parts on this thread, one stage after the other. */
export async function measureStages(clip: string, model: string, frames: number): Promise<StageSamples> {
  const settings = settingsSchema.parse({ cameras: { bench: { source: clip } } });
  const camera = settings.cameras.bench;
  const verified = await loadModel(model, 'auto');
  await using network = await Network.load(verified, settings.runtime);
  const detector = new Detector(network);
  const source = parseSource(clip);
  if (source.kind !== 'ffmpeg' || camera === undefined) throw new TypeError(`${clip} is no file`);
  const { minScore, input: cardInput } = verified.card;
  let scene: Scene | undefined;

  const samples: StageSamples['samples'] = {
    decode: [],
    scale: [],
    inference: [],
    'decode boxes': [],
    'track and events': [],
  };
  const cpuMs: StageSamples['cpuMs'] = { decode: 0, scale: 0, detect: 0, 'track and events': 0 };
  const startedAt = performance.now();
  let warmedUp: { at: number; cpu: NodeJS.CpuUsage } | undefined;
  let input = { width: 0, height: 0 };
  let played = 0;
  for (let offsetMs = 0; samples.decode.length < frames; offsetMs += 60_000) {
    await using opened = new FfmpegSource(source);
    const facts = await opened.open();
    input = inputSize(facts, cardInput.multipleOf);
    scene ??= new Scene({ camera: 'bench', runId: 'bench', settings: camera, events: settings.events, minScore });
    using scaler = new TensorScaler(input, cardInput.fill);
    const buffer = tensorBuffer(input, cardInput.fill);
    while (samples.decode.length < frames) {
      const c0 = cpuNow();
      const t0 = performance.now();
      const picture = await opened.next();
      if (picture === undefined) break;
      const c1 = cpuNow();
      const t1 = performance.now();
      const fitted = scaler.scale(picture.frame, buffer);
      const t2 = performance.now();
      const c2 = cpuNow();
      const detections = await detector.detect({ bytes: tensorBytes(buffer, input), input, fitted }, scene.lowestScore);
      const c3 = cpuNow();
      const t3 = performance.now();
      scene.observe(detections, { monotonicMs: offsetMs + picture.mediaMs, utcMs: offsetMs + picture.mediaMs });
      const t4 = performance.now();
      const c4 = cpuNow();
      played += 1;
      if (warmedUp === undefined) {
        if (played >= warmUp.frames && t4 - startedAt >= warmUp.ms) warmedUp = { at: t4, cpu: process.cpuUsage() };
        continue;
      }
      samples.decode.push(t1 - t0);
      samples.scale.push(t2 - t1);
      samples.inference.push(detector.times.inferenceMs);
      samples['decode boxes'].push(detector.times.decodeBoxesMs);
      samples['track and events'].push(t4 - t3);
      cpuMs.decode += c1 - c0;
      cpuMs.scale += c2 - c1;
      cpuMs.detect += c3 - c2;
      cpuMs['track and events'] += c4 - c3;
    }
  }
  const { user, system } = process.cpuUsage(warmedUp?.cpu);
  const { name, version } = verified.card;
  return {
    samples,
    cpuMs,
    frames: samples.decode.length,
    cpuSeconds: (user + system) / 1e6,
    wallSeconds: (performance.now() - (warmedUp?.at ?? startedAt)) / 1000,
    input,
    model: `${name} ${version} ${verified.precision}`,
  };
}

/** CPU time of this process, milliseconds. */
function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
