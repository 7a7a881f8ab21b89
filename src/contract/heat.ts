/** Cells of a heat map, over the whole picture. */
export const heatColumns = 32;
export const heatRows = 18;

/** Where the middle of the lower edge of objects stood meanwhile, by class: cell, row by row, and milliseconds. */
export type Feet = Record<string, [cell: number, ms: number][]>;

/** The cell that a point lies in; fractions of the picture. */
export function cellOf(x: number, y: number): number {
  const column = Math.min(heatColumns - 1, Math.max(0, Math.floor(x * heatColumns)));
  const row = Math.min(heatRows - 1, Math.max(0, Math.floor(y * heatRows)));
  return row * heatColumns + column;
}

/** Which hours, cameras and classes are asked for; all where nothing is said. */
export interface HoursQuery {
  camera?: string | undefined;
  class?: string | undefined;
  /** UTC, milliseconds; hours that begin from here on, … */
  fromMs: number;
  /** … and before this. */
  toMs: number;
  /** Hours of the day (UTC), the last one not included. */
  hourFrom?: number | undefined;
  hourTo?: number | undefined;
}
