// biome-ignore-all lint/style/noNonNullAssertion: every index below is inside an array this file has just filled
import type { Colour } from './colour.js';
import type { Material } from './material.js';
import { add, along, cross, normalize, scale, sub, type Vec3 } from './vector.js';

/** One cross-section of a lofted body: an ellipse (or, with a higher exponent, a rounded box) around a centre. */
export interface Ring {
  centre: Vec3;
  /** Unit directions the section's two half-axes point in. */
  u: Vec3;
  v: Vec3;
  /** Half-axes, metres. */
  ru: number;
  rv: number;
  /** 2 is an ellipse; 4 and more is a rounded box. */
  exponent?: number;
}

export type Cap = 'round' | 'flat' | 'none';

/** Floats a vertex: position 3, normal 3, colour 3, surface coordinates 3. */
export const STRIDE = 12;

/** Triangles in world space, each with a material and the number of the object it belongs to (0: the scenery). */
export class Mesh {
  vertices = new Float32Array(STRIDE * 4096);
  vertexCount = 0;
  indices = new Uint32Array(3 * 4096);
  triangleMaterial = new Uint16Array(4096);
  triangleObject = new Uint16Array(4096);
  triangleCount = 0;
  readonly materials: Material[] = [];

  private origin: Vec3 = [0, 0, 0];
  private ax: Vec3 = [1, 0, 0];
  private ay: Vec3 = [0, 1, 0];
  private az: Vec3 = [0, 0, 1];
  private colour: Colour = [0.5, 0.5, 0.5];
  private material = 0;
  private object = 0;
  private locShift = 0;

  clear(): void {
    this.vertexCount = 0;
    this.triangleCount = 0;
    this.materials.length = 0;
  }

  /** What follows belongs to this object. */
  begin(object: number): this {
    this.object = object;
    // Folds and grain start anew with each object, so that they neither flicker nor depend on what was drawn before.
    this.locShift = 0;
    return this;
  }

  /** What follows stands at `origin`, turned `heading` radians left from +x, leaning sideways by `lean` radians. */
  place(origin: Vec3, heading = 0, size = 1, lean = 0): this {
    const c = Math.cos(heading);
    const s = Math.sin(heading);
    const cl = Math.cos(lean);
    const sl = Math.sin(lean);
    this.origin = origin;
    this.ax = [c * size, s * size, 0];
    this.ay = [-s * cl * size, c * cl * size, sl * size];
    this.az = [s * sl * size, -c * sl * size, cl * size];
    return this;
  }

  paint(material: Material, colour: Colour): this {
    this.colour = colour;
    if (this.materials[this.material] !== material) {
      this.material = this.materials.indexOf(material);
      if (this.material < 0) {
        this.material = this.materials.length;
        this.materials.push(material);
      }
    }
    return this;
  }

  private world(p: Vec3): Vec3 {
    return [
      this.origin[0] + this.ax[0] * p[0] + this.ay[0] * p[1] + this.az[0] * p[2],
      this.origin[1] + this.ax[1] * p[0] + this.ay[1] * p[1] + this.az[1] * p[2],
      this.origin[2] + this.ax[2] * p[0] + this.ay[2] * p[1] + this.az[2] * p[2],
    ];
  }

  vertex(p: Vec3, n: Vec3, loc: Vec3): number {
    if ((this.vertexCount + 1) * STRIDE > this.vertices.length) {
      const grown = new Float32Array(this.vertices.length * 2);
      grown.set(this.vertices);
      this.vertices = grown;
    }
    const w = this.world(p);
    const d = normalize([
      this.ax[0] * n[0] + this.ay[0] * n[1] + this.az[0] * n[2],
      this.ax[1] * n[0] + this.ay[1] * n[1] + this.az[1] * n[2],
      this.ax[2] * n[0] + this.ay[2] * n[1] + this.az[2] * n[2],
    ]);
    const o = this.vertexCount * STRIDE;
    const v = this.vertices;
    v[o] = w[0];
    v[o + 1] = w[1];
    v[o + 2] = w[2];
    v[o + 3] = d[0];
    v[o + 4] = d[1];
    v[o + 5] = d[2];
    v[o + 6] = this.colour[0];
    v[o + 7] = this.colour[1];
    v[o + 8] = this.colour[2];
    v[o + 9] = loc[0];
    v[o + 10] = loc[1];
    v[o + 11] = loc[2];
    return this.vertexCount++;
  }

