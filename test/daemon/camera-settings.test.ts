import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Event } from '../../src/contract/event.js';
import type { Health } from '../../src/contract/health.js';
import { TestDaemon } from '../support/daemon.js';

/** The two halves of the demo clip, as two cameras that have nothing in common but their network. */
const settings = `
mqtt: { broker: { port: 0 } }
cameras:
  left:
    source: demo
    loop: true
    motion: { gate: false }
    fps: 3
    region: [0, 0, 0.5, 1]
    classes: [car]
    minScore: 0.6
    zones: { road: { polygon: [[0, 0], [1, 0], [1, 1], [0, 1]] } }
  right:
    source: demo
    loop: true
    motion: { gate: false }
    fps: 12
    region: [0.5, 0, 1, 1]
    classes: [person]
    minScore: 0.45
    zones: { pavement: { polygon: [[0, 0], [1, 0], [1, 1], [0, 1]] } }
`;

t.test('two cameras of one network, each with its own settings', { timeout: 110_000 }, async (t) => {
  const folder = t.testdir();
  const config = join(folder, 'minspnet.yaml');
  writeFileSync(config, settings);
  const daemon = new TestDaemon(['run', '--config', config], join(folder, 'state'));
  t.teardown(() => daemon.dispose());
  await daemon.subscribe();
  const events = (camera: string) =>
    daemon.heard
      .filter(({ topic }) => topic === `minspnet/minspnet/${camera}/events`)
      .map(({ payload }) => JSON.parse(String(payload)) as Event);
  const isEnough = () => ['left', 'right'].every((camera) => events(camera).some(({ type }) => type === 'end'));
  await daemon.message(isEnough, 80_000);
  await daemon.message(({ topic }) => topic.endsWith('/health'));

  for (const [camera, wanted] of Object.entries({
    left: { class: 'car', minScore: 0.6, zone: 'road', from: 0, to: 0.5, slowest: 1.5, fastest: 3.5 },
    right: { class: 'person', minScore: 0.45, zone: 'pavement', from: 0.5, to: 1, slowest: 5, fastest: 13 },
  })) {
    const seen = events(camera);
    t.comment(`${camera}: ${seen.length} events of ${new Set(seen.map(({ id }) => id)).size} tracks`);
    for (const event of seen) {
      t.equal(event.class, wanted.class, 'its classes');
      t.ok(event.bestScore >= wanted.minScore, `its score: ${event.bestScore}`);
      const [left, , right] = event.box;
      t.ok(left >= wanted.from - 0.02 && right <= wanted.to + 0.02, `its region: ${event.box}`);
      t.ok(
        event.zones.every((zone) => zone === wanted.zone),
        `its zones: ${event.zones}`,
      );
    }
    t.ok(
      seen.some((event) => event.type === 'enter' && event.zone === wanted.zone),
      'an object enters its zone',
    );
    const rates = daemon.heard
      .filter(({ topic }) => topic.endsWith('/health'))
      .map(({ payload }) => (JSON.parse(String(payload)) as Health).cameras[camera]?.fps ?? 0)
      .filter((fps) => fps > 0);
    const mean = rates.reduce((sum, fps) => sum + fps, 0) / rates.length;
    t.ok(mean >= wanted.slowest && mean <= wanted.fastest, `its rate: ${mean}`);
  }
  t.equal(daemon.children().length, 1, 'one engine with one network for both');
});
