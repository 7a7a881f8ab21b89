import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import type { Random } from './random.js';

/** A turned body's outline: from foot to top, [height, half width], both in parts of the whole height. */
type Outline = readonly (readonly [number, number])[];

type Shape = (random: Random) => Outline;

const SHAPES: readonly Shape[] = [
  bottle,
  bottle,
  // A vase.
  (r) => {
    const belly = r.range(0.14, 0.24);
    return [
      [0, belly * 0.6],
      [0.1, belly * 0.7],
      [r.range(0.3, 0.5), belly],
      [0.8, belly * r.range(0.3, 0.5)],
      [1, belly * r.range(0.45, 0.9)],
    ];
  },
  // A can, a jar, a post: straight, with or without a lid.
  (r) => {
    const w = r.range(0.06, 0.26);
    const lid = w * r.range(0.8, 1.08);
    return [
      [0, w],
      [r.range(0.8, 0.93), w],
      [0.94, lid],
      [1, lid],
    ];
  },
  // A table lamp or a floor lamp.
  (r) => {
    const w = r.range(0.1, 0.2);
    return [
      [0, w * 0.8],
      [0.04, w * 0.7],
      [0.06, 0.02],
      [0.6, 0.02],
      [0.61, w * 1.3],
      [1, w * 0.7],
    ];
  },
  // A candlestick, a chess piece, a skittle.
  (r) => {
    const w = r.range(0.1, 0.17);
    return [
      [0, w],
      [0.1, w],
      [0.2, w * 0.45],
      [0.55, w * r.range(0.3, 0.9)],
      [0.75, w * 0.4],
      [0.86, w * 0.6],
      [1, w * 0.15],
    ];
  },
];

function bottle(r: Random): Outline {
  const w = r.range(0.1, 0.2);
  const neck = w * r.range(0.25, 0.45);
  const shoulder = r.range(0.5, 0.72);
  return [
    [0, w * 0.9],
    [0.03, w],
    [shoulder * 0.5, w * r.range(0.88, 1)],
    [shoulder, w],
    [shoulder + 0.14, (w + neck) / 2],
    [0.88, neck],
    [0.89, neck * 1.2],
    [1, neck * 1.2],
  ];
}

interface Look {
  outline: Outline;
  hue: number;
  saturation: number;
  lightness: number;
  /** Of glass, one sees through it. */
  opacity: number;
  /** Colour of what lies above `capFrom` and of the label's band. */
  accent: string;
  capFrom: number;
  label: readonly [number, number] | undefined;
}

function randomLook(r: Random): Look {
  const start = r.range(0.15, 0.5);
  return {
    outline: r.pick(SHAPES)(r),
    hue: r.range(0, 360),
    saturation: r.chance(0.4) ? r.range(0, 15) : r.range(15, 80),
    lightness: r.range(8, 85),
    opacity: r.chance(0.4) ? r.range(0.35, 0.8) : 1,
    accent: `hsl(${r.range(0, 360)} ${r.range(0, 90)}% ${r.range(10, 90)}%)`,
    capFrom: r.chance(0.6) ? r.range(0.85, 0.95) : 2,
    label: r.chance(0.5) ? [start, start + r.range(0.1, 0.3)] : undefined,
  };
}

/**
 * A picture of things that stand upright and are nobody: bottles, vases, jars, lamps on a table before a wall.
 * A network that has seen mostly streets takes them for people, since there whatever is narrow and upright is one.
 */
export function drawStillLife(random: Random, width: number, height: number): Buffer {
  const canvas = createCanvas(width, height);
  const ctx = canvas.getContext('2d');
  const edge = height * random.range(0.45, 0.9);
  drawPlane(ctx, random, 0, edge);
  drawPlane(ctx, random, edge, height);
  const side = random.chance(0.5) ? -1 : 1;
  const size = height * random.range(0.2, 0.75);
  const common = random.chance(0.5) ? randomLook(random) : undefined;
  // The nearest are drawn last, over the others.
  const feet = Array.from({ length: 1 + random.int(6) }, () => random.range(edge + 2, edge + height * 0.3)).sort(
    (a, b) => a - b,
  );
  for (const foot of feet) {
    const tall = size * random.range(common ? 0.95 : 0.6, common ? 1.05 : 1.3);
    drawThing(ctx, common ?? randomLook(random), random.range(0.04, 0.96) * width, Math.min(foot, height), tall, side);
  }
  addNoise(ctx, random, width, height);
  return canvas.toBuffer('image/jpeg', random.pick([78, 86, 90, 94]));
}