  triangle(a: number, b: number, c: number): void {
    if (this.triangleCount + 1 > this.triangleMaterial.length) {
      const size = this.triangleMaterial.length * 2;
      const indices = new Uint32Array(size * 3);
      indices.set(this.indices);
      this.indices = indices;
      const material = new Uint16Array(size);
      material.set(this.triangleMaterial);
      this.triangleMaterial = material;
      const object = new Uint16Array(size);
      object.set(this.triangleObject);
      this.triangleObject = object;
    }
    const t = this.triangleCount++;
    this.indices[t * 3] = a;
    this.indices[t * 3 + 1] = b;
    this.indices[t * 3 + 2] = c;
    this.triangleMaterial[t] = this.material;
    this.triangleObject[t] = this.object;
  }

  /** A flat four-sided piece; `loc` are its surface coordinates corner by corner (by default its positions). */
  quad(corners: readonly [Vec3, Vec3, Vec3, Vec3], loc: readonly [Vec3, Vec3, Vec3, Vec3] = corners): void {
    const n = normalize(cross(sub(corners[1], corners[0]), sub(corners[3], corners[0])));
    const at = corners.map((p, k) => this.vertex(p, n, loc[k]!));
    this.triangle(at[0]!, at[1]!, at[2]!);
    this.triangle(at[0]!, at[2]!, at[3]!);
  }

  /** A box around a centre; sizes are full lengths along x, y, z (or along the given axes). */
  box(
    centre: Vec3,
    size: Vec3,
    axes: readonly [Vec3, Vec3, Vec3] = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
  ): void {
    const [x, y, z] = [scale(axes[0], size[0] / 2), scale(axes[1], size[1] / 2), scale(axes[2], size[2] / 2)];
    const corner = (i: number, j: number, k: number): Vec3 =>
      add(add(add(centre, scale(x, i)), scale(y, j)), scale(z, k));
    this.quad([corner(1, -1, -1), corner(1, 1, -1), corner(1, 1, 1), corner(1, -1, 1)]);
    this.quad([corner(-1, 1, -1), corner(-1, -1, -1), corner(-1, -1, 1), corner(-1, 1, 1)]);
    this.quad([corner(1, 1, -1), corner(-1, 1, -1), corner(-1, 1, 1), corner(1, 1, 1)]);
    this.quad([corner(-1, -1, -1), corner(1, -1, -1), corner(1, -1, 1), corner(-1, -1, 1)]);
    this.quad([corner(-1, -1, 1), corner(1, -1, 1), corner(1, 1, 1), corner(-1, 1, 1)]);
    this.quad([corner(-1, 1, -1), corner(1, 1, -1), corner(1, -1, -1), corner(-1, -1, -1)]);
  }

