import type { Box } from '../../contract/geometry.js';
import { iou } from './overlap.js';
import type { Track } from './track.js';

/** What has stood in one place for so long, in all, and never was sure, is background, seconds. */
const learnSeconds = 10;
/** A place where nothing is seen for so long has changed, seconds of pictures. */
const forgetSeconds = 600;
/** … and one that is not learnt yet, after this. */
const doubtSeconds = 30;
/** Boxes that overlap this much are the same place. */
const placeIou = 0.5;
/** Something that has moved further than this, in its own sizes, is no background. */
const stillReach = 0.5;
/** More places than this are not kept. */
const maxPlaces = 64;

/** A place where the network sees something that is none, or cannot be sure. */
export interface Place {
  kind: string;
  class: string;
  box: Box;
  bestScore: number;
  /** For how long it was seen there, seconds. */
  seen: number;
  lastSeen: number;
}

/**
 * What a camera's network takes for an object without ever being sure, in the same place: a bollard, a stain, a coat on
 * a hook. It is kept by place; a sure detection there, or none for a long time, is a change, and it is forgotten.
 */
export class Background {
  readonly #places: Place[] = [];

  get learnt(): Place[] {
    return this.#places.filter(isLearnt);
  }

  /** The learnt place that a box shows. */
  find(kind: string, box: Box): Place | undefined {
    return this.#places.find((place) => isLearnt(place) && place.kind === kind && iou(place.box, box) >= placeIou);
  }

  /** A detection of this place that is no track: it is still there. */
  see(place: Place, score: number, seconds: number): void {
    place.lastSeen = seconds;
    place.bestScore = Math.max(place.bestScore, score);
  }

  /** @param dt seconds since the last picture */
  learn(tracks: readonly Track[], dt: number, seconds: number): void {
    for (const track of tracks) {
      if (track.confirmed || !track.present || track.evidence.reach > stillReach) continue;
      const known = this.#places.find(({ kind, box }) => kind === track.kind && iou(box, track.box) >= placeIou);
      if (known === undefined) {
        const { kind, class: name, box, bestScore } = track;
        this.#places.push({ kind, class: name, box, bestScore, seen: 0, lastSeen: seconds });
        continue;
      }
      known.seen += Math.min(dt, 1);
      this.see(known, track.score, seconds);
    }
    this.#forget(seconds);
  }

  forget(place: Place): void {
    this.#places.splice(this.#places.indexOf(place), 1);
  }

  clear(): void {
    this.#places.length = 0;
  }

  #forget(seconds: number): void {
    let kept = 0;
    for (const place of this.#places) {
      const unseen = seconds - place.lastSeen;
      if (unseen <= (isLearnt(place) ? forgetSeconds : doubtSeconds)) this.#places[kept++] = place;
    }
    this.#places.length = kept;
    if (kept > maxPlaces) this.#places.splice(0, kept - maxPlaces);
  }
}

function isLearnt({ seen }: Place): boolean {
  return seen >= learnSeconds;
}
