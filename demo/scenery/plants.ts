import { hex } from '../colour.js';
import { bark, leaf } from '../material.js';
import type { Mesh } from '../mesh.js';
import type { Random } from '../random.js';
import { add, cross, normalize, scale, type Vec3 } from '../vector.js';

const GREENS = ['#4a6a2c', '#56783a', '#3f5a2a', '#6a8040', '#7a7a34', '#5a6f30'].map(hex);
const AUTUMN = ['#a0702a', '#b8862f', '#8a4a22', '#6f7a34'].map(hex);

function unit(random: Random): Vec3 {
  return normalize([random.normal(), random.normal(), random.normal()]);
}

/** Small two-sided cards around a centre, darker inside: foliage. */
function foliage(
  mesh: Mesh,
  random: Random,
  centre: Vec3,
  radius: Vec3,
  count: number,
  size: number,
  base: readonly [number, number, number],
): void {
  for (let i = 0; i < count; i++) {
    const d = unit(random);
    const k = random.next() ** 0.35;
    const p = add(centre, [d[0] * radius[0] * k, d[1] * radius[1] * k, d[2] * radius[2] * k]);
    const n = normalize(add(scale(d, 1.2), unit(random)));
    const u = normalize(cross(n, unit(random)));
    const v = cross(n, u);
    const s = size * random.range(0.6, 1.3);
    const tone = (0.45 + 0.55 * k) * random.range(0.7, 1.25) * (0.78 + 0.22 * d[2]);
    mesh.paint(leaf, [base[0] * tone, base[1] * tone, base[2] * tone]);
    const at = (a: number, b: number): Vec3 => add(p, add(scale(u, a * s), scale(v, b * s)));
    mesh.quad([at(-1, 0), at(0, -0.6), at(1, 0), at(0, 0.6)]);
  }
}

export function drawTree(mesh: Mesh, random: Random, foot: Vec3, height: number, detail: number): void {
  const greens = random.chance(0.15) ? AUTUMN : GREENS;
  const radius = height * random.range(0.024, 0.034);
  const lean = random.range(-0.25, 0.25);
  const fork = height * random.range(0.32, 0.42);
  mesh.paint(bark, random.pick([hex('#5a4a3a'), hex('#6a5c4c'), hex('#4a4036'), hex('#7a7068')]));
  const top: Vec3 = add(foot, [lean, 0, fork]);
  mesh.tube(
    [add(foot, [0, 0, -0.05]), add(foot, [0, 0, 0.25]), add(foot, [lean * 0.4, 0, fork * 0.5]), top],
    [radius * 1.7, radius * 1.1, radius * 0.95, radius * 0.85],
    { segments: 12, smooth: 4 },
  );
  const clumps: [Vec3, number][] = [];
  const limbs = 5;
  for (let i = 0; i < limbs; i++) {
    const a = ((i + random.range(-0.3, 0.3)) / limbs) * Math.PI * 2;
    const reach = height * random.range(0.14, 0.24);
    const end: Vec3 = add(top, [Math.cos(a) * reach, Math.sin(a) * reach, height * random.range(0.12, 0.36)]);
    const mid: Vec3 = add(top, [Math.cos(a) * reach * 0.4, Math.sin(a) * reach * 0.4, height * 0.1]);
    mesh.tube([top, mid, end], [radius * 0.6, radius * 0.4, radius * 0.15], { segments: 7 });
    clumps.push([end, height * random.range(0.14, 0.2)]);
  }
  clumps.push([add(top, [0, 0, height * 0.42]), height * 0.2], [add(top, [0, 0, height * 0.2]), height * 0.18]);
  const base = random.pick(greens);
  for (const [centre, r] of clumps)
    foliage(mesh, random, centre, [r, r, r * 0.8], Math.round(330 * detail), 0.16 / Math.sqrt(detail), base);
}

export function drawHedge(mesh: Mesh, random: Random, from: Vec3, to: Vec3, height: number, detail: number): void {
  const long = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const base = random.pick(GREENS);
  mesh.paint(leaf, [base[0] * 0.35, base[1] * 0.35, base[2] * 0.35]);
  const heading = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const u: Vec3 = [Math.cos(heading), Math.sin(heading), 0];
  const v: Vec3 = [-u[1], u[0], 0];
  mesh.box(
    [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2, from[2] + height * 0.45],
    [long, 0.5, height * 0.85],
    [u, v, [0, 0, 1]],
  );
  const count = Math.round(long * height * 170 * detail);
  for (let i = 0; i < count; i++) {
    const t = random.range(0, long);
    const topSide = random.chance(0.35);
    const s = topSide ? random.range(-0.35, 0.35) : random.pick([-0.33, 0.33]) + random.range(-0.06, 0.06);
    const z = from[2] + (topSide ? height * random.range(0.9, 1.03) : random.range(0.02, height));
    const p: Vec3 = [from[0] + u[0] * t + v[0] * s, from[1] + u[1] * t + v[1] * s, z];
    const n = normalize(add([v[0] * Math.sign(s), v[1] * Math.sign(s), topSide ? 1 : 0.2], unit(random)));
    const a = normalize(cross(n, unit(random)));
    const b = cross(n, a);
    const k = (0.07 * random.range(0.7, 1.4)) / Math.sqrt(detail);
    const tone = random.range(0.6, 1.2) * (0.6 + 0.4 * (z / height));
    mesh.paint(leaf, [base[0] * tone, base[1] * tone, base[2] * tone]);
    const at = (x: number, y: number): Vec3 => add(p, add(scale(a, x * k), scale(b, y * k)));
    mesh.quad([at(-1, 0), at(0, -0.7), at(1, 0), at(0, 0.7)]);
  }
}

export function drawBush(mesh: Mesh, random: Random, at: Vec3, size: number, detail: number): void {
  foliage(
    mesh,
    random,
    add(at, [0, 0, size * 0.5]),
    [size, size, size * 0.7],
    Math.round(420 * detail),
    0.09 / Math.sqrt(detail),
    random.pick(GREENS),
  );
}
