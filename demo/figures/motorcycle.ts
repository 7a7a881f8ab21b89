import { type Colour, hex, shade } from '../colour.js';
import { glass, lacquer, leather, matt, metal, rubber } from '../material.js';
import type { Mesh, Ring } from '../mesh.js';
import type { Random } from '../random.js';
import type { Vec3 } from '../vector.js';
import { drawWheel } from './body.js';
import type { Seat } from './pose.js';

export interface MotorcycleLook {
  kind: 'roadster' | 'sport' | 'scooter';
  colour: Colour;
  box: boolean;
}

const COLOURS = ['#141416', '#b3201f', '#1f3f7a', '#d9dadc', '#2d4a2f', '#e08a1a', '#7a7f84', '#d9c21f', '#8ec1c9'].map(
  hex,
);

export function randomMotorcycle(random: Random): MotorcycleLook {
  return {
    kind: random.pick(['roadster', 'roadster', 'sport', 'scooter']),
    colour: random.pick(COLOURS),
    box: random.chance(0.25),
  };
}

export const motorcycleHalfLength = 1.05;

export function motorcycleSeat(look: MotorcycleLook): Seat {
  if (look.kind === 'scooter') {
    return {
      saddle: [-0.25, 0, 0.76],
      grip: { left: [0.38, 0.3, 1.05], right: [0.38, -0.3, 1.05] },
      pedal: { left: [0.2, 0.12, 0.36], right: [0.18, -0.12, 0.36] },
      lean: 0.05,
    };
  }
  const low = look.kind === 'sport';
  return {
    saddle: [-0.22, 0, 0.8],
    grip: { left: [low ? 0.48 : 0.38, 0.32, low ? 0.92 : 1.06], right: [low ? 0.48 : 0.38, -0.32, low ? 0.92 : 1.06] },
    pedal: { left: [low ? -0.22 : -0.05, 0.2, 0.42], right: [low ? -0.22 : -0.05, -0.2, 0.42] },
    lean: low ? 0.62 : 0.26,
  };
}

