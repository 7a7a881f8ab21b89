import t from 'tap';
import { settingsSchema } from '../../src/config/schema.js';
import { loadModel } from '../../src/model/load.js';
import { Detector } from '../../src/pipeline/detector.js';
import { Network } from '../../src/pipeline/network.js';

t.test('the first picture of each size is looked at by whoever wants to know of it', async (t) => {
  const { runtime } = settingsSchema.parse({});
  await using network = await Network.load(await loadModel('minspnet-n', 'auto'), runtime);
  const steps: string[] = [];
  const detector = new Detector(network, async (detect) => {
    steps.push('before');
    const detections = await detect();
    steps.push('after');
    return detections;
  });
  for (const [width, height] of [
    [64, 32],
    [64, 32],
    [32, 64],
    [64, 32],
  ] as const) {
    const input = { width, height };
    await detector.detect({ bytes: new Uint8Array(width * height * 3), input, fitted: input }, 0.5);
    steps.push(`${width}x${height}`);
  }
  t.strictSame(steps, ['before', 'after', '64x32', '64x32', 'before', 'after', '32x64', '64x32']);
});
