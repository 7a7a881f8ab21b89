// biome-ignore-all lint/style/noNonNullAssertion: the inner loops only visit indexes inside their buffers
import { toSrgb } from './colour.js';
import { hash01 } from './noise.js';

export interface SensorSettings {
  /** Picture size in pixels; the input is `factor` times as wide and high. */
  width: number;
  height: number;
  factor: number;
  /** Multiplies the light before the tone curve. */
  exposure: number;
  /** Deviation of the noise, 8-bit steps. */
  noise: number;
  /** Blur of lens and demosaicing, pixels (deviation). */
  blur: number;
  /** Light lost in the corners, 0..1. */
  vignette: number;
  /** Multipliers a channel: a camera's idea of white. */
  white: readonly [number, number, number];
  saturation: number;
  seed: number;
}

/** The exposure a camera's automatics would choose for this picture. */
export function meter(picture: Float32Array, bias = 1): number {
  let sum = 0;
  let n = 0;
  for (let i = 0; i < picture.length; i += 3 * 7) {
    sum += Math.log(0.02 + picture[i]! * 0.3 + picture[i + 1]! * 0.6 + picture[i + 2]! * 0.1);
    n++;
  }
  return (0.175 / Math.exp(sum / n)) * bias;
}

const CURVE = Float32Array.from({ length: 4096 }, (_, i) => {
  const x = (i / 4095) * 4;
  // A filmic curve: soft shoulder, so that a white car in the sun keeps its shape.
  return 255 * toSrgb(Math.min(1, (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)));
});

/** Linear light to the 8-bit RGBA picture a small camera would deliver. */
export function develop(picture: Float32Array, settings: SensorSettings, out: Uint8ClampedArray): void {
  const { width, height, factor } = settings;
  const plane = new Float32Array(width * height * 3);
  const k = 1 / (factor * factor);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let j = 0; j < factor; j++) {
          for (let i = 0; i < factor; i++) {
            // Clamped before averaging, else a glint's edge stays jagged.
            sum += Math.min(4, picture[((y * factor + j) * width * factor + x * factor + i) * 3 + c]!);
          }
        }
        plane[(y * width + x) * 3 + c] = sum * k;
      }
    }
  }
  if (settings.blur > 0) blur(plane, width, height, settings.blur);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = (x / width - 0.5) * 2;
      const v = (y / height - 0.5) * 2;
      const fall = settings.exposure * (1 - settings.vignette * (u * u + v * v) * 0.5);
      const o = (y * width + x) * 3;
      const tone = (c: 0 | 1 | 2): number =>
        CURVE[Math.min(4095, Math.max(0, Math.round(plane[o + c]! * fall * settings.white[c] * 1023.75)))]!;
      let r = tone(0);
      let g = tone(1);
      let b = tone(2);
      const grey = r * 0.3 + g * 0.59 + b * 0.11;
      const n =
        (hash01(x, y, settings.seed) +
          hash01(x, y, settings.seed + 7919) +
          hash01(y, x, settings.seed + 104729) -
          1.5) *
        2 *
        settings.noise;
      const tint = (hash01(x >> 1, y >> 1, settings.seed + 31) - 0.5) * settings.noise;
      r = grey + (r - grey) * settings.saturation + n + tint;
      g = grey + (g - grey) * settings.saturation + n;
      b = grey + (b - grey) * settings.saturation + n - tint;
      const p = (y * width + x) * 4;
      out[p] = r;
      out[p + 1] = g;
      out[p + 2] = b;
      out[p + 3] = 255;
    }
  }
}

function blur(plane: Float32Array, width: number, height: number, deviation: number): void {
  const reach = Math.max(1, Math.ceil(deviation * 2));
  const kernel = Array.from({ length: reach + 1 }, (_, i) => Math.exp((-i * i) / (2 * deviation * deviation)));
  const total = kernel.reduce((s, w, i) => s + (i === 0 ? w : 2 * w), 0);
  const copy = new Float32Array(plane.length);
  const pass = (
    from: Float32Array,
    to: Float32Array,
    step: number,
    count: number,
    lines: number,
    jump: number,
  ): void => {
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < count; i++) {
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let q = -reach; q <= reach; q++) {
            const at = Math.min(count - 1, Math.max(0, i + q));
            sum += from[(line * jump + at * step) * 3 + c]! * kernel[Math.abs(q)]!;
          }
          to[(line * jump + i * step) * 3 + c] = sum / total;
        }
      }
    }
  };
  pass(plane, copy, 1, width, height, width);
  pass(copy, plane, width, height, width, 1);
}
