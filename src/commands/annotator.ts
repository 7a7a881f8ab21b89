import { existsSync } from 'node:fs';
import { FilterAPI, Scaler } from 'node-av/api';
import type { Frame } from 'node-av/lib';
import type { Detection } from '../contract/detection.js';

/** Fonts that Debian and its relatives bring along; without one of them boxes go unlabelled. */
const fonts = [
  '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf',
  '/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf',
  '/usr/share/fonts/truetype/freefont/FreeSans.ttf',
];

/** Told apart by people who see few colours too (Okabe and Ito 2008). */
const colours = ['0xE69F00', '0x56B4E9', '0x009E73', '0xF0E442', '0x0072B2', '0xD55E00', '0xCC79A7', '0xFFFFFF'];

/** Draws boxes and names into pictures with FFmpeg's own filters. */
export class Annotator implements Disposable {
  readonly #scaler = new Scaler();
  readonly #font = fonts.find((file) => existsSync(file));
  readonly #colours = new Map<string, string>();

  /** @returns the picture as JPEG, or as PNG where `extension` is `.png`. */
  draw(frame: Frame, detections: readonly Detection[], extension: string): Buffer {
    // Best last, so that it is drawn over the others.
    const filters = detections.toReversed().flatMap((detection) => this.#filters(detection, frame));
    using filter = FilterAPI.create(['format=rgb24', ...filters].join(','));
    const [drawn] = filter.processAllSync(frame);
    if (drawn === undefined) throw new Error('FFmpeg’s filters gave no picture back');
    using picture = drawn;
    return extension.toLowerCase() === '.png'
      ? this.#scaler.toPngSync(picture)
      : this.#scaler.toJpegSync(picture, { quality: 92 });
  }

  [Symbol.dispose](): void {
    this.#scaler[Symbol.dispose]();
  }

  #filters({ class: name, score, box: [left, top, right, bottom] }: Detection, { width, height }: Frame): string[] {
    const colour = this.#colourOf(name);
    const x = Math.round(left * width);
    const y = Math.round(top * height);
    const thickness = Math.max(2, Math.round(Math.min(width, height) / 200));
    const size = Math.max(10, Math.round(height / 28));
    const w = Math.round((right - left) * width);
    const h = Math.round((bottom - top) * height);
    const filters = [`drawbox=x=${x}:y=${y}:w=${w}:h=${h}:color=${colour}:t=${thickness}`];
    if (this.#font !== undefined) {
      const text = `${name.replace(/[^\p{L}\p{N} _-]/gu, '')} ${score.toFixed(2)}`;
      const labelY = y >= size * 1.4 ? y - Math.round(size * 1.3) : y;
      filters.push(
        `drawtext=fontfile=${this.#font}:text=${text}:x=${x}:y=${labelY}:fontsize=${size}:fontcolor=black` +
          `:box=1:boxcolor=${colour}@0.8:boxborderw=2`,
      );
    }
    return filters;
  }

  #colourOf(name: string): string {
    const known = this.#colours.get(name) ?? colours[this.#colours.size % colours.length] ?? 'white';
    this.#colours.set(name, known);
    return known;
  }
}
