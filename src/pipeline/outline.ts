import type { Outline } from '../contract/event.js';
import type { Box, Point } from '../contract/geometry.js';
import { round } from './rounding.js';
import { type Logits, labelsAt } from './segmenter.js';

/** An outline has so many corners at most: events are small. */
export const mostCorners = 32;

/** An object is looked at in so many samples on its longer side, at most. */
const mostSamples = 64;
/** How far beyond its box an object may reach, as a share of the box on each side: boxes are a little off. */
const margin = 0.1;
/** Less of its box than this is no object: the segmenter does not see it. */
const leastShare = 0.125;
/** The foot is the middle of so much of an outline's height, from its lowest point. */
const footShare = 0.1;

/** What an object covers, fractions of the picture that the logits cover. */
export interface ObjectOutline extends Outline {
  /** Where it stands: the middle of its lowest part. */
  foot: Point;
}

/** Of samples on a grid: 1 where the object is. */
interface Mask {
  cells: Uint8Array;
  width: number;
  height: number;
}

/**
 * The outline of the object in a box: the border of the largest connected part that is of its kind, in and a little around
 * the box. Holes are not part of the area, and not of the polygon. Where another object of the same kind stands
 * before it, both are one part, which ends at the box.
 *
 * @param labels of the object's kind, as `labelsAt` gives them
 * @param box fractions of the picture that the logits cover
 * @returns undefined where the segmenter does not see it
 */
export function outlineOf(logits: Logits, labels: ReadonlySet<number>, box: Box): ObjectOutline | undefined {
  const part = widened(box);
  const [width, height] = [part[2] - part[0], part[3] - part[1]];
  const size = samplesOf(width * logits.covered.width, height * logits.covered.height);
  const map = labelsAt(logits, size, part);
  const mask = largestPart({ ...size, cells: map.labels.map((label) => (labels.has(label) ? 1 : 0)) });
  if (mask === undefined) return undefined;
  const sampleArea = (width / size.width) * (height / size.height);
  if (mask.count * sampleArea < leastShare * (box[2] - box[0]) * (box[3] - box[1])) return undefined;
  const corners = simplified(borderOf(mask, mask.first));
  if (corners.length < 3) return undefined;
  const toPicture = ([x, y]: Point): Point => [
    round(part[0] + (x / size.width) * width, 4),
    round(part[1] + (y / size.height) * height, 4),
  ];
  return { polygon: corners.map(toPicture), area: round(mask.count * sampleArea, 5), foot: toPicture(footOf(mask)) };
}

function widened([left, top, right, bottom]: Box): Box {
  const [x, y] = [(right - left) * margin, (bottom - top) * margin];
  return [Math.max(0, left - x), Math.max(0, top - y), Math.min(1, right + x), Math.min(1, bottom + y)];
}

/** @param columns cells of logits that the part covers; between them lies nothing but what is interpolated */
function samplesOf(columns: number, rows: number) {
  const finest = 8; // samples a cell, the stride of our own segmenter: one a pixel of its input
  const scale = Math.min(finest, mostSamples / Math.max(columns, rows));
  return { width: Math.max(2, Math.round(columns * scale)), height: Math.max(2, Math.round(rows * scale)) };
}

/** The largest part of a mask that hangs together by its samples' edges, with its first sample from the top. */
function largestPart({ cells, width, height }: Mask): (Mask & { count: number; first: number }) | undefined {
  const parts = new Uint16Array(cells.length); // 0: in none so far; at most 64 x 64 / 2 parts
  let best = { part: 0, count: 0, first: 0 };
  let part = 0;
  for (let first = 0; first < cells.length; first += 1) {
    if (cells[first] === 0 || parts[first] !== 0) continue;
    part += 1;
    const open = [first];
    parts[first] = part;
    let count = 0;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      count += 1;
      const x = at % width;
      const beside = [x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1, at - width, at + width];
      for (const next of beside) {
        if (next < 0 || next >= cells.length || cells[next] === 0 || parts[next] !== 0) continue;
        parts[next] = part;
        open.push(next);
      }
    }
    if (count > best.count) best = { part, count, first };
  }
  if (best.count === 0) return undefined;
  return { ...best, width, height, cells: Uint8Array.from(parts, (of) => (of === best.part ? 1 : 0)) };
}