  /**
   * A smooth surface through a grid of points (rows x columns). Normals come from the neighbours and point away from
   * each row's middle. `closed` joins the last column to the first.
   */
  grid(points: Vec3[][], closed: boolean, loc?: (row: number, column: number, p: Vec3) => Vec3): void {
    const rows = points.length;
    const columns = points[0]!.length;
    const first = this.vertexCount;
    for (let i = 0; i < rows; i++) {
      const row = points[i]!;
      const before = points[Math.max(0, i - 1)]!;
      const after = points[Math.min(rows - 1, i + 1)]!;
      let middle: Vec3 = [0, 0, 0];
      for (const p of row) middle = along(middle, p, 1 / columns);
      for (let j = 0; j < columns; j++) {
        const left = closed ? row[(j + columns - 1) % columns]! : row[Math.max(0, j - 1)]!;
        const right = closed ? row[(j + 1) % columns]! : row[Math.min(columns - 1, j + 1)]!;
        let n = cross(sub(right, left), sub(after[j]!, before[j]!));
        if (Math.hypot(n[0], n[1], n[2]) < 1e-12)
          n = cross(sub(right, left), sub(points[Math.min(rows - 1, i + 2)]![j]!, points[Math.max(0, i - 2)]![j]!));
        n = normalize(n);
        const p = row[j]!;
        const out = sub(p, middle);
        // A row that has shrunk to a point (a pole) has no "outside"; its neighbours' sense is used instead.
        if (n[0] * out[0] + n[1] * out[1] + n[2] * out[2] < 0) n = scale(n, -1);
        this.vertex(p, n, loc ? loc(i, j, p) : p);
      }
    }
    const last = closed ? columns : columns - 1;
    for (let i = 0; i + 1 < rows; i++) {
      for (let j = 0; j < last; j++) {
        const a = first + i * columns + j;
        const b = first + i * columns + ((j + 1) % columns);
        this.triangle(a, b, b + columns);
        this.triangle(a, b + columns, a + columns);
      }
    }
  }

  /** A body lofted through cross-sections. Surface coordinates: around (x, y) and along (z), so patterns move with it. */
  loft(input: readonly Ring[], segments = 12, start: Cap = 'flat', end: Cap = 'flat'): void {
    const rings = [...input];
    const cap = (edge: Ring, inner: Ring, kind: Cap): Ring[] => {
      if (kind === 'none') return [];
      const axis = normalize(sub(edge.centre, inner.centre));
      const reach = kind === 'round' ? Math.min(edge.ru, edge.rv) : 0;
      const steps = kind === 'round' ? [0.35, 0.7, 0.93, 1] : [1];
      return steps.map((s) => {
        const k = kind === 'round' ? Math.sqrt(Math.max(0, 1 - s * s)) : 0;
        return {
          ...edge,
          centre: along(edge.centre, axis, reach * s),
          ru: Math.max(1e-4, edge.ru * k),
          rv: Math.max(1e-4, edge.rv * k),
        };
      });
    };
    const head = cap(rings[0]!, rings[1]!, start).reverse();
    const tail = cap(rings[rings.length - 1]!, rings[rings.length - 2]!, end);
    const all = [...head, ...rings, ...tail];
    const shift = this.locShift++ % 64;
    let run = 0;
    const lengths = all.map((r, i) => {
      if (i > 0) run += Math.hypot(...sub(r.centre, all[i - 1]!.centre));
      return run;
    });
    const angle = (j: number): number => (j / segments) * Math.PI * 2;
    const power = (x: number, e: number): number => Math.sign(x) * Math.abs(x) ** (2 / e);
    const points = all.map((r) =>
      Array.from({ length: segments }, (_, j): Vec3 => {
        const e = r.exponent ?? 2;
        const a = r.ru * power(Math.cos(angle(j)), e);
        const b = r.rv * power(Math.sin(angle(j)), e);
        return [
          r.centre[0] + r.u[0] * a + r.v[0] * b,
          r.centre[1] + r.u[1] * a + r.v[1] * b,
          r.centre[2] + r.u[2] * a + r.v[2] * b,
        ];
      }),
    );
    this.grid(points, true, (i, j) => [
      Math.cos(angle(j)) * all[i]!.ru + shift,
      Math.sin(angle(j)) * all[i]!.rv,
      lengths[i]!,
    ]);
  }

