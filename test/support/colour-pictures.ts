import { writeFileSync } from 'node:fs';
import { createCanvas } from '@napi-rs/canvas';

/** A PNG of one colour with a square of another one at `square` (left, top, side; pixels). */
export function colourPng(
  path: string,
  [width, height]: readonly [number, number],
  colour: string,
  square?: { colour: string; at: readonly [number, number, number] },
): void {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = colour;
  context.fillRect(0, 0, width, height);
  if (square !== undefined) {
    const [left, top, side] = square.at;
    context.fillStyle = square.colour;
    context.fillRect(left, top, side, side);
  }
  writeFileSync(path, canvas.toBuffer('image/png'));
}
