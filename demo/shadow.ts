// biome-ignore-all lint/style/noNonNullAssertion: the inner loops only visit indexes inside their buffers
import { type Mesh, STRIDE } from './mesh.js';
import { hash01 } from './noise.js';
import { cross, normalize, type Vec3 } from './vector.js';

/** Offsets in the unit disc, roughly even, for soft edges. */
const TAPS: readonly (readonly [number, number])[] = [
  [0, 0],
  [0.7, 0.1],
  [-0.6, 0.4],
  [0.1, -0.75],
  [0.35, 0.6],
  [-0.45, -0.5],
  [-0.95, -0.1],
  [0.6, -0.6],
  [-0.2, 0.95],
];

/** What the sun sees: the height towards the sun of the topmost thing over a square of ground around `centre`. */
export class ShadowMap {
  private readonly height: Float32Array;
  private readonly u: Vec3;
  private readonly v: Vec3;
  private readonly scale: number;
  private empty = true;
  /** The part of the map that anything has been drawn in; everything outside is lit without looking. */
  private left = Infinity;
  private right = -Infinity;
  private top = Infinity;
  private bottom = -Infinity;

  constructor(
    private readonly sun: Vec3,
    private readonly centre: Vec3,
    metres: number,
    private readonly size: number,
  ) {
    this.height = new Float32Array(size * size).fill(-1e9);
    this.u = normalize(cross([0, 0, 1], sun));
    this.v = cross(sun, this.u);
    this.scale = size / metres;
  }

  clear(): void {
    if (!this.empty) this.height.fill(-1e9);
    this.empty = true;
    this.left = this.top = Infinity;
    this.right = this.bottom = -Infinity;
  }

  draw(mesh: Mesh): void {
    if (mesh.triangleCount > 0) this.empty = false;
    const { size, height, u, v, sun, centre, scale } = this;
    const n = mesh.vertexCount;
    const at = new Float32Array(n * 3);
    for (let i = 0; i < n; i++) {
      const o = i * STRIDE;
      const x = mesh.vertices[o]! - centre[0];
      const y = mesh.vertices[o + 1]! - centre[1];
      const z = mesh.vertices[o + 2]! - centre[2];
      at[i * 3] = (x * u[0] + y * u[1] + z * u[2]) * scale + size / 2;
      at[i * 3 + 1] = (x * v[0] + y * v[1] + z * v[2]) * scale + size / 2;
      at[i * 3 + 2] = x * sun[0] + y * sun[1] + z * sun[2];
    }
    for (let t = 0; t < mesh.triangleCount; t++) {
      const a = mesh.indices[t * 3]! * 3;
      const b = mesh.indices[t * 3 + 1]! * 3;
      const c = mesh.indices[t * 3 + 2]! * 3;
      const ax = at[a]!;
      const ay = at[a + 1]!;
      const bx = at[b]!;
      const by = at[b + 1]!;
      const cx = at[c]!;
      const cy = at[c + 1]!;
      const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
      if (area === 0) continue;
      const x1 = Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5));
      const x2 = Math.min(size - 1, Math.floor(Math.max(ax, bx, cx) - 0.5));
      const y1 = Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5));
      const y2 = Math.min(size - 1, Math.floor(Math.max(ay, by, cy) - 0.5));
      if (x1 > x2 || y1 > y2) continue;
      if (x1 < this.left) this.left = x1;
      if (x2 > this.right) this.right = x2;
      if (y1 < this.top) this.top = y1;
      if (y2 > this.bottom) this.bottom = y2;
      const inv = 1 / area;
      for (let y = y1; y <= y2; y++) {
        for (let x = x1; x <= x2; x++) {
          const px = x + 0.5 - ax;
          const py = y + 0.5 - ay;
          const wb = (px * (cy - ay) - py * (cx - ax)) * inv;
          const wc = (py * (bx - ax) - px * (by - ay)) * inv;
          const wa = 1 - wb - wc;
          if (wa < 0 || wb < 0 || wc < 0) continue;
          const h = wa * at[a + 2]! + wb * at[b + 2]! + wc * at[c + 2]!;
          const i = y * size + x;
          if (h > height[i]!) height[i] = h;
        }
      }
    }
  }

  /** How much sun reaches a point, 0..1; `softness` in metres, `pixel` seeds the taps' turn. */
  lit(x: number, y: number, z: number, softness: number, pixel: number): number {
    if (this.empty) return 1;
    const { size, height, u, v, sun, centre, scale } = this;
    const dx = x - centre[0];
    const dy = y - centre[1];
    const dz = z - centre[2];
    const px = (dx * u[0] + dy * u[1] + dz * u[2]) * scale + size / 2;
    const py = (dx * v[0] + dy * v[1] + dz * v[2]) * scale + size / 2;
    const margin = softness * scale + 1;
    if (px < this.left - margin || px > this.right + margin || py < this.top - margin || py > this.bottom + margin)
      return 1;
    const h = dx * sun[0] + dy * sun[1] + dz * sun[2] + 0.035 + softness * 0.25;
    const turn = hash01(pixel, 17, 5) * Math.PI * 2;
    const c = Math.cos(turn) * softness * scale;
    const s = Math.sin(turn) * softness * scale;
    let open = 0;
    for (const [tx, ty] of TAPS) {
      const i = Math.floor(px + tx * c - ty * s);
      const j = Math.floor(py + tx * s + ty * c);
      if (i < 0 || j < 0 || i >= size || j >= size || height[j * size + i]! < h) open++;
    }
    return open / TAPS.length;
  }
}
