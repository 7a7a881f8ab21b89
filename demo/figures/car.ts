import { type Colour, hex } from '../colour.js';
import { type Material, matt, type Surface } from '../material.js';
import type { Mesh } from '../mesh.js';
import type { Random } from '../random.js';
import { clamp } from '../vector.js';
import { drawShell, drawWheel, paintwork, profileAt, type Rim, rounded, type Shell, set, window } from './body.js';

export type CarKind = 'sedan' | 'hatchback' | 'estate' | 'suv' | 'minivan' | 'pickup';

interface CarShape extends Shell {
  /** x of the windscreen's lower and upper edge, and of the rear window's. */
  screen: readonly [number, number];
  back: readonly [number, number];
  pillars: readonly number[];
  doors: readonly number[];
}

const SHAPES: Record<CarKind, CarShape> = {
  sedan: {
    rear: -2.28,
    front: 2.28,
    roof: 0.72,
    wheels: [-1.36, 1.4],
    wheelRadius: 0.325,
    top: [
      [-2.28, 0.82],
      [-2.2, 1.0],
      [-1.62, 1.05],
      [-0.85, 1.37],
      [-0.2, 1.45],
      [0.4, 1.42],
      [1.12, 1.0],
      [1.85, 0.88],
      [2.15, 0.78],
      [2.28, 0.62],
    ],
    belt: [
      [-2.28, 0.78],
      [-1.6, 0.97],
      [1.1, 0.92],
      [1.9, 0.8],
      [2.28, 0.58],
    ],
    bottom: [
      [-2.28, 0.42],
      [-2.1, 0.26],
      [-1.7, 0.2],
      [1.8, 0.2],
      [2.12, 0.22],
      [2.28, 0.3],
    ],
    half: [
      [-2.28, 0.7],
      [-2.1, 0.83],
      [-1.3, 0.89],
      [1.3, 0.9],
      [1.95, 0.85],
      [2.18, 0.74],
      [2.28, 0.62],
    ],
    screen: [1.12, 0.42],
    back: [-1.62, -0.85],
    pillars: [-0.18],
    doors: [0.9, -0.2, -1.12],
  },
  hatchback: {
    rear: -1.98,
    front: 2.02,
    roof: 0.74,
    wheels: [-1.24, 1.28],
    wheelRadius: 0.31,
    top: [
      [-1.98, 0.85],
      [-1.9, 1.02],
      [-1.5, 1.4],
      [-0.6, 1.49],
      [0.3, 1.47],
      [1.02, 1.04],
      [1.62, 0.92],
      [1.9, 0.8],
      [2.02, 0.62],
    ],
    belt: [
      [-1.98, 0.9],
      [-1.5, 1.0],
      [1.0, 0.93],
      [1.65, 0.82],
      [2.02, 0.58],
    ],
    bottom: [
      [-1.98, 0.4],
      [-1.8, 0.25],
      [-1.5, 0.2],
      [1.6, 0.2],
      [1.9, 0.22],
      [2.02, 0.3],
    ],
    half: [
      [-1.98, 0.72],
      [-1.8, 0.83],
      [-1.2, 0.87],
      [1.2, 0.87],
      [1.75, 0.82],
      [1.94, 0.73],
      [2.02, 0.62],
    ],
    screen: [1.02, 0.32],
    back: [-1.9, -1.48],
    pillars: [-0.2],
    doors: [0.85, -0.22, -1.02],
  },
  estate: {
    rear: -2.3,
    front: 2.28,
    roof: 0.73,
    wheels: [-1.36, 1.4],
    wheelRadius: 0.325,
    top: [
      [-2.3, 0.82],
      [-2.22, 1.0],
      [-1.92, 1.4],
      [-0.6, 1.48],
      [0.4, 1.44],
      [1.12, 1.0],
      [1.85, 0.88],
      [2.15, 0.78],
      [2.28, 0.62],
    ],
    belt: [
      [-2.3, 0.9],
      [-1.6, 0.98],
      [1.1, 0.92],
      [1.9, 0.8],
      [2.28, 0.58],
    ],
    bottom: [
      [-2.3, 0.4],
      [-2.1, 0.26],
      [-1.7, 0.2],
      [1.8, 0.2],
      [2.12, 0.22],
      [2.28, 0.3],
    ],
    half: [
      [-2.3, 0.74],
      [-2.1, 0.84],
      [-1.3, 0.89],
      [1.3, 0.9],
      [1.95, 0.85],
      [2.18, 0.74],
      [2.28, 0.62],
    ],
    screen: [1.12, 0.42],
    back: [-2.22, -1.9],
    pillars: [-0.18, -1.2],
    doors: [0.9, -0.2, -1.12],
  },
  suv: {
    rear: -2.22,
    front: 2.2,
    roof: 0.77,
    wheels: [-1.33, 1.35],
    wheelRadius: 0.37,
    top: [
      [-2.22, 0.95],
      [-2.14, 1.15],
      [-1.85, 1.58],
      [-0.7, 1.69],
      [0.4, 1.65],
      [1.05, 1.17],
      [1.75, 1.06],
      [2.06, 0.95],
      [2.2, 0.74],
    ],
    belt: [
      [-2.22, 1.0],
      [-1.6, 1.12],
      [1.05, 1.05],
      [1.8, 0.95],
      [2.2, 0.7],
    ],
    bottom: [
      [-2.22, 0.46],
      [-2.0, 0.32],
      [-1.7, 0.26],
      [1.75, 0.26],
      [2.05, 0.3],
      [2.2, 0.4],
    ],
    half: [
      [-2.22, 0.78],
      [-2.0, 0.89],
      [-1.2, 0.93],
      [1.3, 0.93],
      [1.9, 0.89],
      [2.1, 0.8],
      [2.2, 0.68],
    ],
    screen: [1.05, 0.42],
    back: [-2.12, -1.84],
    pillars: [-0.16, -1.18],
    doors: [0.88, -0.18, -1.1],
  },
  minivan: {
    rear: -2.35,
    front: 2.3,
    roof: 0.8,
    wheels: [-1.42, 1.48],
    wheelRadius: 0.33,
    top: [
      [-2.35, 0.9],
      [-2.28, 1.2],
      [-2.16, 1.72],
      [-0.6, 1.84],
      [0.7, 1.78],
      [1.55, 1.14],
      [2.02, 0.98],
      [2.2, 0.86],
      [2.3, 0.66],
    ],
    belt: [
      [-2.35, 1.0],
      [-1.6, 1.08],
      [1.4, 1.02],
      [2.0, 0.88],
      [2.3, 0.62],
    ],
    bottom: [
      [-2.35, 0.38],
      [-2.2, 0.26],
      [-1.8, 0.2],
      [1.9, 0.2],
      [2.15, 0.24],
      [2.3, 0.34],
    ],
    half: [
      [-2.35, 0.82],
      [-2.2, 0.9],
      [-1.3, 0.94],
      [1.4, 0.94],
      [2.0, 0.87],
      [2.2, 0.78],
      [2.3, 0.66],
    ],
    screen: [1.55, 0.72],
    back: [-2.27, -2.16],
    pillars: [0.12, -1.1],
    doors: [1.05, 0.1, -1.1],
  },
  pickup: {
    rear: -2.62,
    front: 2.6,
    roof: 0.76,
    wheels: [-1.62, 1.62],
    wheelRadius: 0.385,
    top: [
      [-2.62, 1.08],
      [-2.5, 1.1],
      [-0.92, 1.1],
      [-0.86, 1.2],
      [-0.72, 1.72],
      [0.1, 1.78],
      [0.6, 1.75],
      [1.22, 1.22],
      [2.1, 1.12],
      [2.45, 1.04],
      [2.6, 0.8],
    ],
    belt: [
      [-2.62, 1.05],
      [-0.9, 1.06],
      [1.2, 1.1],
      [2.1, 1.0],
      [2.6, 0.76],
    ],
    bottom: [
      [-2.62, 0.55],
      [-2.3, 0.42],
      [-1.9, 0.34],
      [2.0, 0.34],
      [2.4, 0.36],
      [2.6, 0.46],
    ],
    half: [
      [-2.62, 0.88],
      [-2.4, 0.94],
      [-1.2, 0.95],
      [1.6, 0.96],
      [2.3, 0.92],
      [2.5, 0.84],
      [2.6, 0.72],
    ],
    screen: [1.22, 0.62],
    back: [-0.86, -0.72],
    pillars: [0.12],
    doors: [1.0, 0.1, -0.8],
  },
};

