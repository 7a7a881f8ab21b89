import { fileURLToPath } from 'node:url';
import t from 'tap';
import { openSource } from '../../src/bench/network-subject.js';
import { settingsSchema } from '../../src/config/schema.js';
import type { Observation } from '../../src/contract/event.js';
import { loadModel } from '../../src/model/load.js';
import { Analysis } from '../../src/pipeline/analysis.js';
import { inputOptions } from '../../src/pipeline/capture/input-size.js';
import { Preparation } from '../../src/pipeline/capture/preparation.js';
import type { Tiling } from '../../src/pipeline/capture/tiles.js';
import { Detector, Network } from '../../src/pipeline/network.js';
import { cameraSettings } from '../support/settings.js';

const demo = fileURLToPath(new URL('../../../demo/street.mp4', import.meta.url));

/** What is told of the demo clip's pictures between two moments, seconds; ten a second. */
async function watch(network: Network, tiles: Tiling | undefined, from: number, to: number) {
  const { card } = network.model;
  const settings = cameraSettings({ tiles });
  const { events } = settingsSchema.parse({});
  const analysis = new Analysis({ camera: 'a', runId: 'a', settings, events, model: card }, new Detector(network));
  using preparation = new Preparation({ ...inputOptions(card, [320, 192]), fps: 10, tiles });
  await using source = openSource(demo);
  await source.open();
  const told: Observation[] = [];
  const cars: boolean[] = [];
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  for (let picture = await source.next(); picture !== undefined; picture = await source.next()) {
    const { frame, mediaMs } = picture;
    if (mediaMs > to * 1000) break;
    if (mediaMs < from * 1000 || !preparation.rate.isDue(mediaMs)) continue;
    bytes ??= preparation.memoryFor(frame);
    const time = { monotonicMs: mediaMs, utcMs: mediaMs, takenMs: mediaMs };
    const analysed = await analysis.look({ ...preparation.prepare(frame, mediaMs, bytes), ...time });
    told.push(...(analysed?.report.observations ?? []));
    cars.push(...analysis.shown.filter((one) => one.class === 'car').map(({ seen }) => seen));
  }
  return { news: told.filter(({ type }) => type === 'new').map(({ class: name }) => name), cars };
}

t.test('a man far down the demo’s street is found by tiles, and not by the whole picture', async (t) => {
  await using network = await Network.load(await loadModel('minspnet-s', 'int8'), settingsSchema.parse({}).runtime);
  t.strictSame((await watch(network, undefined, 1.5, 5)).news, ['car']);
  for (const tiles of ['2x1', '2x2'] as const) {
    const { news, cars } = await watch(network, tiles, 1.5, 5);
    t.strictSame(news.toSorted(), ['car', 'person'], tiles);
    const there = cars.filter((seen) => seen).length;
    t.ok(there > 0.8 * cars.length, `${tiles}: the car is there in ${there} of ${cars.length} pictures`);
  }
});
