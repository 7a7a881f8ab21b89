import t from 'tap';
import { observation } from '../../src/contract/event.js';
import type { Box } from '../../src/contract/geometry.js';
import { Analysis } from '../../src/pipeline/analysis.js';
import { toPart } from '../../src/pipeline/capture/region.js';
import { tilesOf } from '../../src/pipeline/capture/tiles.js';
import { type FindOutline, Outliner } from '../../src/pipeline/outliner.js';
import { makeScene, sceneOptions, Transcript, timeOf } from './scene-play.js';
import { type Actor, car, detect, person } from './track/actors.js';

/** An outline whose lowest part is at the left edge of the box. */
const leftFoot: FindOutline = (_, [left, top, right, bottom]) => ({
  polygon: [
    [left, top],
    [right, top],
    [left, bottom],
  ],
  area: ((right - left) * (bottom - top)) / 2,
  foot: [left, bottom],
});

/** Plays as `Analysis` does. @param find for the pictures that are segmented */
function playOutlined(settings: Parameters<typeof makeScene>[0], actors: Actor[], find: FindOutline, seconds = 6) {
  const scene = makeScene(settings);
  const record = new Transcript();
  for (let frame = 0; frame <= seconds * 10; frame += 1) {
    const detections = detect(actors, frame / 10);
    const time = timeOf(frame / 10);
    scene.follow(detections, time);
    const isNeeded = scene.needsOutlines;
    if (isNeeded) scene.outline(find);
    const report = scene.tell(detections, time);
    if (!isNeeded && report.observations.length > 0) scene.outline(find, report.observations);
    record.add(report);
  }
  return record;
}

const strip = (from: number, to: number) => ({
  polygon: [
    [from, 0],
    [to, 0],
    [to, 1],
    [from, 1],
  ] as [number, number][],
});

t.test('zones test the outline’s foot where there is one, from `new` on', async (t) => {
  // It stands from .4 to .6: with the middle of its lower edge in `middle`, with its foot in `left`.
  const zones = { left: strip(0.3, 0.45), middle: strip(0.46, 0.54) };
  const wide = car(() => [0.5, 0.5]);
  const [box] = detect([wide], 0).map(({ box }) => box) as [Box];
  t.ok(box[0] > 0.3 && box[0] < 0.45, `as drawn: ${box}`);
  const without = playOutlined({ zones }, [wide], () => undefined);
  t.match(without.of('new')[0], { zones: ['middle'], outline: undefined });
  const record = playOutlined({ zones }, [wide], leftFoot);
  t.match(record.of('new')[0], { zones: ['left'] });
  t.strictSame(
    record.of('enter').map(({ zone }) => zone),
    ['left'],
  );
  t.strictSame(record.of('leave'), [], 'it never stood elsewhere');
});

t.test('a walker’s foot goes with its box between two outlines, and enters no zone twice', async (t) => {
  const record = playOutlined({ zones: { right: strip(0.5, 1) } }, [person((s) => [0.1 + 0.1 * s, 0.5])], leftFoot, 8);
  const entered = record.of('enter');
  t.equal(entered.length, 1);
  t.strictSame(record.of('leave'), []);
  const [left = 0] = entered[0]?.box ?? [];
  t.ok(Math.abs(left - 0.5) < 0.05, `with its left foot, at ${left}`);
});

t.test('events bring the outline of their own picture, or of one in which the object stood there', async (t) => {
  const record = playOutlined({}, [person((s) => [0.1 + 0.1 * s, 0.5])], leftFoot, 8);
  const told = record.observations.filter(({ type }) => type !== 'end');
  t.ok(told.length >= 4);
  for (const one of told) {
    t.strictSame(observation.parse(one), one);
    const [[left = 0, top = 0] = []] = one.outline?.polygon ?? [];
    t.ok(Math.hypot(left - one.box[0], top - one.box[1]) < 1e-3, `${one.type} at ${one.box}: ${left}, ${top}`);
  }
  let looks = 0;
  const once: FindOutline = (...what) => (looks++ === 0 ? leftFoot(...what) : undefined);
  const later = playOutlined({}, [person((s) => [0.1 + 0.1 * s, 0.5])], once, 8);
  t.ok(later.of('new')[0]?.outline);
  t.ok(
    later.of('update').every(({ outline }) => outline === undefined),
    'an outline of where it was is none',
  );
});

