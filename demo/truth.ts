import type { ClassName } from './classes.js';
import { crossingOf, type Direction, footOf, type Point, sideOf } from './crossing.js';

export interface TruthObject {
  id: string;
  class: ClassName;
  /** x1, y1, x2, y2 in pixels: all of the object, hidden or not, clipped to the picture. */
  box: [number, number, number, number];
  /** Share of it (of what lies in the picture) that nothing hides, 0..1. */
  visible: number;
}

export interface TruthCrossing {
  id: string;
  class: ClassName;
  /** The first frame after the crossing, from 0. */
  frame: number;
  direction: Direction;
}

export interface TruthLine {
  name: string;
  /** Fractions of the picture, y down. */
  from: Point;
  to: Point;
  crossings: TruthCrossing[];
}

export interface Truth {
  version: 1;
  width: number;
  height: number;
  fps: number;
  clip: { file: string; bytes: number; sha256: string; frames: number };
  lines: TruthLine[];
  zones: { name: string; polygon: Point[] }[];
  frames: TruthObject[][];
}

/**
 * Every crossing of a line by the objects' reference points (the middle of the bottom edge), in order. An object on the
 * line in some frame is compared with the last frame in which it was beside it.
 */
export function crossingsOf(
  frames: readonly (readonly TruthObject[])[],
  line: { from: Point; to: Point },
  width: number,
  height: number,
): TruthCrossing[] {
  const from: Point = [line.from[0] * width, line.from[1] * height];
  const to: Point = [line.to[0] * width, line.to[1] * height];
  const last = new Map<string, Point>();
  const crossings: TruthCrossing[] = [];
  for (const [frame, objects] of frames.entries()) {
    for (const object of objects) {
      const foot = footOf(object.box);
      const before = last.get(object.id);
      const direction = before && crossingOf(from, to, before, foot);
      if (direction) crossings.push({ id: object.id, class: object.class, frame, direction });
      if (sideOf(from, to, foot) !== 0) last.set(object.id, foot);
    }
  }
  return crossings;
}

/** The truth as text: a frame a line, so that a change can be read in a diff and the file stays small. */
export function writeTruth(truth: Truth): string {
  const { frames, ...head } = truth;
  const lines = frames.map((f) => JSON.stringify(f));
  return `${JSON.stringify(head).slice(0, -1)},"frames":[\n${lines.join(',\n')}\n]}\n`;
}
