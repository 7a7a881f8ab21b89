import t from 'tap';
import type { Detection } from '../../src/contract/detection.js';
import { type Observation, observation } from '../../src/contract/event.js';
import { cameraState } from '../../src/contract/status.js';
import { makeScene, Transcript, timeOf } from './scene-play.js';
import { boxAt, randomFrom } from './track/actors.js';

const classes = ['person', 'car', 'truck', 'dog'];
const settings = {
  zones: {
    left: {
      polygon: [
        [0, 0],
        [0.4, 0],
        [0.5, 1],
        [0, 1],
      ] as [number, number][],
      dwellSeconds: 1,
    },
    island: {
      polygon: [
        [0.4, 0.4],
        [0.7, 0.5],
        [0.5, 0.8],
      ] as [number, number][],
      classes: ['car', 'person'],
    },
  },
  lines: {
    road: { from: [0.5, 0] as [number, number], to: [0.5, 1] as [number, number] },
    kerb: { from: [0.1, 0.6] as [number, number], to: [0.9, 0.5] as [number, number], classes: ['car'] },
  },
};

/** A crowd in which everything happens: noise, misses, false alarms, mistaken classes, pauses, lost cameras. */
function chaos(seed: number): { record: Transcript; open: number[] } {
  const random = randomFrom(seed);
  const scene = makeScene(settings);
  const record = new Transcript();
  const open: number[] = [];
  const movers = Array.from({ length: 6 }, () => ({
    class: classes[Math.floor(random() * classes.length)] as string,
    x: random(),
    y: random(),
    vx: 0.4 * (random() - 0.5),
    vy: 0.2 * (random() - 0.5),
    size: 0.05 + 0.15 * random(),
  }));
  let now = 0;
  for (let frame = 0; frame < 300; frame++) {
    const dt = random() < 0.01 ? 5 * random() : 0.2 * random();
    now += dt;
    const detections: Detection[] = [];
    for (const mover of movers) {
      mover.x = (mover.x + mover.vx * dt + 1) % 1;
      mover.y = (mover.y + mover.vy * dt + 1) % 1;
      if (random() < 0.2) continue;
      const noise = () => 0.1 * mover.size * (random() - 0.5);
      detections.push({
        class: random() < 0.1 ? (classes[Math.floor(random() * classes.length)] as string) : mover.class,
        score: random(),
        box: boxAt(mover.x + noise(), mover.y + noise(), mover.size, 1.5 * mover.size),
      });
    }
    if (random() < 0.3) detections.push({ class: 'dog', score: random(), box: boxAt(random(), random(), 0.1, 0.1) });
    record.add(scene.observe(detections, timeOf(now)));
    if (random() < 0.01) record.add(scene.end('camera-lost', timeOf(now)));
    open.push(scene.openTracks);
  }
  record.add(scene.end('stopping', timeOf(now)));
  open.push(scene.openTracks);
  return { record, open };
}

function byTrack(observations: readonly Observation[]): Map<string, Observation[]> {
  const stories = new Map<string, Observation[]>();
  for (const one of observations) {
    const story = stories.get(one.id);
    if (story) story.push(one);
    else stories.set(one.id, [one]);
  }
  return stories;
}

