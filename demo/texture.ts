// biome-ignore-all lint/style/noNonNullAssertion: indexes are wrapped or clamped to the image before use
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { toLinear } from './colour.js';

interface Level {
  width: number;
  height: number;
  /** Linear light, 3 floats a pixel. */
  data: Float32Array;
}

const LINEAR = Float32Array.from({ length: 256 }, (_, i) => toLinear(i / 255));

/** A picture drawn with Skia and read by the shader, with smaller copies for far away. */
export class Texture {
  private readonly levels: Level[] = [];

  /** `scale` is pixels a metre; `draw` paints in metres with y down. */
  constructor(
    readonly metresWide: number,
    readonly metresHigh: number,
    readonly scale: number,
    draw: (ctx: SKRSContext2D) => void,
  ) {
    const width = Math.round(metresWide * scale);
    const height = Math.round(metresHigh * scale);
    const canvas = createCanvas(width, height);
    const ctx = canvas.getContext('2d');
    ctx.scale(scale, scale);
    draw(ctx);
    const pixels = ctx.getImageData(0, 0, width, height).data;
    const data = new Float32Array(width * height * 3);
    for (let i = 0, j = 0; i < pixels.length; i += 4) {
      data[j++] = LINEAR[pixels[i]!]!;
      data[j++] = LINEAR[pixels[i + 1]!]!;
      data[j++] = LINEAR[pixels[i + 2]!]!;
    }
    let level: Level = { width, height, data };
    this.levels.push(level);
    while (this.levels.length < 6 && level.width > 8 && level.height > 8) {
      level = halve(level);
      this.levels.push(level);
    }
  }

  /** The colour at (x, y) metres from the top left, into `out`; `perMetre` is how many screen pixels a metre takes there. */
  sample(x: number, y: number, perMetre: number, out: { r: number; g: number; b: number }): void {
    const wanted = Math.log2(this.scale / Math.max(perMetre, 1e-3));
    const n = Math.min(this.levels.length - 1, Math.max(0, Math.round(wanted)));
    const level = this.levels[n]!;
    const k = this.scale / 2 ** n;
    const fx = Math.min(level.width - 1.001, Math.max(0, x * k - 0.5));
    const fy = Math.min(level.height - 1.001, Math.max(0, y * k - 0.5));
    const xi = Math.floor(fx);
    const yi = Math.floor(fy);
    const tx = fx - xi;
    const ty = fy - yi;
    const o = (yi * level.width + xi) * 3;
    const p = o + level.width * 3;
    const d = level.data;
    const at = (c: number): number => {
      const top = d[o + c]! + (d[o + 3 + c]! - d[o + c]!) * tx;
      const bottom = d[p + c]! + (d[p + 3 + c]! - d[p + c]!) * tx;
      return top + (bottom - top) * ty;
    };
    out.r = at(0);
    out.g = at(1);
    out.b = at(2);
  }
}

function halve(from: Level): Level {
  const width = from.width >> 1;
  const height = from.height >> 1;
  const data = new Float32Array(width * height * 3);
  const row = from.width * 3;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const o = y * 2 * row + x * 6;
      for (let c = 0; c < 3; c++) {
        data[(y * width + x) * 3 + c] =
          (from.data[o + c]! + from.data[o + 3 + c]! + from.data[o + row + c]! + from.data[o + row + 3 + c]!) / 4;
      }
    }
  }
  return { width, height, data };
}
