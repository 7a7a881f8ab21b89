import { type Colour, hex, shade } from '../colour.js';
import { type Material, matt, metal, type Surface } from '../material.js';
import type { Mesh } from '../mesh.js';
import type { Random } from '../random.js';
import { drawShell, drawWheel, type Profile, paintwork, type Shell, set, window } from './body.js';
import { type CarLook, carSize, drawCar, randomCar } from './car.js';

export interface BusLook {
  colour: Colour;
  band: Colour;
  length: number;
  /** A coach has a higher floor and darker, unbroken glass. */
  coach: boolean;
}

const BUS = ['#e8e6df', '#b5261f', '#b5261f', '#d6a417', '#2b5f9a', '#3f7a45', '#d7dadd', '#e0c048', '#5a6a74'].map(
  hex,
);
const TRUCK = ['#e6e7e6', '#e6e7e6', '#b32a22', '#28508a', '#d19a1c', '#2f5a3a', '#4a4d50', '#7fa3b8', '#c55a1c'].map(
  hex,
);
const BLACK: Colour = [0.012, 0.012, 0.013];

export function randomBus(random: Random): BusLook {
  return {
    colour: random.pick(BUS),
    band: random.pick(BUS),
    length: random.pick([8.5, 10.5, 12]),
    coach: random.chance(0.3),
  };
}

const flat = (rear: number, front: number, value: number, ends = value): Profile => [
  [rear, ends],
  [rear + 0.12, value],
  [front - 0.12, value],
  [front, ends],
];

/** Draws a bus in the mesh's current place; its wheels have rolled `rolled` metres. */
export function drawBus(mesh: Mesh, look: BusLook, rolled: number): void {
  const half = look.length / 2;
  const height = look.coach ? 3.3 : 3.0;
  const radius = 0.48;
  const wheels = [-half + 2.6, half - 2.5];
  const shell: Shell = {
    rear: -half,
    front: half,
    roof: 0.95,
    wheels,
    wheelRadius: radius,
    top: [
      [-half, height - 0.35],
      [-half + 0.2, height - 0.04],
      [half - 0.35, height],
      [half - 0.1, height - 0.25],
      [half, height - 0.8],
    ],
    belt: flat(-half, half, height - 0.32),
    bottom: flat(-half, half, 0.3, 0.4),
    half: [
      [-half, 1.12],
      [-half + 0.15, 1.25],
      [half - 0.25, 1.25],
      [half, 1.08],
    ],
  };
  const low = look.coach ? 1.45 : 1.08;
  const high = height - 0.55;
  const body: Material = {
    ...paintwork(false),
    shade: (p: Surface) => {
      const ay = Math.abs(p.y);
      if (p.x > half - 0.16) {
        if (p.z > high + 0.06 && p.z < high + 0.36 && ay < 0.85) {
          set(p, BLACK, 0.03);
          if (Math.abs(p.z - high - 0.2) < 0.07 && Math.abs(Math.sin(p.y * 21)) > 0.5 && ay < 0.6) {
            set(p, [0.8, 0.45, 0.05]);
            p.glow = 1;
          }
        } else if (p.z > low - 0.12 && p.z <= high + 0.06 && ay < 1.12) {
          if (ay < 0.012) set(p, BLACK, 0.02);
          else window(p, (1.5 - p.z) * 1.5);
        } else if (Math.abs(p.z - 0.66) < 0.1 && ay > 0.62) set(p, [0.7, 0.7, 0.7], 0.2, 1);
        else if (Math.abs(p.z - 0.62) < 0.1 && ay < 0.3) set(p, [0.6, 0.6, 0.58]);
        else if (p.z < 0.46) set(p, BLACK);
        return;
      }
      if (p.x < -half + 0.12) {
        if (p.z > 1.7 && p.z < high && ay < 0.95) window(p, 0.1);
        else if (ay > 0.85 && p.z > 0.8 && p.z < 1.4) set(p, [0.45, 0.02, 0.02], 0.06, 0.8);
        else if (p.z > 0.7 && p.z < 1.3 && ay < 0.7 && Math.sin(p.z * 60) > 0) set(p, shade(look.colour, 0.4));
        return;
      }
      if (ay > 1.02) {
        // Doors are on the right (y < 0) only.
        const door = p.y < 0 && [half - 1.0, 0.6].some((d) => Math.abs(p.x - d) < 0.62);
        if (door && p.z > 0.42 && p.z < high + 0.05) {
          const d = [half - 1.0, 0.6].find((q) => Math.abs(p.x - q) < 0.62) ?? 0;
          const u = Math.abs(p.x - d);
          if (u < 0.03 || u > 0.57 || p.z < 0.5 || p.z > high) set(p, BLACK, 0.02);
          else window(p, 0.2);
          return;
        }
        if (p.z > low && p.z < high && p.x < half - 0.3) {
          const bay = (p.x + 40) % 1.45;
          const gap = look.coach ? 0.02 : 0.05;
          if (bay < gap || bay > 1.45 - gap) set(p, look.coach ? BLACK : shade(look.colour, 0.4), 0.03);
          else if (!look.coach && Math.abs(p.z - high + 0.28) < 0.015) set(p, BLACK, 0.02);
          else window(p, (low + 0.35 - p.z) * 2.2 * (0.6 + 0.4 * Math.sin(p.x * 8)));
          return;
        }
        if (p.z < 0.46) set(p, shade(look.colour, 0.25));
        else if (p.z < 0.95 && p.z > 0.75) set(p, look.band, 0.05);
        else if ((p.x + 40) % 2.1 < 0.015) set(p, shade(look.colour, 0.5));
      }
    },
  };
  drawShell(mesh, shell, body, look.colour);
  for (const x of wheels)
    for (const side of [1, -1])
      drawWheel(mesh, x, side * 1.1, radius, 0.28, side, rolled / radius, 'truck', hex('#8a8d90'));
  mesh.paint(matt, BLACK);
  for (const side of [1, -1]) mesh.box([half + 0.1, side * 1.28, 2.1], [0.1, 0.22, 0.42]);
}

