import t from 'tap';
import type { Detection } from '../../../src/contract/detection.js';
import type { Box } from '../../../src/contract/geometry.js';
import { Calibration } from '../../../src/pipeline/track/evidence.js';
import { Tracker, type TrackerOptions } from '../../../src/pipeline/track/tracker.js';
import { type Actor, boxAt, car, detect, person, randomFrom } from './actors.js';

const options: TrackerOptions = { calibration: new Calibration({ minScore: 0.4 }), aspect: 16 / 9 };

/** Runs a play and returns, for each picture, which confirmed track has which box. */
function play(actors: readonly Actor[], fps: number, seconds: number, alter = (d: Detection[], _frame: number) => d) {
  const tracker = new Tracker(options);
  const ids = new Map<object, number>();
  /** For each actor the ids that it had, in order, without repetition. */
  const idsOf: number[][] = actors.map(() => []);
  for (let frame = 0; frame / fps <= seconds; frame++) {
    const now = frame / fps;
    tracker.step(alter(detect(actors, now), frame), now);
    for (const track of tracker.tracks) {
      if (!track.confirmed) continue;
      if (!ids.has(track)) ids.set(track, ids.size);
      if (!track.seen) continue;
      const [x, y] = [(track.box[0] + track.box[2]) / 2, (track.box[1] + track.box[3]) / 2];
      const distances = actors.map((actor) => {
        const centre = actor.at(now);
        return centre === undefined ? Number.POSITIVE_INFINITY : Math.hypot(centre[0] - x, centre[1] - y);
      });
      const history = idsOf[distances.indexOf(Math.min(...distances))];
      const id = ids.get(track) ?? -1;
      if (history && history.at(-1) !== id) history.push(id);
    }
  }
  return { idsOf, tracks: ids.size, tracker };
}

for (const fps of [5, 10, 15]) {
  t.test(`${fps} fps: two people who cross keep their identities`, async (t) => {
    const { idsOf, tracks } = play(
      [person((s) => [0.1 + 0.12 * s, 0.5]), person((s) => [0.9 - 0.12 * s, 0.52])],
      fps,
      6.5,
    );
    t.equal(tracks, 2);
    t.strictSame(
      idsOf.map((ids) => ids.length),
      [1, 1],
    );
  });

  t.test(`${fps} fps: two people who walk side by side`, async (t) => {
    const random = randomFrom(fps);
    const jitter = () => 0.006 * (random() - 0.5);
    const { idsOf, tracks } = play(
      [
        person((s) => [0.1 + 0.1 * s + jitter(), 0.5 + jitter()]),
        person((s) => [0.15 + 0.1 * s + jitter(), 0.51 + jitter()]),
      ],
      fps,
      7,
    );
    t.equal(tracks, 2);
    t.strictSame(
      idsOf.map((ids) => ids.length),
      [1, 1],
    );
  });

  t.test(`${fps} fps: one who is hidden for 1.2 s comes out as himself`, async (t) => {
    const { tracks } = play([person((s) => (s > 3 && s < 4.2 ? undefined : [0.1 + 0.1 * s, 0.5]))], fps, 8);
    t.equal(tracks, 1);
  });

  t.test(`${fps} fps: one of two who cross is hidden by the other`, async (t) => {
    const front = person((s) => [0.1 + 0.12 * s, 0.5]);
    const behind = person((s) => {
      const x = 0.9 - 0.12 * s;
      return Math.abs(x - (0.1 + 0.12 * s)) < 0.04 ? undefined : [x, 0.5];
    });
    const { idsOf, tracks } = play([front, behind], fps, 6.5);
    t.equal(tracks, 2);
    t.strictSame(
      idsOf.map((ids) => ids.length),
      [1, 1],
    );
  });
}

t.test('a car that moves more than its length between pictures is one track', async (t) => {
  const { tracks, idsOf } = play([car((s) => [-0.1 + 1.1 * s, 0.6])], 5, 1.2); // 0.22 a picture, 0.18 long
  t.equal(tracks, 1);
  t.strictSame(idsOf, [[0]]);
});

