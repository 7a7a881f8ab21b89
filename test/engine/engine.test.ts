import t from 'tap';
import { settingsSchema } from '../../src/config/schema.js';
import { Engine } from '../../src/engine/engine.js';
import type { FromEngine } from '../../src/engine/protocol.js';
import { loadModel } from '../../src/model/load.js';
import { engineSettings } from '../support/settings.js';
import { until } from '../support/until.js';

/** An engine in this process, with the real network, and what it has sent. */
async function startEngine(sources: Record<string, string>) {
  const cameras = Object.fromEntries(
    Object.entries(sources).map(([name, source]) => [name, { source, pace: 'max', loop: true }]),
  );
  const settings = settingsSchema.parse({ cameras });
  const sent: FromEngine[] = [];
  const engine = new Engine(engineSettings(settings, await loadModel('minspnet-n', 'auto')), (message, done) => {
    sent.push(message);
    done?.();
  });
  await engine.start();
  const ofKind = <Kind extends FromEngine['kind']>(kind: Kind) =>
    sent.filter((message): message is Extract<FromEngine, { kind: Kind }> => message.kind === kind);
  return { engine, sent, ofKind };
}

t.test('from pictures to observations and snapshots, and to its end', { timeout: 100_000 }, async (t) => {
  const { engine, sent, ofKind } = await startEngine({ yard: 'demo', street: 'demo' });
  t.teardown(async () => {
    if (sent.at(-1)?.kind !== 'stopped') await engine.stop('stopping');
  });
  const cameras = () => ofKind('heartbeat').at(-1)?.cameras ?? {};
  const isNew = (camera: string) =>
    ofKind('observation').some(({ observation: { camera: of, type } }) => of === camera && type === 'new');
  await until(() => isNew('yard') && isNew('street') && (cameras().yard?.frames ?? 0) > 0, 90_000);
  await engine.takePicture('yard', 1, false);
  await engine.takePicture('attic', 2, true);
  await engine.stop('stopping');

  t.equal(sent[0]?.kind, 'ready');
  t.equal(sent.at(-1)?.kind, 'stopped');
  t.match(ofKind('picture'), [{ id: 1, width: 640, height: 360 }]);
  t.match(ofKind('no-answer'), [{ id: 2, error: { code: 'ERR_SOURCE_UNKNOWN' } }]);
  t.strictSame(ofKind('failed'), []);
  const { yard, street } = cameras();
  t.ok((yard?.fps ?? 0) > 0 && (street?.fps ?? 0) > 0);
  t.ok((yard?.inferenceMs ?? 0) > 0 && (yard?.waitP99Ms ?? 0) > 0);
  t.equal(yard?.snapshotErrors, 0);

  const open = new Set<string>();
  const shown = new Set<string>();
  for (const message of sent) {
    if (message.kind === 'snapshot') shown.add(message.snapshot.track);
    if (message.kind !== 'observation') continue;
    const { id, type } = message.observation;
    if (type === 'new') open.add(id);
    if (type === 'new') t.ok(shown.has(id), `${id} was shown before it was told`);
    if (type === 'end') open.delete(id);
  }
  t.strictSame([...open], [], 'every track that began has ended');
});
