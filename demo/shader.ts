// biome-ignore-all lint/style/noNonNullAssertion: triangle and vertex numbers come from the mesh itself
import { type Light, surroundings } from './light.js';
import type { Surface } from './material.js';
import { type Mesh, STRIDE } from './mesh.js';
import { noise3 } from './noise.js';
import type { Vec3 } from './vector.js';

/** A shaded point, linear light: what the sun adds (before shadow) and everything else. */
export interface Shaded {
  sunR: number;
  sunG: number;
  sunB: number;
  restR: number;
  restG: number;
  restB: number;
  x: number;
  y: number;
  z: number;
  /** Cosine between normal and sun; no shadow test is needed where it is not positive. */
  facing: number;
}

const surface: Surface = {
  x: 0,
  y: 0,
  z: 0,
  nx: 0,
  ny: 0,
  nz: 0,
  wx: 0,
  wy: 0,
  wz: 0,
  r: 0,
  g: 0,
  b: 0,
  spec: 0,
  gloss: 1,
  mirror: 0,
  glow: 0,
  distance: 1,
};

/** Shades the point with weights (1 - b - c, b, c) of a triangle, seen from `eye`; `focal` is in pixels. */
export function shadePoint(
  mesh: Mesh,
  triangle: number,
  wb: number,
  wc: number,
  eye: Vec3,
  focal: number,
  light: Light,
  out: Shaded,
): void {
  const wa = 1 - wb - wc;
  const v = mesh.vertices;
  const a = mesh.indices[triangle * 3]! * STRIDE;
  const b = mesh.indices[triangle * 3 + 1]! * STRIDE;
  const c = mesh.indices[triangle * 3 + 2]! * STRIDE;
  const at = (k: number): number => v[a + k]! * wa + v[b + k]! * wb + v[c + k]! * wc;
  const material = mesh.materials[mesh.triangleMaterial[triangle]!]!;
  const s = surface;
  s.wx = at(0);
  s.wy = at(1);
  s.wz = at(2);
  s.nx = at(3);
  s.ny = at(4);
  s.nz = at(5);
  s.r = at(6);
  s.g = at(7);
  s.b = at(8);
  s.x = at(9);
  s.y = at(10);
  s.z = at(11);
  s.spec = material.spec;
  s.gloss = material.gloss;
  s.mirror = material.mirror;
  s.glow = 0;
  let vx = eye[0] - s.wx;
  let vy = eye[1] - s.wy;
  let vz = eye[2] - s.wz;
  const distance = Math.hypot(vx, vy, vz);
  s.distance = distance;
  vx /= distance;
  vy /= distance;
  vz /= distance;
  let l = 1 / (Math.hypot(s.nx, s.ny, s.nz) || 1);
  s.nx *= l;
  s.ny *= l;
  s.nz *= l;
  if (material.twoSided && s.nx * vx + s.ny * vy + s.nz * vz < 0) {
    s.nx = -s.nx;
    s.ny = -s.ny;
    s.nz = -s.nz;
  }
  if (material.texture) material.texture.sample(s.x, s.y, focal / distance, s);
  const bump = material.bump ?? 0;
  if (bump > 0) {
    const k = material.bumpScale ?? 20;
    // Far away the folds are smaller than a pixel and would only sparkle.
    const strength = bump * Math.min(1, (focal / distance / k) * 0.5);
    const n0 = noise3(s.x * k, s.y * k, s.z * k * 0.6);
    s.nx += (noise3(s.x * k + 0.35, s.y * k, s.z * k * 0.6) - n0) * strength * 2;
    s.ny += (noise3(s.x * k, s.y * k + 0.35, s.z * k * 0.6) - n0) * strength * 2;
    s.nz += (noise3(s.x * k, s.y * k, s.z * k * 0.6 + 0.35) - n0) * strength * 2;
    l = 1 / (Math.hypot(s.nx, s.ny, s.nz) || 1);
    s.nx *= l;
    s.ny *= l;
    s.nz *= l;
    const shadeOfFold = 1 + (n0 - 0.5) * 0.3 * strength;
    s.r *= shadeOfFold;
    s.g *= shadeOfFold;
    s.b *= shadeOfFold;
  }
  material.shade?.(s);
  const { sun, sunColour, zenith, horizon, bounce } = light;
  const up = s.nz * 0.5 + 0.5;
  // Walls and upright things get sky from one half only, and some of that is hidden by houses.
  const open = 0.32 + 0.68 * up;
  const skyR = (zenith[0] * 0.6 + horizon[0] * 0.4) * open * up + bounce[0] * (1 - up) * 1.6;
  const skyG = (zenith[1] * 0.6 + horizon[1] * 0.4) * open * up + bounce[1] * (1 - up) * 1.6;
  const skyB = (zenith[2] * 0.6 + horizon[2] * 0.4) * open * up + bounce[2] * (1 - up) * 1.6;
  let fresnel = 0;
  let mr = 0;
  let mg = 0;
  let mb = 0;
  const nv = Math.max(0, s.nx * vx + s.ny * vy + s.nz * vz);
  if (s.mirror > 0) {
    const e = 1 - nv;
    fresnel = Math.min(0.85, s.mirror + (1 - s.mirror) * 0.7 * e * e * e * e * e);
    const mirrored = surroundings(light, 2 * nv * s.nx - vx, 2 * nv * s.ny - vy, 2 * nv * s.nz - vz);
    mr = mirrored[0] * fresnel;
    mg = mirrored[1] * fresnel;
    mb = mirrored[2] * fresnel;
  }
  const facing = s.nx * sun[0] + s.ny * sun[1] + s.nz * sun[2];
  const diffuse = material.twoSided ? 0.35 + 0.65 * Math.max(0, facing) : Math.max(0, facing);
  let highlight = 0;
  if (s.spec > 0 && facing > 0) {
    const hx = sun[0] + vx;
    const hy = sun[1] + vy;
    const hz = sun[2] + vz;
    const nh = (s.nx * hx + s.ny * hy + s.nz * hz) / (Math.hypot(hx, hy, hz) || 1);
    if (nh > 0) highlight = s.spec * nh ** s.gloss * (1 + s.gloss * 0.02);
  }
  const keep = 1 - fresnel;
  out.sunR = (s.r * diffuse * keep + highlight) * sunColour[0];
  out.sunG = (s.g * diffuse * keep + highlight) * sunColour[1];
  out.sunB = (s.b * diffuse * keep + highlight) * sunColour[2];
  out.restR = s.r * (skyR * keep + s.glow) + mr;
  out.restG = s.g * (skyG * keep + s.glow) + mg;
  out.restB = s.b * (skyB * keep + s.glow) + mb;
  out.x = s.wx;
  out.y = s.wy;
  out.z = s.wz;
  out.facing = material.twoSided ? 1 : facing;
}