t.test('two fast cars that meet', async (t) => {
  const { idsOf, tracks } = play([car((s) => [-0.1 + 0.6 * s, 0.6]), car((s) => [1.1 - 0.6 * s, 0.5])], 5, 2.2);
  t.equal(tracks, 2);
  t.strictSame(
    idsOf.map((ids) => ids.length),
    [1, 1],
  );
});

t.test('at one picture a second a track can be confirmed too', async (t) => {
  const { tracks } = play([person((s) => [0.3 + 0.02 * s, 0.5])], 1, 6);
  t.equal(tracks, 1);
});

t.test('weak detections alone hold a track only where it was last surely seen', async (t) => {
  /** Surely seen for a second, then weakly for six, `shift` of its width beside that place. */
  const lastSeen = (shift: number): number | undefined => {
    const tracker = new Tracker(options);
    for (let frame = 0; frame <= 70; frame++) {
      const left = 0.4 + (frame <= 10 ? 0 : Math.min(frame - 10, 10) * 0.1 * shift * 0.1);
      const score = frame <= 10 ? 0.8 : 0.25;
      tracker.step([{ class: 'person', score, box: [left, 0.2, left + 0.1, 0.8] }], frame / 10);
    }
    return tracker.tracks.find(({ confirmed }) => confirmed)?.lastSeen;
  };
  t.equal(lastSeen(0), 7, 'one that stands in the dark stays');
  t.equal(lastSeen(0.6), undefined, 'one that became something else beside it is over');
});

t.test('weak detections continue a track, below a fraction of the score they don’t', async (t) => {
  const still = person(() => [0.5, 0.5]);
  const weak = (score: number) => (ds: Detection[], frame: number) => ds.map((d) => (frame < 10 ? d : { ...d, score }));
  t.equal(play([still], 10, 2.5, weak(0.3)).tracker.tracks[0]?.lastSeen, 2.5);
  t.equal(play([still], 10, 2.5, weak(0.2)).tracker.tracks[0]?.lastSeen, 0.9);
});

t.test('a van that is a car, a truck or a bus by turns is one track', async (t) => {
  const names = ['truck', 'car', 'truck', 'bus', 'truck'];
  const { tracks, tracker } = play([car((s) => [0.2 + 0.15 * s, 0.5])], 10, 3, (ds, frame) =>
    ds.map((d) => ({ ...d, class: names[frame % names.length] as string })),
  );
  t.equal(tracks, 1);
  t.equal(tracker.tracks[0]?.votes.winner(undefined), 'truck');
});

t.test('one that is seen as a car and as a truck at once is one track', async (t) => {
  const { tracks } = play([car((s) => [0.2 + 0.15 * s, 0.5])], 10, 3, (ds) =>
    ds.flatMap((d) => [d, { ...d, class: 'truck', score: d.score - 0.1 }]),
  );
  t.equal(tracks, 1);
});

t.test('a person who is taken for a dog for a while makes no dog', async (t) => {
  const { tracks } = play([person((s) => [0.2 + 0.05 * s, 0.5])], 10, 4, (ds, frame) =>
    frame > 15 && frame < 30
      ? ds.flatMap((d) => [
          { ...d, score: 0.3 },
          { ...d, class: 'dog', score: 0.6 },
        ])
      : ds,
  );
  t.equal(tracks, 1);
});

t.test('a person who is taken for a cat at first is one track, and a person', async (t) => {
  const cat = (ds: Detection[]) => ds.map((d) => ({ ...d, class: 'cat', score: 0.7 }));
  const { tracks, tracker } = play([person((s) => [0.2 + 0.05 * s, 0.5])], 10, 4, (ds, frame) =>
    frame < 12 ? cat(ds) : ds,
  );
  t.equal(tracks, 1);
  t.strictSame(
    tracker.tracks.map((track) => track.class),
    ['person'],
  );
  const later = play([person(() => [0.5, 0.5])], 10, 4, (ds, frame) => (frame < 12 ? cat(ds) : frame < 26 ? [] : ds));
  t.equal(later.tracks, 2, 'who comes to its place later is another');
});