/** Draws a motorcycle in the mesh's current place; its wheels have rolled `rolled` metres. */
export function drawMotorcycle(mesh: Mesh, look: MotorcycleLook, rolled: number): void {
  const scooter = look.kind === 'scooter';
  const radius = scooter ? 0.24 : 0.31;
  const front: Vec3 = [scooter ? 0.66 : 0.72, 0, radius];
  const rear: Vec3 = [scooter ? -0.62 : -0.7, 0, radius];
  for (const [hub, width] of [
    [front, 0.12],
    [rear, 0.17],
  ] as const) {
    for (const side of [1, -1])
      drawWheel(mesh, hub[0], 0, radius, width, side, rolled / radius, 'spokes', hex('#6a6d70'));
  }
  const y: Vec3 = [0, 1, 0];
  const z: Vec3 = [0, 0, 1];
  const ring = (x: number, h: number, ru: number, rv: number, exponent = 2.6): Ring => ({
    centre: [x, 0, h],
    u: y,
    v: z,
    ru,
    rv,
    exponent,
  });
  const pipe = (a: Vec3, b: Vec3, r: number): void => mesh.tube([a, b], [r, r], { segments: 8, smooth: 1 });
  const head: Vec3 = [0.42, 0, 0.9];
  mesh.paint(metal, [0.3, 0.3, 0.31]);
  for (const s of [0.09, -0.09]) pipe([front[0], s, front[2]], [head[0], s, head[2] + 0.05], 0.028);
  if (scooter) {
    mesh.paint(lacquer, look.colour);
    mesh.loft(
      [
        ring(-0.85, 0.62, 0.1, 0.07),
        ring(-0.6, 0.58, 0.2, 0.16),
        ring(-0.2, 0.5, 0.2, 0.2),
        ring(-0.02, 0.42, 0.17, 0.16),
      ],
      14,
      'round',
      'flat',
    );
    mesh.loft([ring(-0.05, 0.32, 0.18, 0.06, 4), ring(0.3, 0.32, 0.18, 0.06, 4)], 12);
    mesh.loft(
      [
        { centre: [0.32, 0, 0.34], u: y, v: [1, 0, 0], ru: 0.2, rv: 0.05 },
        { centre: [0.42, 0, 0.66], u: y, v: [1, 0, 0], ru: 0.22, rv: 0.07 },
        { centre: [0.38, 0, 0.98], u: y, v: [1, 0, 0], ru: 0.13, rv: 0.07 },
      ],
      14,
      'round',
      'round',
    );
    mesh.ellipsoid([front[0], 0, front[2] + 0.13], [0.2, 0.09, 0.12]);
    mesh.paint(leather, [0.02, 0.018, 0.018]);
    mesh.loft(
      [ring(-0.75, 0.76, 0.13, 0.05), ring(-0.4, 0.77, 0.15, 0.05), ring(-0.02, 0.74, 0.1, 0.045)],
      12,
      'round',
      'round',
    );
  } else {
    // Engine and exhaust.
    mesh.paint(metal, [0.12, 0.12, 0.125]);
    mesh.box([0.08, 0, 0.46], [0.46, 0.32, 0.26]);
    for (const k of [0, 1, 2, 3]) mesh.box([0.14, 0, 0.6 + k * 0.035], [0.26, 0.3, 0.02]);
    mesh.paint(metal, [0.5, 0.5, 0.5]);
    mesh.tube(
      [
        [0.3, -0.14, 0.55],
        [0.34, -0.17, 0.32],
        [0, -0.19, 0.27],
        [-0.4, -0.2, 0.32],
        [-0.85, -0.2, 0.42],
      ],
      [0.025, 0.025, 0.03, 0.055, 0.055],
      { segments: 9 },
    );
    mesh.paint(matt, [0.03, 0.03, 0.03]);
    for (const s of [0.1, -0.1]) pipe([rear[0], s, rear[2]], [-0.1, s, 0.42], 0.03);
    pipe([-0.15, 0, 0.45], [-0.4, 0, 0.74], 0.05);
    // Tank, side covers and seat.
    mesh.paint(lacquer, look.colour);
    mesh.loft(
      [
        ring(-0.12, 0.78, 0.09, 0.08),
        ring(0.05, 0.84, 0.14, 0.12),
        ring(0.28, 0.88, 0.16, 0.13),
        ring(0.44, 0.86, 0.1, 0.09),
      ],
      14,
      'round',
      'round',
    );
    mesh.loft(
      [ring(-0.88, 0.84, 0.06, 0.04), ring(-0.55, 0.75, 0.11, 0.07), ring(-0.15, 0.7, 0.1, 0.07)],
      12,
      'round',
      'flat',
    );
    mesh.tube(
      [
        [front[0] - 0.24, 0, front[2] + 0.27],
        [front[0], 0, front[2] + 0.36],
        [front[0] + 0.2, 0, front[2] + 0.3],
      ],
      [0.06, 0.07, 0.05],
      { segments: 8, flat: 1 },
    );
    mesh.paint(leather, [0.02, 0.018, 0.018]);
    mesh.loft(
      [ring(-0.85, 0.9, 0.1, 0.04), ring(-0.5, 0.85, 0.13, 0.05), ring(-0.1, 0.82, 0.11, 0.045)],
      12,
      'round',
      'round',
    );
    if (look.kind === 'sport') {
      mesh.paint(lacquer, look.colour);
      mesh.loft(
        [ring(0.16, 0.56, 0.2, 0.2), ring(0.5, 0.68, 0.19, 0.22), ring(0.78, 0.82, 0.1, 0.1)],
        14,
        'flat',
        'round',
      );
      mesh.paint(glass, [0.02, 0.02, 0.025]);
      mesh.ellipsoid([0.55, 0, 0.98], [0.2, 0.12, 0.12]);
    }
  }
  mesh.paint(metal, [0.3, 0.3, 0.3]);
  const seat = motorcycleSeat(look);
  mesh.tube(
    [
      seat.grip.left,
      [head[0] + 0.04, 0.1, seat.grip.left[2]],
      [head[0] + 0.04, -0.1, seat.grip.left[2]],
      seat.grip.right,
    ],
    [0.015, 0.015, 0.015, 0.015],
    { segments: 7, side: [0, 0, 1] },
  );
  for (const s of [1, -1]) {
    pipe([head[0], s * 0.2, seat.grip.left[2]], [head[0] + 0.02, s * 0.27, seat.grip.left[2] + 0.18], 0.007);
    mesh.ellipsoid([head[0] + 0.02, s * 0.3, seat.grip.left[2] + 0.2], [0.02, 0.065, 0.045]);
  }
  mesh.paint(metal, [0.75, 0.75, 0.72]);
  mesh.ellipsoid([scooter ? 0.5 : look.kind === 'sport' ? 0.8 : 0.6, 0, scooter ? 0.95 : 0.9], [0.07, 0.085, 0.085]);
  mesh.paint(lacquer, [0.45, 0.02, 0.02]);
  mesh.ellipsoid([-0.9, 0, scooter ? 0.64 : 0.86], [0.04, 0.07, 0.04]);
  mesh.paint(matt, [0.5, 0.5, 0.48]);
  mesh.box([-0.95, 0, scooter ? 0.48 : 0.66], [0.02, 0.2, 0.14]);
  mesh.paint(rubber, [0.02, 0.02, 0.02]);
  mesh.tube(
    [
      [-0.7, 0, 0.7],
      [-0.95, 0, 0.6],
    ],
    [0.05, 0.03],
    { segments: 7, smooth: 1 },
  );
  if (look.box) {
    mesh.paint(lacquer, shade(look.colour, 0.5));
    mesh.loft([ring(-0.98, 1.06, 0.2, 0.14, 5), ring(-0.62, 1.06, 0.22, 0.16, 5)], 14);
  }
}
