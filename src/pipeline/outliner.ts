import type { Box, Point } from '../contract/geometry.js';
import { monotonicMs } from '../timing/monotonic.js';
import type { TakenPicture } from './capture/preparation.js';
import { toPart, toWhole } from './capture/region.js';
import { type ObjectOutline, outlineOf } from './outline.js';
import type { Segmenter } from './segmenter.js';
import { kindOf } from './track/classes.js';

/** A board that was too slow is asked again after so long, milliseconds: it may only have been busy. */
const askAgainMs = 30_000;
/** What the newest picture counts in the mean of what a picture takes. */
const newShare = 0.3;

/** Finds the outline of an object in one picture; undefined where it is not seen. Fractions of the whole picture. */
export type FindOutline = (className: string, box: Box) => ObjectOutline | undefined;

export interface OutlinerOptions {
  /** The one that is wanted now, if it is there. */
  segmenter: () => Pick<Segmenter, 'takes' | 'segment' | 'inferenceMs' | 'classes'> | undefined;
  /** How long the network may still be used for this picture, milliseconds: then it has to be free for the next one. */
  spareMs: (picture: TakenPicture) => number;
  /** Milliseconds that only go up. */
  now?: () => number;
}

/** Outlines the objects of a camera's pictures, as long as there is time beside detecting them. */
export class Outliner {
  /** Pictures that were not segmented, since the next one would have come late. */
  skipped = 0;
  /** What a picture takes, smoothed, and when the last one was segmented; milliseconds. */
  #usual = { ms: 0, atMs: Number.NEGATIVE_INFINITY };

  constructor(private readonly options: OutlinerOptions) {}

  get isOn(): boolean {
    return this.options.segmenter() !== undefined;
  }

  /**
   * Segments a picture.
   *
   * @returns undefined where there is no time, or no segmenter for pictures of its size
   * @throws {ModelError} ERR_MODEL_CARD where the segmenter's output has another size than its card promises
   */
  async look(picture: TakenPicture): Promise<FindOutline | undefined> {
    const { segmenter, spareMs, now = monotonicMs } = this.options;
    const chosen = segmenter();
    if (!chosen?.takes(picture.tensor.input)) return undefined;
    const isKnown = now() - this.#usual.atMs < askAgainMs;
    if (isKnown && this.#usual.ms > spareMs(picture)) {
      this.skipped += 1;
      return undefined;
    }
    const logits = await chosen.segment(picture.tensor);
    const ms = isKnown ? this.#usual.ms + newShare * (chosen.inferenceMs - this.#usual.ms) : chosen.inferenceMs;
    this.#usual = { ms, atMs: now() };
    const { region = [0, 0, 1, 1] } = picture;
    return (className, box) => {
      const labels = labelsOf(chosen.classes, className);
      const found = labels.size > 0 ? outlineOf(logits, labels, toPart(box, region)) : undefined;
      return found && inWhole(found, region);
    };
  }
}

/** Of all classes that this one may be confused with: a network may call a van a truck that another one calls a car. */
function labelsOf(classes: readonly string[], className: string): Set<number> {
  const kind = kindOf(className);
  return new Set(classes.flatMap((name, i) => (kindOf(name) === kind ? [i + 1] : [])));
}

function inWhole({ polygon, area, foot }: ObjectOutline, region: Box): ObjectOutline {
  if (region[0] === 0 && region[1] === 0 && region[2] === 1 && region[3] === 1) return { polygon, area, foot };
  const point = ([x, y]: Point): Point => toWhole([x, y, x, y], region).slice(0, 2) as Point;
  const share = (region[2] - region[0]) * (region[3] - region[1]);
  return { polygon: polygon.map(point), area: area * share, foot: point(foot) };
}