export interface TruckLook {
  kind: 'box' | 'flatbed' | 'tipper' | 'pickup' | 'tanker';
  cab: Colour;
  load: Colour;
  length: number;
  pickup: CarLook;
}

export function randomTruck(random: Random): TruckLook {
  return {
    kind: random.pick(['box', 'box', 'box', 'flatbed', 'tipper', 'pickup', 'pickup', 'tanker']),
    cab: random.pick(TRUCK),
    load: random.pick(TRUCK),
    length: random.range(5.8, 8.5),
    pickup: randomCar(random, 'pickup'),
  };
}

export function truckSize(look: TruckLook): { halfLength: number; halfWidth: number } {
  return look.kind === 'pickup' ? carSize('pickup') : { halfLength: look.length / 2, halfWidth: 1.2 };
}

/** Draws a lorry (or a pickup) in the mesh's current place; its wheels have rolled `rolled` metres. */
export function drawTruck(mesh: Mesh, look: TruckLook, rolled: number): void {
  if (look.kind === 'pickup') {
    drawCar(mesh, look.pickup, rolled);
    return;
  }
  const half = look.length / 2;
  const radius = 0.45;
  const cabRear = half - 1.95;
  const wheels = [-half + 1.4, half - 1.05];
  const cab: Shell = {
    rear: cabRear,
    front: half,
    roof: 0.9,
    wheels: [half - 1.05],
    wheelRadius: radius,
    top: [
      [cabRear, 2.35],
      [cabRear + 0.2, 2.52],
      [half - 0.75, 2.5],
      [half - 0.32, 2.3],
      [half - 0.1, 1.4],
      [half, 1.15],
    ],
    belt: [
      [cabRear, 1.5],
      [half, 1.25],
    ],
    bottom: flat(cabRear, half, 0.45, 0.5),
    half: [
      [cabRear, 1.08],
      [half - 0.4, 1.1],
      [half - 0.1, 1.04],
      [half, 0.95],
    ],
  };
  const body: Material = {
    ...paintwork(false),
    shade: (p: Surface) => {
      const ay = Math.abs(p.y);
      const toFront = half - p.x;
      if (toFront < 0.62 && p.z > 1.42 && p.z < 2.2 && ay < 0.96) window(p, (1.7 - p.z) * 2);
      else if (ay > 0.85 && p.z > 1.5 && p.z < 2.16 && p.x > cabRear + 0.65 && toFront > 0.5)
        window(p, (1.8 - p.z) * 2);
      else if (toFront < 0.25 && p.z < 1.2 && p.z > 0.85 && ay < 0.62)
        set(p, Math.sin(p.z * 70) > 0 ? BLACK : shade(look.cab, 0.5));
      else if (toFront < 0.25 && Math.abs(p.z - 0.75) < 0.1 && ay > 0.6) set(p, [0.7, 0.7, 0.72], 0.2, 1);
      else if (toFront < 0.25 && Math.abs(p.z - 0.62) < 0.07 && ay < 0.27) set(p, [0.6, 0.6, 0.58]);
      else if (p.z < 0.66) set(p, BLACK, 0.02);
      else if (
        ay > 0.95 &&
        p.z > 0.66 &&
        p.z < 2.2 &&
        (Math.abs(p.x - cabRear - 0.55) < 0.013 || Math.abs(toFront - 0.42) < 0.013)
      )
        set(p, BLACK);
    },
  };
  drawShell(mesh, cab, body, look.cab);
  mesh.paint(matt, [0.03, 0.03, 0.032]);
  mesh.box([(-half + cabRear) / 2, 0, 0.72], [cabRear + half, 0.9, 0.22]);
  for (const side of [1, -1]) {
    mesh.box([(-half + cabRear) / 2 + 0.5, side * 0.95, 0.58], [Math.max(0.6, cabRear + half - 3), 0.1, 0.35]);
    mesh.box([half - 0.45, side * 1.26, 1.95], [0.08, 0.2, 0.42]);
  }
  const start = -half;
  const end = cabRear - 0.12;
  const middle = (start + end) / 2;
  const long = end - start;
  if (look.kind === 'box') {
    const panel: Material = {
      ...paintwork(false),
      mirror: 0.03,
      spec: 0.1,
      shade: (p: Surface) => {
        if (p.z < 0.98 || p.z > 3.02 || Math.abs(p.x - start) < 0.04 || Math.abs(p.x - end) < 0.04)
          set(p, [0.3, 0.3, 0.3], 0.02);
        else if (Math.abs(p.y) > 1.1 && Math.abs(p.z - 2.1) < 0.32 && Math.abs(p.x - middle) < long * 0.28) {
          const letter = Math.abs(Math.sin(p.x * 6.5)) > 0.35 && Math.abs(p.z - 2.1) < 0.2;
          if (letter) set(p, look.cab, 0.03);
        } else if (p.x < start + 0.06 && (Math.abs(p.y) < 0.02 || Math.abs(Math.abs(p.y) - 0.3) < 0.02))
          set(p, [0.2, 0.2, 0.2]);
      },
    };
    mesh.paint(panel, look.load);
    mesh.box([middle, 0, 2.0], [long, 2.36, 2.15]);
  } else if (look.kind === 'tanker') {
    mesh.paint(metal, [0.55, 0.55, 0.56]);
    mesh.loft(
      [
        [start + 0.05, 0.75],
        [start + 0.2, 0.98],
        [end - 0.15, 0.98],
        [end, 0.75],
      ].map(([x, r]) => ({
        centre: [x as number, 0, 1.75] as const,
        u: [0, 1, 0] as const,
        v: [0, 0, 1] as const,
        ru: (r as number) * 1.15,
        rv: r as number,
      })),
      20,
    );
  } else {
    mesh.paint(matt, shade(look.load, 0.8));
    mesh.box([middle, 0, 0.95], [long, 2.36, 0.14]);
    const rise = look.kind === 'tipper' ? 1.05 : 0.42;
    const board: Material = {
      ...matt,
      shade: (p: Surface) => {
        if ((p.x + 40) % 0.8 < 0.07 || Math.abs(p.z - 1.02 - rise) < 0.05) {
          p.r *= 0.6;
          p.g *= 0.6;
          p.b *= 0.6;
        }
      },
    };
    mesh.paint(board, look.load);
    for (const side of [1, -1]) mesh.box([middle, side * 1.15, 1.02 + rise / 2], [long, 0.06, rise]);
    for (const x of [start + 0.03, end - 0.03]) mesh.box([x, 0, 1.02 + rise / 2], [0.06, 2.3, rise]);
    mesh.paint({ ...matt, bump: 1.2, bumpScale: 5 }, look.kind === 'tipper' ? [0.16, 0.12, 0.08] : [0.2, 0.15, 0.1]);
    mesh.ellipsoid([middle, 0, 1.02 + rise * 0.7], [long * 0.46, 1.05, rise * 0.35 + 0.3]);
  }
  const back = wheels[0] as number;
  const axles = look.length > 7.3 ? [back, back - 0.95 < -half + 0.4 ? back + 0.98 : back - 0.95] : [back];
  for (const side of [1, -1]) {
    drawWheel(mesh, wheels[1] as number, side * 0.98, radius, 0.26, side, rolled / radius, 'truck', hex('#9a9da0'));
    for (const x of axles)
      drawWheel(mesh, x, side * 0.96, radius, 0.42, side, rolled / radius, 'truck', hex('#9a9da0'));
    mesh.paint(matt, BLACK);
    for (const x of axles) mesh.box([x, side * 0.98, 0.92], [1.0, 0.42, 0.03]);
    mesh.paint(matt, [0.5, 0.02, 0.02]);
    mesh.box([start - 0.02, side * 0.85, 0.72], [0.05, 0.34, 0.12]);
  }
}
