import { join } from 'node:path';
import t from 'tap';
import { ClipWriter } from '../../demo/encode.js';
import { settingsSchema } from '../../src/config/schema.js';
import { Engine } from '../../src/engine/engine.js';
import type { FromEngine } from '../../src/engine/protocol.js';
import { loadClassifier } from '../../src/model/classifier.js';
import { loadModel } from '../../src/model/load.js';
import { writeColourClassifier } from '../support/onnx.js';
import { engineSettings } from '../support/settings.js';
import { until } from '../support/until.js';

const folder = t.testdir();
const clip = join(folder, 'door.mp4');
const seconds = 8;

/** Grey, with a door in its right half that is red for the first half of the time, then blue. */
async function drawDoor(): Promise<void> {
  const [width, height, fps] = [320, 180, 10];
  const writer = await ClipWriter.open(clip, width, height, fps, 23);
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let frame = 0; frame < seconds * fps; frame += 1) {
    const colour = frame < (seconds * fps) / 2 ? [220, 20, 20] : [20, 20, 220];
    for (let i = 0; i < width * height; i += 1) {
      const isDoor = i % width >= width / 2;
      pixels.set([...(isDoor ? colour : [120, 120, 120]), 255], 4 * i);
    }
    await writer.write(pixels);
  }
  await writer.close();
}

t.test('a region’s state is told at once, and again within two seconds of a change', { timeout: 60_000 }, async (t) => {
  await drawDoor();
  writeColourClassifier(join(folder, 'colours'));
  const states = { door: { region: [0.5, 0, 1, 1], classes: ['red', 'blue'], model: 'colours' } };
  const settings = settingsSchema.parse({ cameras: { hall: { source: clip, states } } });
  const sent: FromEngine[] = [];
  const engine = new Engine(
    {
      ...engineSettings(settings, await loadModel('minspnet-n', 'auto')),
      secondaryModels: { classifiers: { colours: await loadClassifier('colours', 'auto', [folder]) }, segmenters: {} },
    },
    (message, done) => {
      sent.push(message);
      done?.();
    },
  );
  await engine.start();
  const told = () => sent.flatMap((message) => (message.kind === 'region-state' ? [message.state] : []));
  await until(() => told().some(({ state }) => state === 'blue'), 50_000);
  await engine.takePicture('hall', 1, false, [0.5, 0, 1, 1]);
  await engine.stop('stopping');
  t.strictSame(
    told()
      .slice(0, 2)
      .map(({ state }) => state),
    ['red', 'blue'],
  );
  t.match(told()[0], { camera: 'hall', name: 'door', classes: ['red', 'blue'] });
  const [red, blue] = told().map(({ at }) => Date.parse(at));
  const since = ((blue ?? 0) - (red ?? 0)) / 1000;
  t.ok(since > seconds / 2 - 1 && since < seconds / 2 + 2, `told ${since} s after the first look`);
  t.match(
    sent.find((message) => message.kind === 'picture'),
    { width: 160, height: 180 },
    'a part of the picture is what was asked for',
  );
  const events = sent.flatMap((message) => (message.kind === 'observation' ? [message.observation] : []));
  t.match(events[0], { type: 'state', camera: 'hall', class: 'door', from: 'red', to: 'blue', box: [0.5, 0, 1, 1] });
  t.match(told().at(-1), { state: 'unknown' }, 'nobody looks any more');
});
