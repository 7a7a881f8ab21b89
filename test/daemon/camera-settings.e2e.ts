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
    left: { class: 'car', minScore: 0.6, zone: 'road', from: 0, to: 0.5 },
    right: { class: 'person', minScore: 0.45, zone: 'pavement', from: 0.5, to: 1 },
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
  }
  // Counted against each other, not by the clock, which other tests hold up.
  const healths = daemon.heard.filter(({ topic }) => topic.endsWith('/health'));
  const { cameras } = JSON.parse(String(healths.at(-1)?.payload)) as Health;
  const ratio = (cameras.right?.frames ?? 0) / (cameras.left?.frames ?? 0);
  t.ok(ratio > 3.2 && ratio < 4.7, `their rates, 12 to 3: ${ratio.toFixed(2)} to 1`);
  t.equal(daemon.children().length, 1, 'one engine with one network for both');
});
