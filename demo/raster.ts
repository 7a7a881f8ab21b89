// biome-ignore-all lint/style/noNonNullAssertion: the inner loops only visit indexes inside their buffers
import type { Camera } from './camera.js';
import { type Mesh, STRIDE } from './mesh.js';

/** Metres in front of the lens where geometry is cut off. */
const NEAR = 0.25;

/** What part of the picture an object takes. Pixels are those of the (supersampled) raster. */
export interface Coverage {
  /** Pixels the object would take if nothing stood in front of it. */
  full: number;
  /** Pixels it takes. */
  visible: number;
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  /** Its box if the picture had no edges. */
  wholeX1: number;
  wholeY1: number;
  wholeX2: number;
  wholeY2: number;
}

/** Which triangle is seen in each pixel, and where on it: shading comes later and only once a pixel. */
export class Raster {
  readonly width: number;
  readonly height: number;
  /** 1 / metres. */
  readonly inverseDepth: Float32Array;
  readonly triangle: Int32Array;
  readonly weightB: Float32Array;
  readonly weightC: Float32Array;
  private readonly stamp: Uint16Array;

  constructor(readonly camera: Camera) {
    this.width = camera.width;
    this.height = camera.height;
    const n = this.width * this.height;
    this.inverseDepth = new Float32Array(n);
    this.triangle = new Int32Array(n).fill(-1);
    this.weightB = new Float32Array(n);
    this.weightC = new Float32Array(n);
    this.stamp = new Uint16Array(n);
  }

  /** Starts a picture in front of `behind` (the scenery's raster), or an empty one. */
  clear(behind?: Raster): void {
    this.triangle.fill(-1);
    if (behind) this.inverseDepth.set(behind.inverseDepth);
    else this.inverseDepth.fill(0);
  }

  /** Draws a mesh and returns the coverage of each of its objects by number (0, the scenery, is not counted). */
  draw(mesh: Mesh): Map<number, Coverage> {
    const { camera, stamp } = this;
    const coverage = new Map<number, Coverage>();
    stamp.fill(0);
    const n = mesh.vertexCount;
    const view = new Float32Array(n * 3);
    const { position, right, up, forward } = camera;
    for (let i = 0; i < n; i++) {
      const o = i * STRIDE;
      const dx = mesh.vertices[o]! - position[0];
      const dy = mesh.vertices[o + 1]! - position[1];
      const dz = mesh.vertices[o + 2]! - position[2];
      view[i * 3] = dx * right[0] + dy * right[1] + dz * right[2];
      view[i * 3 + 1] = dx * up[0] + dy * up[1] + dz * up[2];
      view[i * 3 + 2] = dx * forward[0] + dy * forward[1] + dz * forward[2];
    }
    for (let t = 0; t < mesh.triangleCount; t++) {
      const object = mesh.triangleObject[t]!;
      let cover: Coverage | undefined;
      if (object > 0) {
        cover = coverage.get(object);
        if (!cover) {
          cover = {
            full: 0,
            visible: 0,
            x1: Infinity,
            y1: Infinity,
            x2: -Infinity,
            y2: -Infinity,
            wholeX1: Infinity,
            wholeY1: Infinity,
            wholeX2: -Infinity,
            wholeY2: -Infinity,
          };
          coverage.set(object, cover);
        }
      }
      const a = mesh.indices[t * 3]!;
      const b = mesh.indices[t * 3 + 1]!;
      const c = mesh.indices[t * 3 + 2]!;
      this.clipAndFill(mesh, view, t, a, b, c, object, cover);
    }
    for (let i = 0; i < this.triangle.length; i++) {
      const t = this.triangle[i]!;
      if (t < 0) continue;
      const cover = coverage.get(mesh.triangleObject[t]!);
      if (cover) cover.visible++;
    }
    return coverage;
  }

  private clipAndFill(
    mesh: Mesh,
    view: Float32Array,
    t: number,
    a: number,
    b: number,
    c: number,
    object: number,
    cover: Coverage | undefined,
  ): void {
    const za = view[a * 3 + 2]!;
    const zb = view[b * 3 + 2]!;
    const zc = view[c * 3 + 2]!;
    const inA = za > NEAR;
    const inB = zb > NEAR;
    const inC = zc > NEAR;
    if (!inA && !inB && !inC) return;
    // Corners: camera x, y, z and the weights of b and c there.
    const A = [view[a * 3]!, view[a * 3 + 1]!, za, 0, 0];
    const B = [view[b * 3]!, view[b * 3 + 1]!, zb, 1, 0];
    const C = [view[c * 3]!, view[c * 3 + 1]!, zc, 0, 1];
    if (inA && inB && inC) {
      this.fill(mesh, t, A, B, C, object, cover);
      return;
    }
    const cut = (p: number[], q: number[]): number[] => {
      const k = (NEAR - p[2]!) / (q[2]! - p[2]!);
      return p.map((v, i) => v + (q[i]! - v) * k);
    };
    const polygon: number[][] = [];
    const corners = [A, B, C];
    for (let i = 0; i < 3; i++) {
      const p = corners[i]!;
      const q = corners[(i + 1) % 3]!;
      if (p[2]! > NEAR) polygon.push(p);
      if (p[2]! > NEAR !== q[2]! > NEAR) polygon.push(cut(p, q));
    }
    for (let i = 1; i + 1 < polygon.length; i++)
      this.fill(mesh, t, polygon[0]!, polygon[i]!, polygon[i + 1]!, object, cover);
  }