  /** A limb or pipe: round sections along a path that is smoothed through the points. `side` steadies the sections. */
  tube(
    path: readonly Vec3[],
    radii: readonly number[],
    options: { segments?: number; side?: Vec3; flat?: number; start?: Cap; end?: Cap; smooth?: number } = {},
  ): void {
    const { segments = 10, side = [0, 1, 0], flat = 1, start = 'round', end = 'round', smooth = 3 } = options;
    const centres: Vec3[] = [];
    const sizes: number[] = [];
    for (let i = 0; i + 1 < path.length; i++) {
      const p0 = path[Math.max(0, i - 1)]!;
      const p1 = path[i]!;
      const p2 = path[i + 1]!;
      const p3 = path[Math.min(path.length - 1, i + 2)]!;
      for (let s = 0; s < smooth; s++) {
        const t = s / smooth;
        centres.push(smooth === 1 ? p1 : catmull(p0, p1, p2, p3, t));
        const e = t * t * (3 - 2 * t);
        sizes.push(radii[i]! + (radii[i + 1]! - radii[i]!) * e);
      }
    }
    centres.push(path[path.length - 1]!);
    sizes.push(radii[path.length - 1]!);
    const rings = centres.map((centre, i): Ring => {
      const direction = normalize(sub(centres[Math.min(centres.length - 1, i + 1)]!, centres[Math.max(0, i - 1)]!));
      let v = cross(direction, side);
      if (Math.hypot(v[0], v[1], v[2]) < 0.05) v = cross(direction, [side[1], side[2], side[0]]);
      v = normalize(v);
      const u = cross(v, direction);
      return { centre, u, v, ru: sizes[i]! * flat, rv: sizes[i]! };
    });
    this.loft(rings, segments, start, end);
  }

  /** An ellipsoid; surface coordinates are those of the unit sphere in its own axes (front, left, up). */
  ellipsoid(
    centre: Vec3,
    radii: Vec3,
    axes: readonly [Vec3, Vec3, Vec3] = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    segments = 14,
  ): void {
    const rows = Math.max(6, Math.round(segments * 0.7));
    const first = this.vertexCount;
    for (let i = 0; i <= rows; i++) {
      const polar = (i / rows) * Math.PI;
      for (let j = 0; j < segments; j++) {
        const around = (j / segments) * Math.PI * 2;
        const unit: Vec3 = [Math.sin(polar) * Math.cos(around), Math.sin(polar) * Math.sin(around), Math.cos(polar)];
        let p = centre;
        let n: Vec3 = [0, 0, 0];
        for (let k = 0; k < 3; k++) {
          p = along(p, axes[k]!, unit[k]! * radii[k]!);
          n = along(n, axes[k]!, unit[k]! / radii[k]!);
        }
        this.vertex(p, normalize(n), unit);
      }
    }
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < segments; j++) {
        const a = first + i * segments + j;
        const b = first + i * segments + ((j + 1) % segments);
        this.triangle(a, b, b + segments);
        this.triangle(a, b + segments, a + segments);
      }
    }
  }

  /** A wheel's or lid's round face; surface coordinates are (x, y) in -1..1 of the radius. */
  disc(centre: Vec3, u: Vec3, v: Vec3, radius: number, segments = 24): void {
    const n = normalize(cross(u, v));
    const middle = this.vertex(centre, n, [0, 0, 0]);
    const first = this.vertexCount;
    for (let j = 0; j < segments; j++) {
      const c = Math.cos((j / segments) * Math.PI * 2);
      const s = Math.sin((j / segments) * Math.PI * 2);
      this.vertex(along(along(centre, u, c * radius), v, s * radius), n, [c, s, 0]);
    }
    for (let j = 0; j < segments; j++) this.triangle(middle, first + j, first + ((j + 1) % segments));
  }
}

function catmull(p0: Vec3, p1: Vec3, p2: Vec3, p3: Vec3, t: number): Vec3 {
  const f = (k: 0 | 1 | 2): number => {
    const a = p1[k];
    const m0 = (p2[k] - p0[k]) / 2;
    const m1 = (p3[k] - p1[k]) / 2;
    const d = p2[k] - p1[k];
    return a + m0 * t + (3 * d - 2 * m0 - m1) * t * t + (m0 + m1 - 2 * d) * t * t * t;
  };
  return [f(0), f(1), f(2)];
}