export interface CarLook {
  kind: CarKind;
  colour: Colour;
  metallic: boolean;
  rim: Rim;
  rimColour: Colour;
  lamps: boolean;
}

const COLOURS = [
  '#e9eaea',
  '#e9eaea',
  '#c9ccce',
  '#a3a7aa',
  '#6f7478',
  '#3b3f43',
  '#17181a',
  '#17181a',
  '#20304c',
  '#2d5488',
  '#7f1d20',
  '#b3272a',
  '#3d4a3a',
  '#6b5b48',
  '#c8b58c',
  '#d8a520',
  '#2f6b6b',
  '#8c3a1e',
].map(hex);

export const CAR_KINDS: readonly CarKind[] = ['sedan', 'hatchback', 'estate', 'suv', 'minivan'];

export function randomCar(random: Random, kind: CarKind = random.pick(CAR_KINDS)): CarLook {
  return {
    kind,
    colour: random.pick(COLOURS),
    metallic: random.chance(0.6),
    rim: random.pick<Rim>(['spokes', 'spokes', 'multi', 'steel']),
    rimColour: random.pick([hex('#b9bcc0'), hex('#8c9094'), hex('#54575a')]),
    lamps: random.chance(0.3),
  };
}

/** Half the length and half the width, metres. */
export function carSize(kind: CarKind): { halfLength: number; halfWidth: number } {
  const s = SHAPES[kind];
  return { halfLength: (s.front - s.rear) / 2, halfWidth: profileAt(s.half, 0) };
}

