import { type CameraSettings, settingsSchema } from '../src/config/schema.js';
import type { Detection } from '../src/contract/detection.js';
import type { VerifiedModel } from '../src/contract/model-card.js';
import { measuring } from '../src/engine/input-choice.js';
import { Network } from '../src/pipeline/network.js';
import { Scene } from '../src/pipeline/scene.js';
import { median } from './summary.js';

const input = [320, 192] as const;
const fps = 10;
/** Before anything is counted: compilers and tracks settle. */
const warmUp = 1000;
const counted = 3000;
/** Pictures of one sample: `process.cpuUsage` is too coarse for one. */
const block = 100;

/** What following so many objects costs beside the network, CPU milliseconds a picture. */
export async function trackerCpu(
  model: VerifiedModel,
  objects: number,
): Promise<{ trackMs: number; networkMs: number }> {
  const { cameras, events, runtime } = settingsSchema.parse({ cameras: { crowd: { source: 'crowd.mp4' } } });
  const settings = cameras.crowd as CameraSettings;
  const scene = new Scene({ camera: 'crowd', runId: 't', settings, events, model: model.card });
  const samples: number[] = [];
  for (let picture = 0; picture < warmUp + counted; ) {
    const detections = Array.from({ length: block }, (_, i) => crowd(objects, (picture + i) / fps));
    const before = process.cpuUsage();
    for (const seen of detections) {
      const ms = (picture++ * 1000) / fps;
      scene.observe(seen, { monotonicMs: ms, utcMs: ms }, { width: input[0], height: input[1] });
    }
    const { user, system } = process.cpuUsage(before);
    if (picture > warmUp) samples.push((user + system) / 1000 / block);
  }
  await using network = await Network.load(model, runtime);
  return { trackMs: median(samples), networkMs: await measuring(network)(input) };
}

/** People who walk to and fro on six lanes, at scores between .4 and .8; each twentieth sighting is missed. */
function crowd(objects: number, seconds: number): Detection[] {
  return Array.from({ length: objects }, (_, i): Detection[] => {
    const lane = i % 6;
    const way = (0.13 * i + (0.03 + 0.004 * (i % 7)) * seconds) % 1.8;
    const x = 0.05 + (way < 0.9 ? way : 1.8 - way);
    const noise = Math.abs(Math.sin(12.9898 * i + 78.233 * seconds));
    if (noise < 0.05) return [];
    const y = 0.1 + 0.13 * lane;
    return [{ class: 'person', score: 0.4 + 0.4 * noise, box: [x - 0.012, y, x + 0.012, y + 0.12] }];
  }).flat();
}
