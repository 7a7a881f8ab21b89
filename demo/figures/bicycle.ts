import { type Colour, hex } from '../colour.js';
import { lacquer, leather, type Material, matt, metal, rubber } from '../material.js';
import type { Mesh } from '../mesh.js';
import type { Random } from '../random.js';
import type { Vec3 } from '../vector.js';
import type { Seat } from './pose.js';

export interface BicycleLook {
  colour: Colour;
  /** An upright city bicycle, or one to lean over. */
  upright: boolean;
  basket: boolean;
  guards: boolean;
}

const RADIUS = 0.34;
const BASE = 1.06;
const COLOURS = ['#1a1b1d', '#b02a2a', '#224a80', '#d8dadb', '#2f5f3a', '#c98a2a', '#6f7a84', '#5a2f52', '#7fb0b8'].map(
  hex,
);

export function randomBicycle(random: Random): BicycleLook {
  return {
    colour: random.pick(COLOURS),
    upright: random.chance(0.6),
    basket: random.chance(0.25),
    guards: random.chance(0.6),
  };
}

/** Half the length, metres. */
export const bicycleHalfLength = BASE / 2 + RADIUS;

function geometry(look: BicycleLook): { crank: Vec3; saddle: Vec3; head: Vec3; bar: Vec3; rear: Vec3; front: Vec3 } {
  return {
    rear: [-BASE / 2, 0, RADIUS],
    front: [BASE / 2, 0, RADIUS],
    crank: [-0.1, 0, 0.28],
    saddle: [-0.27, 0, 0.95],
    head: [0.36, 0, 0.84],
    bar: look.upright ? [0.28, 0, 1.08] : [0.42, 0, 0.95],
  };
}

/** Where a rider's hips, hands and feet go. `crank` is the pedals' angle, radians, clockwise seen from the right. */
export function bicycleSeat(look: BicycleLook, crank: number): Seat {
  const g = geometry(look);
  const pedal = (a: number, y: number): Vec3 => [
    g.crank[0] + Math.sin(a) * 0.17 - 0.09,
    y,
    g.crank[2] + Math.cos(a) * 0.17 + 0.08,
  ];
  return {
    saddle: [g.saddle[0], 0, g.saddle[2]],
    grip: {
      left: [g.bar[0] - (look.upright ? 0.1 : 0), 0.27, g.bar[2]],
      right: [g.bar[0] - (look.upright ? 0.1 : 0), -0.27, g.bar[2]],
    },
    pedal: { left: pedal(crank, 0.11), right: pedal(crank + Math.PI, -0.11) },
    lean: look.upright ? 0.24 : 0.66,
  };
}