/** Draws a car in the mesh's current place; its wheels have rolled `rolled` metres. */
export function drawCar(mesh: Mesh, look: CarLook, rolled: number): void {
  const s = SHAPES[look.kind];
  const black: Colour = [0.012, 0.012, 0.013];
  const chrome: Colour = [0.5, 0.5, 0.52];
  const body: Material = {
    ...paintwork(look.metallic),
    shade: (p: Surface) => skin(p, s, look, black, chrome),
  };
  drawShell(mesh, s, body, look.colour);
  const track = profileAt(s.half, 0) - 0.11;
  for (const x of s.wheels)
    for (const side of [1, -1])
      drawWheel(mesh, x, side * track, s.wheelRadius, 0.21, side, rolled / s.wheelRadius, look.rim, look.rimColour);
  const shoulder = profileAt(s.belt, s.screen[0] - 0.2);
  for (const side of [1, -1]) {
    mesh.paint(paintwork(look.metallic), look.colour);
    mesh.ellipsoid(
      [s.screen[0] - 0.32, side * (profileAt(s.half, 0) + 0.06), shoulder + 0.07],
      [0.07, 0.11, 0.075],
      undefined,
      10,
    );
  }
  if (look.kind === 'pickup') {
    mesh.paint(matt, black);
    mesh.box([-1.72, 0, 1.09], [1.55, 1.5, 0.06]);
  }
}