/**
 * Walks around a part along the edges of its samples, the part always on the right hand.
 *
 * @param first sample of the part, row by row from the top left
 * @returns the corners, clockwise in a picture whose y points down, in samples
 */
function borderOf({ cells, width, height }: Mask, first: number): Point[] {
  const isIn = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && cells[y * width + x] === 1;
  const start: Point = [first % width, Math.floor(first / width)];
  const corners: Point[] = [start];
  let [x, y] = [start[0] + 1, start[1]];
  let [dx, dy] = [1, 0];
  while (x !== start[0] || y !== start[1]) {
    // The samples ahead, at the left and the right hand: a sample lies right below the corner of its own number.
    const left = isIn(x + (dx + dy - 1) / 2, y + (dy - dx - 1) / 2);
    const right = isIn(x + (dx - dy - 1) / 2, y + (dy + dx - 1) / 2);
    if (!right || left) corners.push([x, y]);
    if (!right) [dx, dy] = [-dy, dx];
    else if (left) [dx, dy] = [dy, -dx];
    x += dx;
    y += dy;
  }
  return corners;
}

/** Fewer corners by Ramer, Douglas and Peucker, from a tolerance of one sample on, until there are few enough. */
function simplified(corners: readonly Point[]): Point[] {
  let farthest = 0;
  const start = corners[0] as Point;
  for (const [i, corner] of corners.entries()) {
    if (distance(corner, start) > distance(corners[farthest] as Point, start)) farthest = i;
  }
  for (let tolerance = 1; ; tolerance *= 1.5) {
    const there = kept(corners.slice(0, farthest + 1), tolerance);
    const back = kept([...corners.slice(farthest), start], tolerance);
    const all = [...there.slice(0, -1), ...back.slice(0, -1)];
    if (all.length <= mostCorners) return all;
  }
}

/** Of a line from corner to corner: its ends, and between them what lies farther than `tolerance` from what is kept. */
function kept(line: readonly Point[], tolerance: number): Point[] {
  const [from, to] = [line[0] as Point, line[line.length - 1] as Point];
  let worst = 0;
  let most = tolerance;
  for (let i = 1; i < line.length - 1; i += 1) {
    const away = distanceFromLine(line[i] as Point, from, to);
    if (away > most) [worst, most] = [i, away];
  }
  if (worst === 0) return [from, to];
  return [...kept(line.slice(0, worst + 1), tolerance).slice(0, -1), ...kept(line.slice(worst), tolerance)];
}

function distanceFromLine([x, y]: Point, from: Point, to: Point): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  if (length === 0) return distance([x, y], from);
  return Math.abs(dx * (y - from[1]) - dy * (x - from[0])) / length;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** The middle of the lowest part, at its lowest point; in samples. */
function footOf({ cells, width, height }: Mask): Point {
  const rowsOf = (row: number) => cells.subarray(row * width, (row + 1) * width);
  const rows = Array.from({ length: height }, (_, row) => row).filter((row) => rowsOf(row).includes(1));
  const [top, lowest] = [rows[0] ?? 0, rows[rows.length - 1] ?? 0];
  const from = lowest - Math.floor(footShare * (lowest - top));
  let [sum, count] = [0, 0];
  for (let row = from; row <= lowest; row += 1) {
    for (const [x, cell] of rowsOf(row).entries()) {
      if (cell === 0) continue;
      sum += x + 0.5;
      count += 1;
    }
  }
  return [sum / count, lowest + 1];
}
