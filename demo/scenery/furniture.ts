import { hex } from '../colour.js';
import { lacquer, type Material, matt, metal } from '../material.js';
import type { Mesh } from '../mesh.js';
import type { Random } from '../random.js';
import { add, type Vec3 } from '../vector.js';

const UP: Vec3 = [0, 0, 1];

function post(mesh: Mesh, foot: Vec3, height: number, radius: number): void {
  mesh.tube([foot, add(foot, [0, 0, height])], [radius, radius * 0.8], { segments: 10, smooth: 1 });
}

export function drawLamp(mesh: Mesh, foot: Vec3, towards: 1 | -1, height: number): void {
  mesh.paint(metal, [0.14, 0.15, 0.15]);
  post(mesh, foot, 0.9, 0.11);
  mesh.tube(
    [
      foot,
      add(foot, [0, 0, height * 0.8]),
      add(foot, [0, towards * 0.3, height * 0.97]),
      add(foot, [0, towards * 1.3, height]),
    ],
    [0.075, 0.06, 0.05, 0.04],
    { segments: 10, smooth: 4 },
  );
  mesh.box(add(foot, [0, towards * 1.5, height]), [0.26, 0.6, 0.1]);
}

export function drawBench(mesh: Mesh, at: Vec3, heading: number): void {
  mesh.place(at, heading);
  mesh.paint(matt, hex('#7a5a3a'));
  for (let i = 0; i < 4; i++) mesh.box([-0.18 + i * 0.12, 0, 0.44], [0.1, 1.7, 0.035]);
  for (let i = 0; i < 3; i++) mesh.box([-0.26 - i * 0.035, 0, 0.56 + i * 0.13], [0.035, 1.7, 0.1]);
  mesh.paint(metal, [0.06, 0.06, 0.06]);
  for (const y of [0.7, -0.7]) {
    mesh.box([0.14, y, 0.21], [0.05, 0.05, 0.42]);
    mesh.box([-0.2, y, 0.21], [0.05, 0.05, 0.42]);
    mesh.tube(
      [
        [-0.2, y, 0.4],
        [-0.34, y, 0.92],
      ],
      [0.025, 0.025],
      { segments: 6, smooth: 1 },
    );
    mesh.box([0, y, 0.62], [0.42, 0.05, 0.03]);
  }
  mesh.place([0, 0, 0]);
}

export function drawBin(mesh: Mesh, random: Random, at: Vec3): void {
  const c = random.pick([hex('#2f4a35'), hex('#3a3d40'), hex('#24364f'), hex('#6a5a30')]);
  mesh.paint(lacquer, c);
  if (random.chance(0.5)) {
    const ring = (z: number, r: number) => ({
      centre: add(at, [0, 0, z]),
      u: [1, 0, 0] as const,
      v: [0, 1, 0] as const,
      ru: r,
      rv: r,
    });
    mesh.loft([ring(0.02, 0.2), ring(0.8, 0.24), ring(0.84, 0.26), ring(0.95, 0.2)], 16);
  } else {
    // A household bin on wheels, with its lid.
    const ring = (z: number, r: number, e = 6) => ({
      centre: add(at, [0, 0, z]),
      u: [1, 0, 0] as const,
      v: [0, 1, 0] as const,
      ru: r,
      rv: r * 1.15,
      exponent: e,
    });
    mesh.loft([ring(0.06, 0.22), ring(0.98, 0.29), ring(1.0, 0.32), ring(1.06, 0.3)], 16);
    mesh.paint(matt, [0.02, 0.02, 0.02]);
    for (const s of [0.22, -0.22]) mesh.ellipsoid(add(at, [s, 0.2, 0.1]), [0.03, 0.1, 0.1], undefined, 8);
  }
}

export function drawSign(mesh: Mesh, random: Random, at: Vec3): void {
  mesh.paint(metal, [0.4, 0.4, 0.4]);
  post(mesh, at, 2.6, 0.035);
  const kind = random.int(3);
  const ring = hex('#b3201f');
  const plate: Material = {
    ...lacquer,
    twoSided: true,
    shade: (s) => {
      const d = Math.hypot(s.x, s.y);
      if (kind === 0 && d > 0.75) [s.r, s.g, s.b] = ring;
      if (kind === 1 && Math.abs(s.x) < 0.12 && Math.abs(s.y) < 0.55) s.r = s.g = s.b = 0.8;
    },
  };
  mesh.paint(plate, kind === 0 ? [0.8, 0.8, 0.8] : hex('#1f4a8a'));
  const centre = add(at, [0, -0.05, 2.35]);
  if (kind === 2) mesh.box(centre, [0.5, 0.03, 0.7]);
  else mesh.disc(centre, [1, 0, 0], UP, 0.32, 20);
}

export function drawBollard(mesh: Mesh, at: Vec3): void {
  mesh.paint(metal, [0.05, 0.05, 0.05]);
  post(mesh, at, 0.95, 0.07);
  mesh.paint(lacquer, [0.75, 0.75, 0.72]);
  mesh.loft(
    [0.75, 0.85].map((z) => ({
      centre: add(at, [0, 0, z]),
      u: [1, 0, 0] as const,
      v: [0, 1, 0] as const,
      ru: 0.072,
      rv: 0.072,
    })),
    12,
  );
}

export function drawHydrant(mesh: Mesh, at: Vec3): void {
  mesh.paint(lacquer, hex('#b3261f'));
  post(mesh, at, 0.62, 0.11);
  mesh.ellipsoid(add(at, [0, 0, 0.66]), [0.13, 0.13, 0.12]);
  for (const s of [1, -1]) mesh.ellipsoid(add(at, [s * 0.13, 0, 0.45]), [0.07, 0.06, 0.06], undefined, 8);
}

export function drawPot(mesh: Mesh, at: Vec3): void {
  mesh.paint(matt, hex('#8a5238'));
  const ring = (z: number, r: number) => ({
    centre: add(at, [0, 0, z]),
    u: [1, 0, 0] as const,
    v: [0, 1, 0] as const,
    ru: r,
    rv: r,
  });
  mesh.loft([ring(0, 0.24), ring(0.5, 0.34), ring(0.56, 0.36)], 16);
}

export function drawTrafficLight(mesh: Mesh, random: Random, at: Vec3): void {
  mesh.paint(metal, [0.1, 0.1, 0.1]);
  post(mesh, at, 2.6, 0.06);
  mesh.paint(matt, [0.015, 0.015, 0.015]);
  mesh.box(add(at, [0, -0.1, 2.75]), [0.3, 0.22, 0.9]);
  const on = random.int(3);
  for (const [i, c] of [hex('#d82a1f'), hex('#e0a020'), hex('#2fb860')].entries()) {
    mesh.paint(
      {
        ...matt,
        shade: (s) => {
          if (i === on) s.glow = 2;
        },
      },
      i === on ? c : [c[0] * 0.15, c[1] * 0.15, c[2] * 0.15],
    );
    mesh.disc(add(at, [0, -0.22, 3.03 - i * 0.28]), [1, 0, 0], UP, 0.1, 14);
  }
}

export function drawFence(mesh: Mesh, random: Random, x1: number, x2: number, y: number, z: number): void {
  mesh.paint(matt, random.pick([hex('#e0dcd2'), hex('#6a5038'), hex('#3a3d40')]));
  for (const h of [0.35, 0.85]) mesh.box([(x1 + x2) / 2, y, z + h], [x2 - x1, 0.04, 0.08]);
  for (let x = x1; x < x2; x += 0.22) mesh.box([x, y - 0.04, z + 0.52], [0.1, 0.025, 1.04]);
}
