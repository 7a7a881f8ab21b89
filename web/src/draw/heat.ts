import type { Heatmap } from '../../../src/contract/http.js';

/** From seldom to often: clear to yellow over violet and orange; the lightness rises, so it is read without colours too. */
const stops: readonly (readonly [number, number, number, number])[] = [
  [60, 20, 110, 0],
  [90, 25, 130, 0.45],
  [190, 50, 95, 0.62],
  [245, 125, 20, 0.74],
  [252, 240, 140, 0.86],
];

/** The colour of a share of the most, 0..1: red, green, blue (0..255), opacity (0..1). */
export function heatColour(share: number): [number, number, number, number] {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  const [from, to] = [stops[low], stops[low + 1]] as [(typeof stops)[number], (typeof stops)[number]];
  const mix = (i: 0 | 1 | 2 | 3) => from[i] + (to[i] - from[i]) * (at - low);
  return [mix(0), mix(1), mix(2), mix(3)];
}

/** A pixel a cell; the browser smooths it to the size of the picture. The root of a share shows what is seldom, too. */
export function drawHeat(canvas: HTMLCanvasElement, { columns, rows, cells }: Heatmap): void {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d');
  if (context === null || columns === 0 || rows === 0) return;
  const image = context.createImageData(columns, rows);
  const most = cells.reduce((a, b) => Math.max(a, b), 0);
  for (const [index, seconds] of cells.entries()) {
    const [red, green, blue, opacity] = heatColour(most === 0 ? 0 : Math.sqrt(seconds / most));
    image.data.set([red, green, blue, seconds === 0 ? 0 : opacity * 255], index * 4);
  }
  context.putImageData(image, 0, 0);
}
