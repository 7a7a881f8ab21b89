// biome-ignore-all lint/style/noNonNullAssertion: the inner loops only visit indexes inside their buffers
import type { Camera } from './camera.js';
import type { Light } from './light.js';
import type { Mesh } from './mesh.js';
import { fractal } from './noise.js';
import { type Coverage, Raster } from './raster.js';
import { type Shaded, shadePoint } from './shader.js';
import { ShadowMap } from './shadow.js';
import type { Vec3 } from './vector.js';

/** A dark patch where something stands on the ground: an ellipse, metres and radians. */
export interface Contact {
  x: number;
  y: number;
  rx: number;
  ry: number;
  heading: number;
}

/**
 * One camera over one scenery. The scenery is shaded once; a frame then draws only what moves, its shadows and the
 * darkness under it. Pictures are linear light, 3 floats a (supersampled) pixel.
 */
export class View {
  readonly width: number;
  readonly height: number;
  private readonly base: Raster;
  private readonly front: Raster;
  private readonly sunPart: Float32Array;
  private readonly restPart: Float32Array;
  private readonly place: Float32Array;
  private readonly fixedShadow: ShadowMap;
  private readonly movingShadow: ShadowMap;
  /** The scenery alone, finished. */
  private readonly still: Float32Array;
  private readonly picture: Float32Array;

  constructor(
    readonly camera: Camera,
    readonly light: Light,
    scenery: Mesh,
    contacts: readonly Contact[],
    options: { focus: Vec3; reach: number; shadowSize: number },
  ) {
    this.width = camera.width;
    this.height = camera.height;
    const n = this.width * this.height;
    this.base = new Raster(camera);
    this.front = new Raster(camera);
    this.sunPart = new Float32Array(n * 3);
    this.restPart = new Float32Array(n * 3);
    this.place = new Float32Array(n * 3);
    this.still = new Float32Array(n * 3);
    this.picture = new Float32Array(n * 3);
    this.fixedShadow = new ShadowMap(light.sun, options.focus, options.reach, options.shadowSize);
    this.movingShadow = new ShadowMap(light.sun, options.focus, options.reach, options.shadowSize);
    this.fixedShadow.draw(scenery);
    this.base.draw(scenery);
    const out = emptyShaded();
    for (let i = 0; i < n; i++) {
      const t = this.base.triangle[i]!;
      if (t < 0) {
        this.sky(i);
        continue;
      }
      shadePoint(scenery, t, this.base.weightB[i]!, this.base.weightC[i]!, camera.position, camera.focal, light, out);
      const lit = out.facing > 0 ? this.fixedShadow.lit(out.x, out.y, out.z, light.softness, i) : 0;
      this.sunPart[i * 3] = out.sunR * lit;
      this.sunPart[i * 3 + 1] = out.sunG * lit;
      this.sunPart[i * 3 + 2] = out.sunB * lit;
      this.restPart[i * 3] = out.restR;
      this.restPart[i * 3 + 1] = out.restG;
      this.restPart[i * 3 + 2] = out.restB;
      this.place[i * 3] = out.x;
      this.place[i * 3 + 1] = out.y;
      this.place[i * 3 + 2] = out.z;
    }
    this.contact(contacts, this.restPart, this.sunPart);
    for (let o = 0; o < n * 3; o++) this.still[o] = this.restPart[o]! + this.sunPart[o]!;
    for (let i = 0; i < n; i++) this.fog(this.still, i * 3, this.base.inverseDepth[i]!);
  }

  /** Draws what moves. The picture stays valid until the next call. */
  render(moving: Mesh, contacts: readonly Contact[]): { picture: Float32Array; coverage: Map<number, Coverage> } {
    const { camera, light, front, picture, sunPart, restPart, place, movingShadow, fixedShadow } = this;
    front.clear(this.base);
    const coverage = front.draw(moving);
    movingShadow.clear();
    movingShadow.draw(moving);
    const n = this.width * this.height;
    picture.set(this.still);
    for (let i = 0; i < n; i++) {
      const o = i * 3;
      if (sunPart[o]! <= 0.002) continue;
      const lit = movingShadow.lit(place[o]!, place[o + 1]!, place[o + 2]!, light.softness, i);
      if (lit === 1) continue;
      for (let c = 0; c < 3; c++) picture[o + c] = restPart[o + c]! + sunPart[o + c]! * lit;
      this.fog(picture, o, this.base.inverseDepth[i]!);
    }
    this.contact(contacts, picture);
    const out = emptyShaded();
    for (let i = 0; i < n; i++) {
      const t = front.triangle[i]!;
      if (t < 0) continue;
      const o = i * 3;
      shadePoint(moving, t, front.weightB[i]!, front.weightC[i]!, camera.position, camera.focal, light, out);
      let lit = 0;
      if (out.facing > 0) {
        const soft = Math.min(0.06, light.softness);
        lit = fixedShadow.lit(out.x, out.y, out.z, light.softness, i) * movingShadow.lit(out.x, out.y, out.z, soft, i);
      }
      picture[o] = out.restR + out.sunR * lit;
      picture[o + 1] = out.restG + out.sunG * lit;
      picture[o + 2] = out.restB + out.sunB * lit;
      this.fog(picture, o, front.inverseDepth[i]!);
    }
    return { picture, coverage };
  }