function skin(p: Surface, s: CarShape, look: CarLook, black: Colour, chrome: Colour): void {
  const { x, y, z } = p;
  const top = rounded(s.top, x);
  const belt = Math.min(rounded(s.belt, x), top - 0.04);
  const w = rounded(s.half, x);
  const ay = Math.abs(y);
  const depth = top - z;
  const [screenLow, screenHigh] = s.screen;
  const [backLow, backHigh] = s.back;
  const cabin = x < screenLow - 0.12 && x > Math.min(backLow, backHigh) + 0.1;
  if (cabin && z > belt + 0.035 && depth > 0.1 && ay > w * 0.6) {
    const pillar = s.pillars.some((q) => Math.abs(x - q - (z - belt) * 0.08) < 0.045);
    if (pillar) set(p, black, 0.04);
    else window(p, (belt + 0.2 - z) * 2 + 0.4 * Math.cos((x + 0.4) * 4.2));
    return;
  }
  if (
    x > screenHigh + 0.05 &&
    x < screenLow - 0.05 &&
    depth < 0.12 &&
    ay < w * 0.86 * s.roof + (screenLow - x) * 0.02 + 0.08
  ) {
    window(p, ay < 0.6 && z < belt + 0.22 ? 0.6 : 0.1);
    return;
  }
  if (x > backLow + 0.05 && x < backHigh - 0.02 && depth < 0.14 && z > belt + 0.05 && ay < w * s.roof * 0.9) {
    window(p, 0.1);
    return;
  }
  const toFront = s.front - x;
  const toRear = x - s.rear;
  const face = rounded(s.top, s.front - 0.18);
  const nose = toFront < 0.3;
  const tail = toRear < 0.24;
  const lampZ = face - 0.14;
  if (z < profileAt(s.bottom, x) + 0.11) {
    set(p, black, 0.01, 0.05);
    return;
  }
  if (toFront < 0.42 && ay > w * 0.55 && Math.abs(z - lampZ - toFront * 0.08) < 0.085) {
    set(p, [0.55, 0.57, 0.6], 0.2, 1);
    if (Math.abs(ay - w * 0.78) < 0.1) p.r = p.g = p.b = 0.85;
    if (look.lamps) p.glow = 2.2;
    return;
  }
  if (nose && ay < 0.27 && Math.abs(z - lampZ + 0.22) < 0.06 && toFront < 0.15) {
    set(p, Math.abs(ay - 0.09) < 0.05 || ay > 0.2 ? [0.25, 0.25, 0.27] : [0.75, 0.75, 0.72], 0);
    return;
  }
  if (nose && ay < w * 0.6 && Math.abs(z - lampZ + 0.02) < 0.075) {
    set(p, Math.sin(z * 190) > 0.4 ? chrome : black, 0.02);
    if (ay < 0.07) set(p, chrome, 0.3);
    return;
  }
  if (nose && ay < w * 0.7 && z < lampZ - 0.27) {
    set(p, black, 0.01);
    return;
  }
  const rearZ = Math.min(belt - 0.05, profileAt(s.belt, s.rear + 0.2) - 0.06);
  if (toRear < 0.3 && ay > w * 0.58 && Math.abs(z - rearZ) < 0.1) {
    set(p, ay > w * 0.7 ? [0.42, 0.012, 0.012] : [0.5, 0.06, 0.05], 0.08, 0.9);
    if (look.lamps) p.glow = 0.9;
    return;
  }
  if (tail && ay < 0.27 && Math.abs(z - rearZ + 0.13) < 0.06) {
    set(p, Math.abs(ay - 0.09) < 0.05 || ay > 0.2 ? [0.25, 0.25, 0.27] : [0.75, 0.75, 0.72], 0);
    return;
  }
  if (ay > w * 0.8) {
    const seam = s.doors.some((q) => Math.abs(x - q) < 0.011);
    if (seam && z > 0.3 && z < belt + 0.02) {
      set(p, black, 0);
      return;
    }
    if (s.doors.some((q, i) => i > 0 && x - q > 0.06 && x - q < 0.24) && Math.abs(z - belt + 0.12) < 0.022) {
      p.r *= 0.45;
      p.g *= 0.45;
      p.b *= 0.45;
      return;
    }
    // The crease along the doors catches light above and loses it below.
    const crease = belt - 0.2;
    const k = clamp(1 - Math.abs(z - crease + 0.03) / 0.05, 0, 1);
    p.nz += z > crease ? 0.1 : -0.16 * k;
  }
  if (cabin && Math.abs(z - belt - 0.02) < 0.018 && ay > w * 0.6) set(p, black, 0.1);
}
