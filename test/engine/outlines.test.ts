import t from 'tap';
import { settingsSchema } from '../../src/config/schema.js';
import type { Observation } from '../../src/contract/event.js';
import { Engine } from '../../src/engine/engine.js';
import type { FromEngine } from '../../src/engine/protocol.js';
import { loadModel } from '../../src/model/load.js';
import { iou } from '../../src/pipeline/track/overlap.js';
import { engineSettings } from '../support/settings.js';
import { until } from '../support/until.js';

t.test('the demo’s events bring outlines of what is in their boxes', { timeout: 90_000 }, async (t) => {
  const settings = settingsSchema.parse({
    cameras: { street: { source: 'demo', pace: 'max', segmenter: 'minspnet-s-seg' } },
  });
  const sent: FromEngine[] = [];
  const engine = new Engine(
    {
      ...engineSettings(settings, await loadModel('minspnet-s', 'auto')),
      secondaryModels: {
        classifiers: {},
        segmenters: { 'minspnet-s-seg': await loadModel('minspnet-s-seg', 'auto', 'segment') },
      },
    },
    (message, done) => {
      sent.push(message);
      done?.();
    },
  );
  await engine.start();
  const told = () => sent.flatMap((message) => (message.kind === 'observation' ? [message.observation] : []));
  const seen = () => told().filter(({ type }) => type !== 'end');
  await until(() => seen().length >= 15, 80_000);
  const { outlinesSkipped } = engine.camera('street')?.health() ?? {};
  await engine.stop('stopping');
  const outlined = seen().filter(({ outline }) => outline !== undefined);
  t.ok(outlined.length > 0.6 * seen().length, `${outlined.length} of ${seen().length} events have an outline`);
  for (const { box, outline } of outlined) {
    const boxArea = (box[2] - box[0]) * (box[3] - box[1]);
    const share = (outline?.area ?? 0) / boxArea;
    t.ok(share > 0.12 && share < 1.44, `area ${outline?.area}, of the box’s ${boxArea}`);
  }
  const fits = outlined.map(fit).sort((a, b) => a - b);
  const middle = fits[Math.floor(fits.length / 2)] ?? 0;
  t.ok(middle > 0.6, `half of them fill their boxes with an IoU of ${middle.toFixed(2)} or more`);
  t.equal(outlinesSkipped, 0, 'a file that is played as fast as possible waits');
});

/** How well the outline fills the box that the detector, which is another network, has found. */
function fit({ box, outline }: Observation): number {
  const xs = outline?.polygon.map(([x]) => x) ?? [];
  const ys = outline?.polygon.map(([, y]) => y) ?? [];
  return iou(box, [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]);
}
