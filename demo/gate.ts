import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { Camera } from './camera.js';
import { hex } from './colour.js';
import { ClipWriter } from './encode.js';
import { type Weather, weather } from './light.js';
import { matt, metal } from './material.js';
import { Mesh } from './mesh.js';
import { takePicture } from './picture.js';
import { Random } from './random.js';
import { randomGround } from './scenery/ground.js';
import type { Layout } from './scenery/layout.js';
import { buildStreet } from './scenery/street.js';
import { meter } from './sensor.js';
import { streak } from './streak.js';
import type { Thing } from './things.js';
import { View } from './view.js';

/** How the gate is seen: light, noise of the sensor, streaks of rain a picture, share of the metered exposure. */
interface Condition {
  weather: Weather;
  noise: number;
  drops?: number;
  wet?: number;
  exposure?: number;
}

export const CONDITIONS: Record<string, Condition> = {
  day: { weather: 'sunny', noise: 1.5 },
  dusk: { weather: 'evening', noise: 2.5 },
  night: { weather: 'dusk', noise: 7, exposure: 0.5 },
  rain: { weather: 'overcast', noise: 3, drops: 160, wet: 0.8 },
};

const LAYOUT: Layout = {
  roadNear: -3.3,
  roadFar: 3.3,
  pavementNear: -6.6,
  pavementFar: 6.2,
  houses: 8.2,
  kerb: 0.13,
  verge: 'paved',
  square: false,
  from: -40,
  to: 40,
};

/** The gate's leaf, metres: it slides to the right, behind a wall. */
const LEAF = { left: -2, width: 3.6, height: 1.9, y: 5.4 } as const;
/** How long it takes to slide, seconds. */
export const SLIDE_SECONDS = 1.5;

export interface GateSize {
  width: number;
  height: number;
  fps: number;
}
export const GATE_SIZE: GateSize = { width: 384, height: 216, fps: 5 };

/** @param open 0 closed, 1 open */
function gate(open: number): Thing {
  const { left, width, height, y } = LEAF;
  const shift = open * (width - 0.15);
  const leaf = (mesh: Mesh) => {
    mesh.place([0, 0, 0]).paint(metal, hex('#2e4a36'));
    for (const z of [0.25, height - 0.1]) mesh.box([left + shift + width / 2, y, z], [width, 0.06, 0.09]);
    for (let x = 0.1; x < width; x += 0.16) {
      mesh.box([left + shift + x, y, height / 2 + 0.08], [0.04, 0.04, height - 0.3]);
    }
  };
  const walls = (mesh: Mesh) => {
    mesh.place([0, 0, 0]).paint(matt, hex('#a69a86'));
    for (const x of [left - 0.25, left + width + 0.25]) mesh.box([x, y, 1.1], [0.45, 0.45, 2.2]);
    mesh.box([left + 2 * width + 0.6, y - 0.2, 0.95], [2 * width, 0.15, 1.9]);
    mesh.box([left - 0.5 - width, y, 0.95], [2 * width, 0.2, 1.9]);
  };
  return { parts: [{ class: 'bus', draw: leaf }], extra: walls, contacts: [] };
}

/** A camera that looks at the gate, under one light. */
export class GateView {
  readonly pixels: Uint8ClampedArray;
  /** Left, top, right, bottom of the closed gate, fractions of the picture. */
  readonly region: [number, number, number, number];
  readonly #view: View;
  readonly #exposure: number;

  /** @param seed of the street and where the sun stands */
  constructor(
    private readonly condition: Condition,
    private readonly size: GateSize,
    seed: number,
  ) {
    const { width, height } = size;
    const random = new Random(seed);
    const camera = new Camera({ position: [0, -7, 3.4], yaw: 0.02, pitch: -0.16, horizontalFov: 0.85, width, height });
    const ground = { ...randomGround(random.fork()), wet: condition.wet ?? 0 };
    const scenery = buildStreet(new Random(5), LAYOUT, ground, [], { texture: 16, leaves: 0.4 });
    const light = weather(condition.weather, random.range(-2.6, -1.8), random.range(0.6, 0.95));
    const options = { focus: [0, 2, 0] as [number, number, number], reach: 30, shadowSize: 512 };
    this.#view = new View(camera, light, scenery.mesh, scenery.contacts, options);
    const bias = (condition.exposure ?? 1) * random.range(0.85, 1.15);
    this.#exposure = meter(this.#view.render(new Mesh(), []).picture, bias);
    this.pixels = new Uint8ClampedArray(width * height * 4);
    const [left = 0, top = 0, right = width, bottom = height] = this.draw(0, seed);
    this.region = [left / width, top / height, right / width, bottom / height];
  }