  private fill(
    mesh: Mesh,
    t: number,
    A: number[],
    B: number[],
    C: number[],
    object: number,
    cover: Coverage | undefined,
  ): void {
    const { width, height, inverseDepth, triangle, weightB, weightC, stamp, camera } = this;
    const f = camera.focal;
    const ia = 1 / A[2]!;
    const ib = 1 / B[2]!;
    const ic = 1 / C[2]!;
    const ax = width / 2 + f * A[0]! * ia;
    const ay = height / 2 - f * A[1]! * ia;
    const bx = width / 2 + f * B[0]! * ib;
    const by = height / 2 - f * B[1]! * ib;
    const cx = width / 2 + f * C[0]! * ic;
    const cy = height / 2 - f * C[1]! * ic;
    const left = Math.min(ax, bx, cx);
    const right = Math.max(ax, bx, cx);
    const top = Math.min(ay, by, cy);
    const bottom = Math.max(ay, by, cy);
    if (cover) {
      cover.wholeX1 = Math.min(cover.wholeX1, left);
      cover.wholeX2 = Math.max(cover.wholeX2, right);
      cover.wholeY1 = Math.min(cover.wholeY1, top);
      cover.wholeY2 = Math.max(cover.wholeY2, bottom);
    }
    const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (area === 0) return;
    const x1 = Math.max(0, Math.ceil(left - 0.5));
    const x2 = Math.min(width - 1, Math.floor(right - 0.5));
    const y1 = Math.max(0, Math.ceil(top - 0.5));
    const y2 = Math.min(height - 1, Math.floor(bottom - 0.5));
    if (x1 > x2 || y1 > y2) return;
    const inv = 1 / area;
    const cut = mesh.materials[mesh.triangleMaterial[t]!]!.cut;
    const stepB = -(cy - ay) * inv;
    const stepC = (by - ay) * inv;
    // Weights at a point p: wb = cross(p - a, c - a) / area (sign folded in), wc likewise.
    for (let y = y1; y <= y2; y++) {
      const py = y + 0.5 - ay;
      const px0 = x1 + 0.5 - ax;
      let wb = (px0 * (cy - ay) - py * (cx - ax)) * inv;
      let wc = (py * (bx - ax) - px0 * (by - ay)) * inv;
      let i = y * width + x1;
      for (let x = x1; x <= x2; x++, i++, wb -= stepB, wc -= stepC) {
        const wa = 1 - wb - wc;
        if (wa < 0 || wb < 0 || wc < 0) continue;
        const iz = wa * ia + wb * ib + wc * ic;
        const z = 1 / iz;
        const kb = wb * ib * z;
        const kc = wc * ic * z;
        const ka = 1 - kb - kc;
        const tb = A[3]! * ka + B[3]! * kb + C[3]! * kc;
        const tc = A[4]! * ka + B[4]! * kb + C[4]! * kc;
        if (cut) {
          const va = mesh.indices[t * 3]! * STRIDE + 9;
          const vb = mesh.indices[t * 3 + 1]! * STRIDE + 9;
          const vc = mesh.indices[t * 3 + 2]! * STRIDE + 9;
          const ta = 1 - tb - tc;
          const v = mesh.vertices;
          if (
            cut(
              v[va]! * ta + v[vb]! * tb + v[vc]! * tc,
              v[va + 1]! * ta + v[vb + 1]! * tb + v[vc + 1]! * tc,
              v[va + 2]! * ta + v[vb + 2]! * tb + v[vc + 2]! * tc,
            )
          )
            continue;
        }
        if (cover && stamp[i] !== object) {
          stamp[i] = object;
          cover.full++;
          if (x < cover.x1) cover.x1 = x;
          if (x + 1 > cover.x2) cover.x2 = x + 1;
          if (y < cover.y1) cover.y1 = y;
          if (y + 1 > cover.y2) cover.y2 = y + 1;
        }
        if (iz > inverseDepth[i]!) {
          inverseDepth[i] = iz;
          triangle[i] = t;
          weightB[i] = tb;
          weightC[i] = tc;
        }
      }
    }
  }
}
