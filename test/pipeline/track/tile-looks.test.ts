import t from 'tap';
import { seamsOf, tilesOf } from '../../../src/pipeline/capture/tiles.js';
import { Calibration } from '../../../src/pipeline/track/evidence.js';
import { Tracker } from '../../../src/pipeline/track/tracker.js';
import { type Actor, car, detect, person } from './actors.js';

const seams = tilesOf('2x2').map((tile) => seamsOf(tile));
const fps = 10;

/** What one of the looks shows: undefined is the whole. @param isSmall whether only tiles show it */
function show(actors: readonly Actor[], look: (typeof seams)[number] | undefined, seconds: number) {
  return detect(actors, seconds).filter(({ box: [left, top, right, bottom] }) =>
    look === undefined ? right - left > 0.05 : left > look[0] && top > look[1] && right < look[2] && bottom < look[3],
  );
}

/** Looks in turn at the whole and at each of four tiles, ten pictures a second. */
class Watch {
  readonly tracker = new Tracker({ calibration: new Calibration({ minScore: 0.4 }), aspect: 16 / 9, looks: 5 });
  #picture = 0;

  constructor(private readonly actors: readonly Actor[]) {}

  /** @param each after each picture */
  for(seconds: number, each: (tracker: Tracker, seconds: number) => void = () => {}): Tracker {
    for (const end = this.#picture + seconds * fps; this.#picture < end; this.#picture += 1) {
      const look = [undefined, ...seams][this.#picture % 5];
      const now = this.#picture / fps;
      this.tracker.step(show(this.actors, look, now), now, look);
      each(this.tracker, now);
    }
    return this.tracker;
  }
}

const distant = { ...person(() => [0.3, 0.3]), width: 0.02, height: 0.08 };
const parked = car(() => [0.75, 0.7]);
/** Wider than a tile is without its seams. */
const lorry = { ...car(() => [0.5, 0.5]), width: 0.5 };

t.test('what is looked at now and then is there all the time, and one track', async (t) => {
  const watch = new Watch([parked, lorry, distant]);
  watch.for(3);
  t.same(
    watch.tracker.tracks.map(({ confirmed }) => confirmed),
    [true, true, true],
  );
  watch.for(20, ({ tracks }, now) => {
    t.equal(tracks.length, 3, `at ${now} s`);
    t.ok(
      tracks.every(({ present }) => present),
      `at ${now} s`,
    );
  });
  t.ok(watch.tracker.settled);
});

t.test('looks at other places are no evidence against it, those at its own are', async (t) => {
  const seen = new Watch([distant]).for(2).tracks[0];
  t.ok((seen?.evidence.looks ?? 99) <= 5, 'four sightings in twenty pictures, and nothing between them');
  const gone = new Watch([person((s) => (s < 3 ? [0.75, 0.3] : undefined))]);
  gone.for(3);
  t.equal(gone.tracker.tracks.length, 1);
  gone.for(1);
  t.equal(gone.tracker.tracks[0]?.present, false, 'missed by the whole and by its tile');
  t.notOk(gone.tracker.settled);
  gone.for(2);
  t.equal(gone.tracker.tracks.length, 0);
});

t.test('a part of what the tile does not show whole begins no track', async (t) => {
  const front: Actor = { class: 'car', width: 0.15, height: 0.14, at: () => [0.34, 0.5] };
  const watch = new Watch([lorry]);
  watch.for(2);
  const { tracker } = watch;
  for (let i = 0; i < 10; i += 1) tracker.step(detect([front], 2), 2 + i / fps, seams[0]);
  t.equal(tracker.tracks.length, 1);
  t.match(tracker.tracks[0], { seen: false, present: true }, 'nor is it taken for all of it');
});

t.test('in still pictures all stays that any of the looks has shown', async (t) => {
  const watched = new Watch([parked, lorry, distant]);
  watched.for(5);
  for (let i = 0; i < 600; i += 1) watched.tracker.rest(5 + i / fps);
  t.equal(watched.tracker.tracks.length, 3);
});