  /** Draws it into `pixels`. @returns the leaf's box, pixels */
  draw(open: number, seed: number): readonly number[] {
    const { width, height } = this.size;
    const { noise, drops } = this.condition;
    const look = { width, height, factor: 1, exposure: this.#exposure, noise, blur: 0.35, vignette: 0.15 };
    const sensor = { ...look, white: [1, 1, 1] as const, saturation: 1, seed };
    const [leaf] = takePicture(this.#view, [gate(open)], sensor, this.pixels);
    if (drops !== undefined) streak(this.pixels, width, height, drops, new Random(seed));
    return leaf?.box ?? [];
  }
}

export interface GateTruth {
  fps: number;
  /** Left, top, right, bottom, fractions of the picture. */
  region: [number, number, number, number];
  /** From which frame on it is so; before, for `SLIDE_SECONDS`, it moves. */
  changes: { frame: number; state: 'open' | 'closed'; condition: string }[];
  frames: number;
}

/**
 * Draws a clip of the gate, `gate.mp4`, and its truth: an equal share of the time by day, at dusk, at night and in rain.
 *
 * @param waits seconds between two changes, at least and at most
 */
export async function renderGate(
  out: string,
  seconds: number,
  seed: number,
  { size = GATE_SIZE, conditions = Object.keys(CONDITIONS), waits = [8, 25] as [number, number] } = {},
): Promise<GateTruth> {
  await mkdir(out, { recursive: true });
  const random = new Random(seed * 7919);
  const writer = await ClipWriter.open(join(out, 'gate.mp4'), size.width, size.height, size.fps, 23);
  const frames = Math.round(seconds * size.fps);
  const truth: GateTruth = { fps: size.fps, region: [0, 0, 1, 1], changes: [], frames };
  let isOpen = false;
  let movesAt = Math.round(random.range(...waits) * size.fps);
  const slide = SLIDE_SECONDS * size.fps;
  let view: GateView | undefined;
  let shown = '';
  for (let frame = 0; frame < frames; frame++) {
    const name = conditions[Math.floor((frame * conditions.length) / frames)] ?? '';
    const condition = CONDITIONS[name];
    if (condition === undefined) throw new RangeError(`no condition is called ${name}`);
    if (view === undefined || shown !== name) {
      view = new GateView(condition, size, seed * 100 + conditions.indexOf(name));
      truth.region = view.region;
      shown = name;
    }
    const moved = Math.min(1, Math.max(0, (frame - movesAt) / slide));
    view.draw(isOpen ? 1 - moved : moved, seed * 100_000 + frame);
    if (moved === 1) {
      isOpen = !isOpen;
      truth.changes.push({ frame, state: isOpen ? 'open' : 'closed', condition: name });
      movesAt = frame + Math.round(random.range(...waits) * size.fps);
    }
    await writer.write(view.pixels);
  }
  await writer.close();
  await writeFile(join(out, 'gate.truth.json'), JSON.stringify(truth));
  return truth;
}

/**
 * Draws pictures to teach with, of the region alone: `<out>/open/*.png`, `<out>/closed/*.png`, `count` of each in each
 * condition, on days of their own.
 */
export async function gatePictures(
  out: string,
  count: number,
  seed: number,
  { size = GATE_SIZE, conditions = Object.keys(CONDITIONS) } = {},
): Promise<void> {
  for (const state of ['open', 'closed']) await mkdir(join(out, state), { recursive: true });
  for (const name of conditions) {
    const condition = CONDITIONS[name];
    if (condition === undefined) throw new RangeError(`no condition is called ${name}`);
    for (let day = 0; day < 2; day++) {
      const view = new GateView(condition, size, seed * 1000 + day * 10 + conditions.indexOf(name));
      for (let i = 0; i < Math.ceil(count / 2); i++) {
        for (const state of ['open', 'closed']) {
          view.draw(state === 'open' ? 1 : 0, seed * 10_000 + day * 1000 + i);
          await writeFile(join(out, state, `${name}-${day}-${i}.png`), regionPng(view, size));
        }
      }
    }
  }
}

function regionPng({ pixels, region }: GateView, { width, height }: GateSize): Buffer {
  const canvas = createCanvas(width, height);
  const image = canvas.getContext('2d').createImageData(width, height);
  image.data.set(pixels);
  canvas.getContext('2d').putImageData(image, 0, 0);
  const [left, top, right, bottom] = region.map((share, i) => Math.round(share * (i % 2 ? height : width)));
  const [x = 0, y = 0, w = 1, h = 1] = [left, top, (right ?? 0) - (left ?? 0), (bottom ?? 0) - (top ?? 0)];
  const part = createCanvas(w, h);
  part.getContext('2d').drawImage(canvas, x, y, w, h, 0, 0, w, h);
  return part.toBuffer('image/png');
}