/** Draws a bicycle in the mesh's current place, wheels rolled `rolled` metres, pedals at `crank`. */
export function drawBicycle(mesh: Mesh, look: BicycleLook, rolled: number, crank: number): void {
  const g = geometry(look);
  for (const hub of [g.rear, g.front]) wheel(mesh, hub, rolled / RADIUS);
  mesh.paint(lacquer, look.colour);
  const pipe = (a: Vec3, b: Vec3, r: number): void => mesh.tube([a, b], [r, r], { segments: 7, smooth: 1 });
  const seatTop: Vec3 = [-0.22, 0, 0.76];
  pipe(g.crank, seatTop, 0.019);
  pipe(g.crank, [0.39, 0, 0.7], 0.022);
  pipe(look.upright ? [-0.17, 0, 0.55] : seatTop, g.head, 0.019);
  pipe([0.4, 0, 0.66], g.head, 0.022);
  for (const y of [0.045, -0.045]) {
    pipe([g.rear[0], y * 1.5, g.rear[2]], [g.crank[0], y * 0.7, g.crank[2]], 0.011);
    pipe([g.rear[0], y * 1.5, g.rear[2]], [seatTop[0], y * 0.5, seatTop[2] - 0.03], 0.01);
    mesh.tube(
      [
        [0.405, y, 0.64],
        [0.45, y * 1.2, 0.48],
        [g.front[0], y * 1.3, g.front[2]],
      ],
      [0.014, 0.013, 0.01],
      { segments: 7 },
    );
  }
  if (look.guards) {
    for (const hub of [g.rear, g.front]) {
      const arc: Vec3[] = [];
      for (let i = 0; i <= 6; i++) {
        const a = Math.PI * (0.25 + i * 0.125);
        arc.push([hub[0] + Math.cos(a) * (RADIUS + 0.035), 0, hub[2] + Math.sin(a) * (RADIUS + 0.035)]);
      }
      mesh.tube(
        arc,
        arc.map(() => 0.022),
        { segments: 6, flat: 1, smooth: 1 },
      );
    }
  }
  mesh.paint(metal, [0.45, 0.45, 0.47]);
  pipe(seatTop, [g.saddle[0], 0, g.saddle[2] - 0.03], 0.014);
  pipe(g.head, [g.bar[0] + (look.upright ? 0.05 : -0.02), 0, g.bar[2] - 0.01], 0.016);
  const grip = bicycleSeat(look, 0).grip;
  mesh.tube(
    [grip.left, [g.bar[0] + 0.04, 0.14, g.bar[2]], [g.bar[0] + 0.04, -0.14, g.bar[2]], grip.right],
    [0.013, 0.013, 0.013, 0.013],
    { segments: 6, side: [0, 0, 1] },
  );
  mesh.paint(rubber, [0.015, 0.015, 0.015]);
  for (const end of [grip.left, grip.right]) pipe(end, [end[0] + 0.04, end[1] * 0.75, end[2]], 0.019);
  // Chainwheel, cranks and pedals.
  mesh.paint(metal, [0.2, 0.2, 0.21]);
  mesh.disc([g.crank[0], -0.05, g.crank[2]], [1, 0, 0], [0, 0, 1], 0.095, 16);
  for (const [a, y] of [
    [crank, 0.075],
    [crank + Math.PI, -0.075],
  ] as const) {
    const foot: Vec3 = [g.crank[0] + Math.sin(a) * 0.17, y, g.crank[2] + Math.cos(a) * 0.17];
    pipe([g.crank[0], y, g.crank[2]], foot, 0.011);
    mesh.box([foot[0], y + Math.sign(y) * 0.05, foot[2]], [0.09, 0.08, 0.022]);
  }
  mesh.paint(leather, [0.02, 0.018, 0.016]);
  mesh.loft(
    [
      { centre: [g.saddle[0] - 0.13, 0, g.saddle[2] + 0.005], u: [0, 1, 0], v: [0, 0, 1], ru: 0.075, rv: 0.03 },
      { centre: [g.saddle[0] - 0.02, 0, g.saddle[2]], u: [0, 1, 0], v: [0, 0, 1], ru: 0.06, rv: 0.03 },
      { centre: [g.saddle[0] + 0.13, 0, g.saddle[2]], u: [0, 1, 0], v: [0, 0, 1], ru: 0.02, rv: 0.02 },
    ],
    10,
    'round',
    'round',
  );
  if (look.basket) {
    const mesh1: Material = { ...matt, cut: (x, _y, z) => Math.sin(x * 120) > 0.2 && Math.sin(z * 120) > 0.2 };
    mesh.paint(mesh1, hex('#6b4a2a'));
    mesh.box([g.bar[0] + 0.24, 0, g.bar[2] - 0.12], [0.26, 0.36, 0.24]);
  }
}

function wheel(mesh: Mesh, hub: Vec3, angle: number): void {
  const ring = (r: number, thick: number, n: number): void => {
    const rows: Vec3[][] = [];
    for (let i = 0; i <= 28; i++) {
      const a = (i / 28) * Math.PI * 2;
      const row: Vec3[] = [];
      for (let j = 0; j < n; j++) {
        const b = (j / n) * Math.PI * 2;
        const d = r + Math.cos(b) * thick;
        row.push([hub[0] + Math.cos(a) * d, hub[1] + Math.sin(b) * thick, hub[2] + Math.sin(a) * d]);
      }
      rows.push(row);
    }
    mesh.grid(rows, true);
  };
  mesh.paint(rubber, [0.018, 0.018, 0.018]);
  ring(RADIUS - 0.02, 0.021, 7);
  mesh.paint(metal, [0.4, 0.4, 0.42]);
  ring(RADIUS - 0.05, 0.012, 5);
  // Spokes as a disc that is mostly holes.
  const spokes: Material = {
    ...metal,
    twoSided: true,
    cut: (x, y) => Math.hypot(x, y) > 0.1 && Math.abs(Math.sin(Math.atan2(y, x) * 9)) * Math.hypot(x, y) > 0.085,
  };
  mesh.paint(spokes, [0.35, 0.35, 0.36]);
  mesh.disc(hub, [Math.cos(angle), 0, -Math.sin(angle)], [Math.sin(angle), 0, Math.cos(angle)], RADIUS - 0.04, 28);
}
