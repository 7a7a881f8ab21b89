import type { Detection } from '../../../src/contract/detection.js';
import type { Box } from '../../../src/contract/geometry.js';

export { randomFrom } from '../../support/random.js';

/** A box around a centre, cut at the picture's edges. */
export function boxAt(x: number, y: number, width: number, height: number): Box {
  const cut = (value: number) => Math.min(1, Math.max(0, value));
  return [cut(x - width / 2), cut(y - height / 2), cut(x + width / 2), cut(y + height / 2)];
}

export function isInPicture(box: Box): boolean {
  return box[2] - box[0] > 0.01 && box[3] - box[1] > 0.01;
}

export interface Actor {
  class: string;
  width: number;
  height: number;
  /** Centre at a time in seconds, fractions of the picture; undefined while it can't be seen. */
  at: (seconds: number) => [number, number] | undefined;
}

export function person(at: Actor['at']): Actor {
  return { class: 'person', width: 0.06, height: 0.3, at };
}

export function car(at: Actor['at']): Actor {
  return { class: 'car', width: 0.18, height: 0.14, at };
}

export function detect(actors: readonly Actor[], seconds: number, score = 0.8): Detection[] {
  return actors.flatMap((actor) => {
    const centre = actor.at(seconds);
    if (centre === undefined) return [];
    const box = boxAt(...centre, actor.width, actor.height);
    return isInPicture(box) ? [{ class: actor.class, score, box }] : [];
  });
}