t.test('a second, smaller box on a person begins no track', async (t) => {
  const { tracks } = play([person((s) => [0.2 + 0.05 * s, 0.5])], 10, 4, (ds) =>
    ds.flatMap((d) => [d, { ...d, score: 0.5, box: [d.box[0], d.box[1], d.box[2], (d.box[1] + d.box[3]) / 2] }]),
  );
  t.equal(tracks, 1);
});

t.test('one who leaves and one who comes in at another place later are two', async (t) => {
  const { tracks } = play(
    [person((s) => (s < 4 ? [0.7 + 0.1 * s, 0.5] : [0.1 * (s - 5), 0.5]))], // out at the right, in at the left
    10,
    9,
  );
  t.equal(tracks, 2);
});

t.test('who has left the picture is over sooner than who is hidden', async (t) => {
  const endOf = (actor: Actor) => {
    const tracker = new Tracker(options);
    for (let frame = 0; ; frame++) {
      tracker.step(detect([actor], frame / 10), frame / 10);
      if (tracker.ended.length > 0) return frame / 10;
    }
  };
  const left = endOf(person((s) => [0.8 + 0.1 * s, 0.5])); // gone after 2.3 s
  const hidden = endOf(person((s) => (s < 2 ? [0.3 + 0.1 * s, 0.5] : undefined)));
  t.ok(left >= 2.3 && left < 3, `${left}`);
  t.ok(hidden > 3.8 && hidden < 4.2, `${hidden}`);
});

t.test('a parked car that is hardly ever seen keeps its one track, and is stationary', async (t) => {
  const random = randomFrom(5);
  const jitter = () => 0.008 * (random() - 0.5);
  const { tracks, tracker } = play([car(() => [0.5 + jitter(), 0.5 + jitter()])], 10, 120, (ds, frame) =>
    frame < 60 || random() < 0.03 ? ds : [],
  );
  t.equal(tracks, 1);
  t.equal(tracker.tracks[0]?.firstSeen, 0, 'still the first one');
  t.equal(tracker.tracks[0]?.stationary, true);
});

t.test('a jittering car that is seen half of the time becomes stationary once', async (t) => {
  const random = randomFrom(6);
  const jitter = () => 0.008 * (random() - 0.5);
  const tracker = new Tracker(options);
  let flips = 0;
  let was = false;
  for (let frame = 0; frame < 1200; frame++) {
    tracker.step(random() < 0.5 ? detect([car(() => [0.5 + jitter(), 0.5 + jitter()])], 0) : [], frame / 10);
    const stationary = tracker.tracks[0]?.stationary ?? false;
    if (stationary !== was) flips++;
    was = stationary;
  }
  t.equal(flips, 1);
  t.equal(tracker.tracks[0]?.speed, 0);
});

t.test('a parked car stays where it is while nobody sees it', async (t) => {
  const { tracker } = play([car((s) => (s < 5.85 ? [0.5, 0.5] : s < 6.05 ? [0.51, 0.5] : undefined))], 10, 14);
  const expected = tracker.tracks[0]?.expected ?? [0, 0, 0, 0];
  t.ok(Math.abs((expected[0] + expected[2]) / 2 - 0.5) < 0.01, `${expected}`);
});

t.test('one who stood still and then left is not waited for as long', async (t) => {
  const { tracker } = play(
    [person((s) => (s < 6 ? [0.5, 0.5] : s < 7 ? [0.5 + 0.1 * (s - 6), 0.5] : undefined))],
    10,
    9.5,
  );
  t.equal(tracker.tracks.length, 0);
  const quick = play(
    [person((s) => (s < 5.9 ? [0.5, 0.5] : s < 6.5 ? [0.58 + 0.24 * (s - 6), 0.5] : undefined))],
    3,
    9.5,
  );
  const lost = play(
    [person((s) => (s < 5.95 ? [0.5, 0.5] : s < 6.25 ? [0.52 + 0.2 * (s - 6), 0.5] : undefined))],
    10,
    9.5,
  );
  t.equal(lost.tracker.tracks.length, 0, 'nor one who was lost while he left');
  t.equal(quick.tracker.tracks.length, 0, 'nor at 3 fps one who was gone in two pictures');
});