/** What is wrong with the story of one track; empty for a sound one. */
function faultsOf(story: readonly Observation[]): string[] {
  const faults: string[] = [];
  const check = (sound: boolean, fault: string) => {
    if (!sound) faults.push(fault);
  };
  const inside = new Set<string>();
  check(story[0]?.type === 'new', 'begins without new');
  check(story.at(-1)?.type === 'end', 'has no end');
  for (const [i, o] of story.entries()) {
    const before = story[i - 1];
    check(observation.safeParse(o).success, 'not valid');
    check(o.type !== 'new' || i === 0, 'a second new');
    check(o.type !== 'end' || i === story.length - 1, 'something after its end');
    check(!before || o.capturedMonotonicMs >= before.capturedMonotonicMs, 'goes back in time');
    check(!before || o.ageMs >= before.ageMs, 'grows younger');
    check(!before || o.bestScore >= before.bestScore, 'best score falls');
    check(o.score <= o.bestScore, 'score above its best');
    if (o.type === 'enter') {
      check(!inside.has(o.zone), 'enters twice');
      inside.add(o.zone);
    }
    if (o.type === 'dwell') check(inside.has(o.zone) && o.dwellMs >= 1000, 'dwells where it is not');
    if (o.type === 'leave') {
      check(inside.delete(o.zone), 'leaves where it is not');
      check(!o.zones.includes(o.zone), 'is in the zone that it has left');
    }
    if (o.type === 'update')
      check(
        o.zones.every((zone) => inside.has(zone)),
        'an update names a zone not entered',
      );
    if (o.type === 'crossing' && o.line === 'kerb') check(o.class === 'car', 'crosses a line of another class');
  }
  check(inside.size === 0, 'never leaves');
  const paced = story.filter(({ type }) => type === 'new' || type === 'update').map((o) => o.capturedMonotonicMs);
  check(
    paced.every((time, i) => i === 0 || time - (paced[i - 1] ?? 0) >= 1999.8),
    'updates too often',
  );
  return faults;
}

t.test('30 chaotic scenes: every track has a sound story, and the counts agree with them', async (t) => {
  const faults: string[] = [];
  let tracks = 0;
  let observations = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const { record, open } = chaos(seed);
    const stories = byTrack(record.observations);
    for (const [id, story] of stories) for (const fault of faultsOf(story)) faults.push(`${seed} ${id}: ${fault}`);
    tracks += stories.size;
    observations += record.observations.length;
    if (open.at(-1) !== 0) faults.push(`${seed}: tracks left open`);
    const totals = new Map<string, number>();
    for (const o of record.of('crossing')) {
      const key = `${o.line} ${o.class}`;
      const total = (totals.get(key) ?? 0) + 1;
      totals.set(key, total);
      if (o.counts['a-to-b'] + o.counts['b-to-a'] !== total) faults.push(`${seed} ${o.id}: counts ${key}`);
    }
    const shot = new Set(record.shots.map(({ track }) => track));
    for (const id of stories.keys()) if (!shot.has(id)) faults.push(`${seed} ${id}: no shot`);
    for (const state of record.states) if (!cameraState.safeParse(state).success) faults.push(`${seed}: state`);
    const last = record.states.at(-1);
    const left = [last?.counts ?? {}, ...Object.values(last?.zones ?? {})].flatMap((counts) => Object.values(counts));
    if (left.some((count) => count !== 0)) faults.push(`${seed}: counted after the end`);
  }
  t.strictSame(faults.slice(0, 10), []);
  t.ok(tracks > 300 && observations > 4 * tracks, `${tracks} tracks, ${observations} observations`);
});

t.test('the same detections tell the same story', async (t) => {
  t.strictSame(chaos(7).record.observations, chaos(7).record.observations);
});

t.test('the counts are those of the open tracks after every picture', async (t) => {
  const random = randomFrom(9);
  const scene = makeScene();
  const open = new Map<string, string>();
  let counts: { [name: string]: number } = {};
  let wrong = 0;
  for (let frame = 0; frame < 2000; frame++) {
    const detections = [0.2, 0.5, 0.8].flatMap((x): Detection[] =>
      Math.sin(frame / 40 + 7 * x) > 0
        ? [{ class: random() < 0.3 ? 'truck' : 'car', score: 0.7, box: boxAt(x, 0.5, 0.1, 0.1) }]
        : [],
    );
    const { observations, state } = scene.observe(detections, timeOf(frame / 10));
    for (const o of observations) {
      if (o.type === 'end') open.delete(o.id);
      else open.set(o.id, o.class);
    }
    if (state) counts = state.counts;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (total !== open.size || open.size !== scene.openTracks) wrong++;
  }
  t.equal(wrong, 0);
});
