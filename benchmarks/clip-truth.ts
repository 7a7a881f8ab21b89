import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Event } from '../src/contract/event.js';
import { iou } from '../src/pipeline/track/overlap.js';
import { median } from './summary.js';

/** An event fits an object if their boxes overlap this much in a picture within so many seconds. */
const fitIou = 0.3;
const fitSeconds = 0.3;
/** An object that is away for longer than this and comes back has to be told again, seconds. */
const awaySeconds = 2;
/** Objects have to be told that are this tall in a picture 1280 pixels wide, for so long. */
export const leastHeight = 24;
const leastSeconds = 2;

type Box = [number, number, number, number];

/** `<clip>.truth.json`: boxes are [x, y, width, height] in pixels, by frame. Numbered frames are the demo clip's form. */
export interface TruthFile {
  fps: number;
  width: number;
  height: number;
  tracks?: { id: string; class: string; boxes: Record<string, Box> }[];
  frames: number | { id: string; class: string; box: Box; visible: number }[][];
  annotatedClasses?: string[];
}

export interface TrueObject {
  class: string;
  /** Left, top, right, bottom in fractions of the picture, by frame. */
  boxes: Map<number, Box>;
  /** First frame in which it is tall enough, and in how many it is. */
  tallFrom: number;
  tall: number;
  /** Seconds of the `new` events that fit it. */
  told: number[];
}

/** An event with its time since the clip's first picture, seconds. */
export type TimedEvent = Event & { media: number };

/** The objects of a clip; undefined if nobody has written down what is in it. */
export async function readTruth(clip: string): Promise<{ objects: TrueObject[]; truth: TruthFile } | undefined> {
  const name = basename(clip).replace(/\.\w+$/, '.truth.json');
  const text = await readFile(join(dirname(clip), name), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const truth = JSON.parse(text) as TruthFile;
  return { truth, objects: tracksOf(truth).flatMap((track) => objectsOf(track, truth)) };
}

function tracksOf({ tracks, frames }: TruthFile): NonNullable<TruthFile['tracks']> {
  if (tracks !== undefined || typeof frames === 'number') return tracks ?? [];
  const byId = new Map<string, NonNullable<TruthFile['tracks']>[number]>();
  for (const [frame, objects] of frames.entries()) {
    for (const { id, class: name, box, visible } of objects) {
      if (visible < 0.2) continue;
      const track = byId.get(id) ?? { id, class: name, boxes: {} };
      byId.set(id, track);
      track.boxes[frame] = [box[0], box[1], box[2] - box[0], box[3] - box[1]];
    }
  }
  return [...byId.values()];
}

function objectsOf(
  { class: name, boxes }: NonNullable<TruthFile['tracks']>[number],
  { fps, width, height }: TruthFile,
): TrueObject[] {
  const objects: TrueObject[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const [key, [x, y, w, h]] of Object.entries(boxes).sort(([a], [b]) => Number(a) - Number(b))) {
    const frame = Number(key);
    if (frame - last > awaySeconds * fps) {
      objects.push({ class: name, boxes: new Map(), tallFrom: Number.POSITIVE_INFINITY, tall: 0, told: [] });
    }
    last = frame;
    const object = objects.at(-1) as TrueObject;
    object.boxes.set(frame, [x / width, y / height, (x + w) / width, (y + h) / height]);
    if (h * (1280 / width) < leastHeight) continue;
    object.tallFrom = Math.min(object.tallFrom, frame);
    object.tall += 1;
  }
  return objects;
}

/** What one class, or all of them, came to. */
export interface ClipScore {
  class: string;
  /** `new` events, and those that fit an object of their class. */
  news: number;
  right: number;
  /** Objects that had to be told, and those that were. */
  objects: number;
  told: number;
  /** Those that were told, also where they had not to be. */
  toldAny: number;
  /** Fitting `new` events for each object that was told. */
  newPerTold: number | undefined;
  /** Median of the seconds from when it was tall enough to `new`. */
  seconds: number | undefined;
  /** All of those, of the objects that had to be told. */
  delays: number[];
  /** Tracks that went over from one object to another. */
  switches: number;
}

/** Scores the events of a clip by class; the last row is all of them together. */
export function scoreClip(
  { objects, truth }: { objects: TrueObject[]; truth: TruthFile },
  events: readonly TimedEvent[],
): ClipScore[] {
  const news: { class: string; right: boolean }[] = [];
  const switched: string[] = [];
  const objectOf = new Map<string, TrueObject>();
  for (const event of events) {
    if (event.type !== 'new' && event.type !== 'update') continue;
    if (truth.annotatedClasses?.includes(event.class) === false) continue;
    const object = fitting(event, objects, truth.fps);
    if (event.type === 'new') {
      news.push({ class: event.class, right: object !== undefined });
      object?.told.push(event.media);
    }
    if (object === undefined) continue;
    const before = objectOf.get(event.id);
    if (before !== undefined && before !== object) switched.push(event.class);
    objectOf.set(event.id, object);
  }
  const classes = [...new Set([...objects, ...news].map((one) => one.class))].sort();
  return [...classes, undefined].map((name) => {
    const of = <One extends { class: string }>(list: readonly One[]) =>
      list.filter((one) => (name ?? one.class) === one.class);
    const wanted = of(objects).filter(({ tall }) => tall >= leastSeconds * truth.fps);
    const told = of(objects).filter((object) => object.told.length > 0);
    const right = of(news).filter((one) => one.right).length;
    const delays = wanted.flatMap(({ told: [first], tallFrom }) =>
      first === undefined ? [] : first - tallFrom / truth.fps,
    );
    return {
      class: name ?? 'all',
      news: of(news).length,
      right,
      objects: wanted.length,
      told: wanted.filter((object) => object.told.length > 0).length,
      toldAny: told.length,
      newPerTold: told.length > 0 ? right / told.length : undefined,
      delays,
      seconds: delays.length > 0 ? median(delays) : undefined,
      switches: switched.filter((one) => (name ?? one) === one).length,
    };
  });
}

/** The object of the event's class that overlaps it most at about its time. */
function fitting(event: TimedEvent, objects: readonly TrueObject[], fps: number): TrueObject | undefined {
  let best: TrueObject | undefined;
  let most = fitIou;
  for (const object of objects) {
    if (object.class !== event.class) continue;
    for (let frame = Math.ceil((event.media - fitSeconds) * fps); frame <= (event.media + fitSeconds) * fps; frame++) {
      const box = object.boxes.get(frame);
      const overlap = box === undefined ? 0 : iou(event.box, box);
      if (overlap < most) continue;
      best = object;
      most = overlap;
    }
  }
  return best;
}
