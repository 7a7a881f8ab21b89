import { createHash } from 'node:crypto';
import t from 'tap';
import { CLASSES } from '../../demo/classes.js';
import { crossingsOf } from '../../demo/truth.js';
import { clipBytes, readTruth, truthText } from './files.js';

const truth = readTruth();

t.test('the committed clip is the one that the truth speaks of', async (t) => {
  const bytes = clipBytes();
  t.equal(bytes.length, truth.clip.bytes);
  t.ok(bytes.length < 1_500_000, 'small enough to be shipped');
  t.equal(createHash('sha256').update(bytes).digest('hex'), truth.clip.sha256);
  // The table of sample sizes holds one entry a frame: type, version, common size, count.
  const table = bytes.indexOf('stsz');
  t.ok(table > 0);
  t.equal(bytes.readUInt32BE(table + 12), truth.clip.frames);
  t.equal(truth.frames.length, truth.clip.frames);
  t.ok(truthText().length < 300_000);
});

t.test('boxes lie in the picture', async (t) => {
  const bad = truth.frames.flatMap((objects, frame) =>
    objects
      .filter(
        ({ box: [x1, y1, x2, y2], visible, class: name }) =>
          !(
            x1 >= 0 &&
            y1 >= 0 &&
            x2 <= truth.width &&
            y2 <= truth.height &&
            x1 < x2 &&
            y1 < y2 &&
            visible >= 0 &&
            visible <= 1 &&
            CLASSES.includes(name)
          ),
      )
      .map((o) => ({ frame, ...o })),
  );
  t.same(bad, []);
});

t.test('an identity is one object: one class, no gap, no jump, never twice in a frame', async (t) => {
  const seen = new Map<string, { frame: number; class: string; x: number; width: number }>();
  const bad: string[] = [];
  for (const [frame, objects] of truth.frames.entries()) {
    if (new Set(objects.map((o) => o.id)).size !== objects.length) bad.push(`frame ${frame} names somebody twice`);
    for (const o of objects) {
      const x = (o.box[0] + o.box[2]) / 2;
      const width = o.box[2] - o.box[0];
      const before = seen.get(o.id);
      if (before) {
        if (o.class !== before.class) bad.push(`${o.id} changes its class in frame ${frame}`);
        if (frame !== before.frame + 1) bad.push(`${o.id} is gone before frame ${frame}`);
        if (Math.abs(x - before.x) > 12 + 0.6 * Math.max(width, before.width))
          bad.push(`${o.id} jumps in frame ${frame}`);
      }
      seen.set(o.id, { frame, class: o.class, x, width });
    }
  }
  t.same(bad, []);
  t.ok(seen.size >= 8, `${seen.size} objects`);
  for (const name of CLASSES.slice(0, 3).concat('dog'))
    t.ok(
      [...seen.values()].some((s) => s.class === name),
      name,
    );
});

t.test('the street is empty at both ends, so that a loop makes clean tracks', async (t) => {
  t.same(truth.frames[0], []);
  t.same(truth.frames.at(-1), []);
});

t.test('the crossings are those that the boxes make', async (t) => {
  t.ok(truth.lines.length > 0);
  for (const line of truth.lines) {
    t.same(crossingsOf(truth.frames, line, truth.width, truth.height), line.crossings, line.name);
    t.ok(
      line.crossings.some((c) => c.direction === 'a-to-b') && line.crossings.some((c) => c.direction === 'b-to-a'),
      `${line.name} is crossed both ways`,
    );
    t.equal(new Set(line.crossings.map((c) => c.id)).size, line.crossings.length, `nobody crosses ${line.name} twice`);
  }
});

t.test('directions agree with where things go', async (t) => {
  // Both lines run away from the camera, so a (their left) is the picture's left.
  for (const line of truth.lines) {
    t.ok(line.to[1] < line.from[1], line.name);
    for (const crossing of line.crossings) {
      const path = truth.frames.flatMap((objects) =>
        objects.filter((o) => o.id === crossing.id).map((o) => (o.box[0] + o.box[2]) / 2),
      );
      t.equal((path.at(-1) ?? 0) > (path[0] ?? 0) ? 'a-to-b' : 'b-to-a', crossing.direction, crossing.id);
    }
  }
});

t.test('lines and zones are fractions of the picture', async (t) => {
  const points = [...truth.lines.flatMap((l) => [l.from, l.to]), ...truth.zones.flatMap((z) => z.polygon)];
  t.ok(points.every(([x, y]) => x >= 0 && x <= 1 && y >= 0 && y <= 1));
  t.ok(truth.zones.every((z) => z.polygon.length >= 3));
});