t.test('a car that drives off is no longer stationary, and the same', async (t) => {
  const { tracks, tracker } = play([car((s) => [s < 6 ? 0.3 : 0.3 + 0.2 * (s - 6), 0.5])], 10, 8);
  t.equal(tracks, 1);
  t.equal(tracker.tracks[0]?.stationary, false);
  t.ok(Math.abs((tracker.tracks[0]?.speed ?? 0) - 0.2) < 0.02);
});

t.test('two pictures of the same moment and a clock that stands still do no harm', async (t) => {
  const tracker = new Tracker(options);
  for (const now of [0, 0.1, 0.1, 0.1, 0.2, 0.2]) tracker.step(detect([person(() => [0.5, 0.5])], 0), now);
  t.equal(tracker.tracks.length, 1);
  t.ok(Number.isFinite(tracker.tracks[0]?.speed));
});

t.test('after a pause of a minute everything is new', async (t) => {
  const tracker = new Tracker(options);
  const here = detect([person(() => [0.5, 0.5])], 0);
  for (const now of [0, 0.1, 0.2, 0.3]) tracker.step(here, now);
  tracker.step(here, 60);
  t.equal(tracker.ended.length, 1);
  t.equal(tracker.tracks.length, 1);
  t.equal(tracker.tracks[0]?.confirmed, false);
});

t.test('the one who appears elsewhere when another one vanishes is another one', async (t) => {
  const far = play([person((s) => [s < 2 ? 0.2 : 0.8, 0.5])], 10, 4);
  t.equal(far.tracks, 2, 'at once');
  const later = play([person((s) => (s < 2 ? [0.3 + 0.1 * s, 0.5] : s < 3.5 ? undefined : [0.85, 0.5]))], 10, 5);
  t.equal(later.tracks, 2, 'after 1.5 s');
});

t.test('a small one beside him is not he', async (t) => {
  const tracker = new Tracker(options);
  for (let frame = 0; frame < 10; frame++) tracker.step(detect([person(() => [0.5, 0.5])], 0), frame / 10);
  tracker.step([{ class: 'person', score: 0.9, box: boxAt(0.54, 0.5, 0.02, 0.1) }], 1);
  t.equal(tracker.tracks.length, 2);
  t.equal(tracker.tracks[0]?.seen, false);
});

t.test('noise beside a track doesn’t move it', async (t) => {
  const tracker = new Tracker(options);
  for (let frame = 0; frame < 10; frame++) tracker.step(detect([person(() => [0.5, 0.5])], 0), frame / 10);
  tracker.step([{ class: 'person', score: 0.2, box: boxAt(0.54, 0.5, 0.06, 0.3) }], 1);
  t.equal(tracker.tracks[0]?.seen, false);
});

t.test('a truck takes over a car’s track only in its place, and not while the car is there', async (t) => {
  const after = (...next: Detection[]) => {
    const tracker = new Tracker(options);
    for (let frame = 0; frame < 10; frame++) tracker.step(detect([car(() => [0.5, 0.5])], 0), frame / 10);
    tracker.step(next, 1);
    return tracker.tracks[0];
  };
  const truck: Detection = { class: 'truck', score: 0.9, box: boxAt(0.52, 0.5, 0.18, 0.14) };
  const beside: Detection = { ...truck, box: boxAt(0.6, 0.5, 0.18, 0.14) };
  const itself: Detection = { class: 'car', score: 0.5, box: boxAt(0.472, 0.5, 0.18, 0.14) };
  t.equal(after(truck)?.seen, true);
  t.equal(after(beside)?.seen, false);
  t.equal(after(truck, itself)?.box, itself.box);
});

t.test('of two boxes that fit a track the surer one is its, though the weaker one fits better', async (t) => {
  const walker = person((s) => [0.2 + 0.05 * s, 0.5]);
  const { tracks, tracker } = play([walker], 10, 4, (ds, frame) =>
    ds.flatMap(({ box, ...d }) => {
      if (frame < 40) return [{ ...d, box }];
      const [left, top, right, bottom] = box;
      const aside = (share: number): Detection['box'] => {
        return [left + share * (right - left), top, right + share * (right - left), bottom];
      };
      return [
        { ...d, score: 0.3, box: aside(-0.12) },
        { ...d, box: aside(0.2) },
      ];
    }),
  );
  t.equal(tracks, 1);
  t.ok((tracker.tracks[0]?.score ?? 0) > 0.5, `${tracker.tracks[0]?.score}`);
});