t.test('what was told of a picture that is still segmented comes before the end of its tracks, once', async (t) => {
  let isHeld = false;
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const segment = async () => {
    if (isHeld) await held;
    return { values: new Float32Array(2), channels: 2, rows: 1, columns: 1, covered: { width: 1, height: 1 } };
  };
  const segmenter = { inferenceMs: 1, classes: ['person'], takes: () => true, segment };
  const outliner = new Outliner({ segmenter: () => segmenter, spareMs: () => Number.POSITIVE_INFINITY });
  const actors = [person((s) => [0.1 + 0.1 * s, 0.5])];
  let seconds = 0;
  const detector = { detect: async () => detect(actors, seconds) };
  const { camera, runId, events, model, settings } = sceneOptions();
  const analysis = new Analysis({ camera, runId, events, model, settings, outliner }, detector);
  const size = { width: 1600, height: 900 };
  const look = (at: number) => {
    seconds = at;
    const time = timeOf(at);
    const tensor = { bytes: new Uint8Array(), input: size, fitted: size };
    return analysis.look({ ...time, takenMs: time.monotonicMs, still: false, picture: size, tensor });
  };
  const told: string[] = [];
  for (let frame = 0; frame < 100 && !told.includes('end'); frame += 1) {
    isHeld = told.includes('new');
    const looked = look(frame / 10);
    const ended = isHeld ? undefined : await looked;
    told.push(...(ended?.report.observations ?? []).map(({ type }) => type));
    if (!isHeld) continue;
    const isDone = await Promise.race([
      looked.then(() => true),
      new Promise((resolve) => setImmediate(resolve, false)),
    ]);
    if (isDone) continue;
    told.push(...(analysis.end('camera-restart', timeOf(seconds + 0.1))?.observations ?? []).map(({ type }) => type));
    release();
    t.equal(await looked, undefined, 'it was told by the end');
  }
  t.strictSame(told, ['new', 'update', 'end']);
});

t.test('an outline is of a look that shows the whole object, where the picture is looked at in tiles', async (t) => {
  const size = { width: 320, height: 192 };
  const covered = { width: 1, height: 1 };
  // All of each look is a person: an outline that a seam cuts would end there.
  const values = new Float32Array(2 * 24 * 40).fill(1, 24 * 40);
  const segment = async () => ({ values, channels: 2, rows: 24, columns: 40, covered });
  const segmenter = { inferenceMs: 1, classes: ['person'], takes: () => true, segment };
  const outliner = new Outliner({ segmenter: () => segmenter, spareMs: () => Number.POSITIVE_INFINITY });
  // One stands on the seam; the other makes that tiles are segmented, too.
  const actors = [person((s) => [0.44 + 0.001 * s, 0.5]), person((s) => [0.9 - 0.02 * s, 0.5])];
  const looks = [undefined, ...tilesOf('2x1')];
  let seconds = 0;
  let region: Box | undefined;
  const detector = {
    detect: async () =>
      detect(actors, seconds).flatMap((found) => {
        const box = toPart(found.box, region ?? [0, 0, 1, 1]);
        return box[2] > box[0] ? [{ ...found, box }] : [];
      }),
  };
  const { camera, runId, events, model, settings } = sceneOptions({ tiles: '2x1' });
  const analysis = new Analysis({ camera, runId, events, model, settings, outliner }, detector);
  let outlines = 0;
  for (let frame = 0; frame < 150; frame += 1) {
    seconds = frame / 7;
    region = looks[frame % looks.length];
    const time = timeOf(seconds);
    const tensor = { bytes: new Uint8Array(), input: size, fitted: size };
    const part = region !== undefined && { region, isTile: true };
    const picture = { ...time, takenMs: time.monotonicMs, still: false, picture: size, tensor, ...part };
    for (const { outline, box } of (await analysis.look(picture))?.report.observations ?? []) {
      if (outline === undefined) continue;
      outlines += 1;
      const across = outline.polygon.map(([x]) => x);
      const [left, right] = [Math.min(...across), Math.max(...across)];
      const where = `from ${left} to ${right}, the box from ${box[0]} to ${box[2]}`;
      t.ok(left <= box[0] && right >= box[2], where);
      t.ok(right - left < 1.5 * (box[2] - box[0]), where);
    }
  }
  t.ok(outlines >= 4, `${outlines} outlines`);
});