  /** Mixes in the air between the camera and a point. */
  private fog(picture: Float32Array, o: number, inverseDepth: number): void {
    if (inverseDepth <= 0) return;
    const fog = 1 - Math.exp(-1 / inverseDepth / this.light.haze);
    for (let c = 0; c < 3; c++) picture[o + c] = picture[o + c]! * (1 - fog) + this.light.horizon[c]! * 0.8 * fog;
  }

  private sky(i: number): void {
    const { camera, light, restPart } = this;
    const x = (i % this.width) + 0.5 - camera.width / 2;
    const y = camera.height / 2 - Math.floor(i / this.width) - 0.5;
    const d = [0, 1, 2].map((k) => camera.forward[k]! + (camera.right[k]! * x + camera.up[k]! * y) / camera.focal);
    const l = Math.hypot(d[0]!, d[1]!, d[2]!);
    const h = Math.max(0, d[2]! / l);
    const k = Math.sqrt(h);
    const far = 1 / (h + 0.12);
    const puff = Math.max(0, fractal(d[0]! * far * 1.6 + 3, d[1]! * far * 1.6, 1.5) - 0.62 + light.cloud * 0.3) * 2.2;
    const cloud = Math.min(1, puff);
    for (let c = 0; c < 3; c++) {
      const clear = light.horizon[c]! * (1 - k) + light.zenith[c]! * k;
      const white =
        (light.horizon[c]! * 0.9 + light.sunColour[c]! * 0.12) *
        (0.95 - 0.25 * cloud * fractal(d[0]! * far * 3, d[1]! * far * 3, 9));
      restPart[i * 3 + c] = clear + (white - clear) * cloud;
    }
  }

  /** Darkens the ground under things: less sky reaches it there. */
  private contact(contacts: readonly Contact[], target: Float32Array, also?: Float32Array): void {
    const { camera, place, light } = this;
    for (const contact of contacts) {
      const reach = Math.max(contact.rx, contact.ry) * 1.05;
      let x1 = Infinity;
      let x2 = -Infinity;
      let y1 = Infinity;
      let y2 = -Infinity;
      let behind = false;
      for (const [i, j] of [
        [-1, -1],
        [1, -1],
        [1, 1],
        [-1, 1],
      ] as const) {
        const p = camera.project([contact.x + i * reach, contact.y + j * reach, 0]);
        if (p[2] < 0.3) behind = true;
        x1 = Math.min(x1, p[0]);
        x2 = Math.max(x2, p[0]);
        y1 = Math.min(y1, p[1]);
        y2 = Math.max(y2, p[1]);
      }
      if (behind) continue;
      const c = Math.cos(contact.heading);
      const s = Math.sin(contact.heading);
      for (let y = Math.max(0, Math.floor(y1)); y < Math.min(this.height, Math.ceil(y2)); y++) {
        for (let x = Math.max(0, Math.floor(x1)); x < Math.min(this.width, Math.ceil(x2)); x++) {
          const o = (y * this.width + x) * 3;
          if (place[o + 2]! > 0.3 || this.base.triangle[y * this.width + x]! < 0) continue;
          const dx = place[o]! - contact.x;
          const dy = place[o + 1]! - contact.y;
          const u = (dx * c + dy * s) / contact.rx;
          const v = (-dx * s + dy * c) / contact.ry;
          // A box-like falloff: flat in the middle, as under a car.
          const d = u * u * u * u + v * v * v * v;
          if (d >= 1) continue;
          const k = 1 - light.contact * (1 - d) * (1 - d);
          for (let n = 0; n < 3; n++) {
            target[o + n] = target[o + n]! * k;
            if (also) also[o + n] = also[o + n]! * (0.5 + 0.5 * k);
          }
        }
      }
    }
  }
}

function emptyShaded(): Shaded {
  return { sunR: 0, sunG: 0, sunB: 0, restR: 0, restG: 0, restB: 0, x: 0, y: 0, z: 0, facing: 0 };
}
