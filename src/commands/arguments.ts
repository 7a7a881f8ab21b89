import { InvalidArgumentError } from 'commander';
import type { Point } from '../contract/geometry.js';

// What options are written as; what is wrong is told with what would be right.

export function parseSize(text: string): [number, number] {
  const [, width, height] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text) ?? [];
  if (!width || !height) throw new InvalidArgumentError('Write WIDTHxHEIGHT, such as 320x192.');
  return [Number(width), Number(height)];
}

export function parseScore(text: string): number {
  const score = Number(text);
  if (text.trim() === '' || !(score >= 0 && score <= 1)) throw new InvalidArgumentError('Write a number from 0 to 1.');
  return score;
}

export function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) throw new InvalidArgumentError('Write a number above 0.');
  return value;
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (!(Number.isInteger(count) && count > 0)) throw new InvalidArgumentError('Write a whole number above 0.');
  return count;
}

export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

export function parseSeconds(text: string): number {
  const value = parsePositive(text);
  if (value > 86_400) throw new InvalidArgumentError('Write at most 86400, which is a day.');
  return value;
}

export function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(s|m)?$/.exec(text) ?? [];
  const seconds = Number(number) * (unit === 'm' ? 60 : 1);
  if (!(seconds >= 1 && seconds <= 3600)) throw new InvalidArgumentError('Write 1s to 60m, such as 60s.');
  return seconds;
}

/** A place of the picture, as fractions of its width and height. */
export function parsePlace(text: string): Point {
  const [x, y, ...more] = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const isFraction = (value: number | undefined): value is number => value !== undefined && value >= 0 && value <= 1;
  if (isFraction(x) && isFraction(y) && more.length === 0) return [x, y];
  throw new InvalidArgumentError('Write two fractions of the picture, such as 0.5,0.8.');
}

/** Undefined: as fast as possible. */
export function parseRate(text: string): number | undefined {
  if (text === 'max') return undefined;
  const fps = Number(text);
  if (!(fps > 0 && fps <= 120)) throw new InvalidArgumentError('Write max, or pictures a second up to 120.');
  return fps;
}