/** A wall or a table top: one colour, unevenly lit, perhaps with boards. */
function drawPlane(ctx: SKRSContext2D, r: Random, top: number, bottom: number): void {
  const { width } = ctx.canvas;
  const hue = r.chance(0.6) ? r.range(20, 50) : r.range(0, 360);
  const saturation = r.chance(0.5) ? r.range(0, 10) : r.range(5, 55);
  const lightness = r.range(10, 92);
  const light = ctx.createLinearGradient(r.range(0, width), top, r.range(0, width), bottom);
  for (const stop of [0, 0.5, 1])
    light.addColorStop(stop, `hsl(${hue} ${saturation}% ${lightness * r.range(0.75, 1.1)}%)`);
  ctx.fillStyle = light;
  ctx.fillRect(0, top, width, bottom - top);
  if (!r.chance(0.3)) return;
  ctx.fillStyle = `hsl(${hue} ${saturation}% ${lightness * r.range(0.4, 0.8)}%)`;
  const gap = r.range(12, 70);
  const upright = r.chance(0.5);
  for (let at = r.range(0, gap); at < (upright ? width : bottom - top); at += gap) {
    if (upright) ctx.fillRect(at, top, r.range(0.6, 2), bottom - top);
    else ctx.fillRect(0, top + at, width, r.range(0.6, 2));
  }
}

/** `foot` is the picture's row it stands on; light comes from `side` (-1 left, 1 right). */
function drawThing(ctx: SKRSContext2D, look: Look, x: number, foot: number, tall: number, side: number): void {
  const widest = Math.max(...look.outline.map(([, half]) => half)) * tall;
  ctx.fillStyle = 'rgba(0, 0, 0, .28)';
  ctx.beginPath();
  ctx.ellipse(x - side * widest * 0.5, foot, widest * 1.7, widest * 0.25, 0, 0, Math.PI * 2);
  ctx.fill();
  ctx.save();
  trace(ctx, look.outline, x, foot, tall);
  ctx.clip();
  ctx.globalAlpha = look.opacity;
  const round = (colour: (shade: number) => string): ReturnType<SKRSContext2D['createLinearGradient']> => {
    const gradient = ctx.createLinearGradient(x - side * widest, 0, x + side * widest, 0);
    for (const [stop, shade] of [
      [0, 0.45],
      [0.3, 0.85],
      [0.66, 1.1],
      [0.74, 1.5],
      [0.8, 1.1],
      [1, 0.7],
    ] as const)
      gradient.addColorStop(stop, colour(shade));
    return gradient;
  };
  ctx.fillStyle = round((s) => `hsl(${look.hue} ${look.saturation}% ${Math.min(97, look.lightness * s)}%)`);
  ctx.fillRect(x - widest, foot - tall, widest * 2, tall);
  ctx.globalAlpha = 1;
  ctx.fillStyle = look.accent;
  if (look.capFrom < 1) ctx.fillRect(x - widest, foot - tall, widest * 2, tall * (1 - look.capFrom));
  if (look.label)
    ctx.fillRect(x - widest, foot - tall * look.label[1], widest * 2, tall * (look.label[1] - look.label[0]));
  ctx.fillStyle = round((s) => (s > 1 ? `rgba(255,255,255,${(s - 1) * 0.7})` : `rgba(0,0,0,${(1 - s) * 0.6})`));
  ctx.fillRect(x - widest, foot - tall, widest * 2, tall);
  ctx.restore();
}

function trace(ctx: SKRSContext2D, outline: Outline, x: number, foot: number, tall: number): void {
  ctx.beginPath();
  for (const [at, half] of outline) ctx.lineTo(x - half * tall, foot - at * tall);
  for (const [at, half] of [...outline].reverse()) ctx.lineTo(x + half * tall, foot - at * tall);
  ctx.closePath();
}

function addNoise(ctx: SKRSContext2D, r: Random, width: number, height: number): void {
  const image = ctx.getImageData(0, 0, width, height);
  const deviation = r.range(1, 9);
  for (let i = 0; i < image.data.length; i += 4) {
    const noise = r.normal() * deviation;
    for (let k = 0; k < 3; k++) image.data[i + k] = (image.data[i + k] as number) + noise;
  }
  ctx.putImageData(image, 0, 0);
}