t.test('two boxes on one person, which the detector’s suppression let through, are one track', async (t) => {
  const { tracks } = play([person((s) => [0.2 + 0.05 * s, 0.5])], 10, 4, (ds) =>
    ds.flatMap((d) => [d, { ...d, score: 0.7, box: [d.box[0] + 0.015, d.box[1], d.box[2] + 0.015, d.box[3]] }]),
  );
  t.equal(tracks, 1);
});

t.test('one who turned back out of sight and comes out where he went in is himself', async (t) => {
  const { tracks } = play(
    [person((s) => (s < 3 ? [0.2 + 0.1 * s, 0.5] : s < 4.5 ? undefined : [0.5 - 0.1 * (s - 4.5), 0.5]))],
    10,
    7,
  );
  t.equal(tracks, 1);
});

t.test('at one picture a second two misses are no end', async (t) => {
  const { tracks } = play([person((s) => [0.3 + 0.01 * s, 0.5])], 1, 12, (ds, frame) =>
    frame === 6 || frame === 7 ? [] : ds,
  );
  t.equal(tracks, 1);
});

/** A person of whom the picture's left edge shows more and more: a leg first, then all. */
const comingIn: Box[] = [
  [0, 0.85, 0.03, 0.97],
  [0, 0.72, 0.03, 0.98],
  [0, 0.66, 0.09, 0.97],
  [0.01, 0.65, 0.11, 0.97],
  [0.03, 0.65, 0.13, 0.97],
];

t.test('one who comes in, a leg first, is one track; one who goes out too', async (t) => {
  for (const boxes of [comingIn, comingIn.slice().reverse()]) {
    const tracker = new Tracker(options);
    const seen = new Set<object>();
    const all = [...boxes, ...boxes.slice(-1), ...boxes.slice(-1)];
    all.forEach((box, i) => {
      tracker.step([{ class: 'person', score: 0.8, box }], i / 10);
      for (const track of tracker.tracks) seen.add(track);
    });
    t.equal(seen.size, 1);
  }
});

t.test('while it goes out at the edge its centre goes on, and its size stays', async (t) => {
  const tracker = new Tracker(options);
  for (let frame = 0; frame <= 12; frame++) {
    const x = 0.4 - 0.03 * frame; // the left edge cuts it from the eleventh picture on
    tracker.step([{ class: 'car', score: 0.8, box: boxAt(x, 0.5, 0.18, 0.14) }], frame / 10);
  }
  const track = tracker.tracks[0];
  t.ok(Math.abs((track?.speed ?? 0) - 0.3) < 0.02, `speed ${track?.speed}`);
  t.ok(Math.abs((track?.size ?? 0) - Math.sqrt((0.18 * 0.14 * 9) / 16)) < 0.01, `size ${track?.size}`);
});

t.test('a sliver at the edge begins no track', async (t) => {
  const tracker = new Tracker(options);
  tracker.step([{ class: 'person', score: 0.9, box: [0.985, 0.4, 1, 0.7] }], 0);
  t.equal(tracker.tracks.length, 0);
  tracker.step([{ class: 'person', score: 0.9, box: [0.5, 0.4, 0.515, 0.5] }], 0.1);
  t.equal(tracker.tracks.length, 1, 'a thin one elsewhere does');
});

t.test('a false alarm doesn’t leap to the first real object', async (t) => {
  const tracker = new Tracker(options);
  tracker.step([{ class: 'car', score: 0.5, box: boxAt(0.5, 0.5, 0.18, 0.14) }], 0);
  tracker.step([], 0.1);
  tracker.step([], 0.2);
  tracker.step([{ class: 'car', score: 0.8, box: boxAt(0.75, 0.5, 0.18, 0.14) }], 0.3);
  t.equal(tracker.tracks.length, 2);
});
