import { type Colour, hex } from '../colour.js';
import { fur, type Material, type Surface } from '../material.js';
import type { Mesh, Ring } from '../mesh.js';
import { noise3 } from '../noise.js';
import type { Random } from '../random.js';
import { add, along, cross, lerp, normalize, scale, sub, type Vec3 } from '../vector.js';

export interface AnimalLook {
  kind: 'dog' | 'cat';
  /** Height of the back, metres. */
  height: number;
  /** Length of the trunk and of the legs, and thickness, in units of what is usual for the height. */
  long: number;
  girth: number;
  coat: Colour;
  second: Colour;
  pattern: 'plain' | 'saddle' | 'patches' | 'tabby' | 'socks';
  ears: 'up' | 'hanging';
  /** Length of the muzzle and bushiness of coat and tail, 1 is usual. */
  muzzle: number;
  fluff: number;
  /** Where the tail points, radians up from level behind. */
  tail: number;
  sitting: boolean;
  collar?: Colour;
}

const DOGS = [
  '#c9a06a',
  '#8a5a30',
  '#3a2517',
  '#151312',
  '#e6dcc8',
  '#b98a52',
  '#6b6560',
  '#d8b888',
  '#7a3f1f',
  '#f0ece4',
].map(hex);
const CATS = ['#161413', '#77726c', '#c07a38', '#e8e2d8', '#6a5138', '#8f8880', '#3a332d', '#d0a878'].map(hex);
const COLLARS = ['#b32424', '#24508a', '#2f7a3a', '#202020'].map(hex);

export function randomDog(random: Random): AnimalLook {
  const look: AnimalLook = {
    kind: 'dog',
    height: random.pick([0.3, 0.38, 0.48, 0.55, 0.58, 0.64]) * random.range(0.92, 1.08),
    long: random.range(0.92, 1.15),
    girth: random.range(0.85, 1.2),
    coat: random.pick(DOGS),
    second: random.pick([hex('#f0ece2'), hex('#171412'), hex('#a87440'), hex('#e0c8a0')]),
    pattern: random.pick(['plain', 'plain', 'saddle', 'patches', 'socks']),
    ears: random.pick(['up', 'hanging', 'hanging']),
    muzzle: random.range(0.8, 1.2),
    fluff: random.range(0.8, 1.5),
    tail: random.range(-0.5, 1.1),
    sitting: random.chance(0.12),
  };
  if (random.chance(0.5)) look.collar = random.pick(COLLARS);
  return look;
}

export function randomCat(random: Random): AnimalLook {
  return {
    kind: 'cat',
    height: random.range(0.25, 0.31),
    long: random.range(0.95, 1.1),
    girth: random.range(0.85, 1.25),
    coat: random.pick(CATS),
    second: random.pick([hex('#f2eee6'), hex('#f2eee6'), hex('#1a1716')]),
    pattern: random.pick(['plain', 'tabby', 'tabby', 'patches', 'socks']),
    ears: 'up',
    muzzle: 0.5,
    fluff: random.range(0.8, 1.3),
    tail: random.range(-0.6, 1.4),
    sitting: random.chance(0.45),
  };
}

/** Length of one stride in metres. */
export const animalStride = (look: AnimalLook): number => look.height * 1.35;

/** Draws a dog or a cat in the mesh's current place; `phase` counts strides, `moving` is 0 standing .. 1 walking. */
export function drawAnimal(mesh: Mesh, look: AnimalLook, phase: number, moving: number, turn: number): void {
  const cat = look.kind === 'cat';
  const h = look.height;
  const body = 1.12 * h * look.long * (cat ? 1.1 : 1);
  const g = h * look.girth;
  const coat = coatMaterial(look);
  mesh.paint(coat, look.coat);
  const bob = 0.012 * h * Math.sin(phase * Math.PI * 4) * moving;
  const rump: Vec3 = look.sitting ? [-body * 0.36, 0, h * 0.3] : [-body / 2, 0, h * 0.86 + bob];
  const chest: Vec3 = look.sitting ? [body * 0.06, 0, h * 0.95] : [body / 2, 0, h * 0.83 - bob];
  const axis = normalize(sub(chest, rump));
  const left: Vec3 = [0, 1, 0];
  const up = cross(axis, left);
  const long = Math.hypot(...sub(chest, rump));
  const ring = (k: number, lift: number, ru: number, rv: number): Ring => ({
    centre: along(along(rump, axis, k * long), up, lift * h),
    u: left,
    v: up,
    ru: ru * g,
    rv: rv * g,
  });
  const fluff = lerp(1, look.fluff, 0.35) * (cat ? 1.08 : 1);
  mesh.loft(
    [
      ring(-0.08, -0.03, 0.11 * fluff, 0.14),
      ring(0.07, -0.04, 0.175 * fluff, 0.225),
      ring(0.35, -0.04, 0.165 * fluff, 0.21),
      ring(0.65, -0.08, 0.185 * fluff, 0.26),
      ring(0.88, -0.075, 0.185 * fluff, 0.27),
      ring(1.08, -0.01, 0.135 * fluff, 0.19),
    ],
    16,
    'round',
    'round',
  );
  legs(mesh, look, rump, chest, phase, moving);
  // Neck and head.
  const gaze: Vec3 = normalize([Math.cos(turn), Math.sin(turn), -0.12]);
  const headSize = cat ? h * 0.43 : h * 0.335 * Math.sqrt(0.55 / Math.max(0.3, h));
  const neck = add(chest, [0.0, 0, 0.06 * h]);
  const head: Vec3 = look.sitting
    ? add(chest, [0.12 * h, 0, 0.38 * h])
    : add(chest, cat ? [0.26 * h, 0, 0.22 * h] : [0.3 * h, 0, 0.32 * h]);
  mesh.tube([along(neck, axis, -0.1 * h), lerp3(neck, head, 0.5), head], [0.2 * g, 0.15 * g * fluff, headSize * 0.43], {
    segments: 12,
  });
  const side = normalize(cross([0, 0, 1], gaze));
  const crown = cross(gaze, side);
  const axes = [gaze, side, crown] as const;
  const at = (f: number, s: number, u: number): Vec3 =>
    along(along(along(head, gaze, f * headSize), side, s * headSize), crown, u * headSize);
  const face: Material = {
    ...coat,
    shade: (s: Surface) => {
      if (Math.hypot((Math.abs(s.y) - 0.42) / 0.15, (s.z - 0.22) / 0.15) < 1 && s.x > 0.5) {
        const c: Colour = cat ? [0.35, 0.4, 0.08] : [0.02, 0.015, 0.01];
        s.r = c[0];
        s.g = c[1];
        s.b = c[2];
        if (cat && Math.abs(Math.abs(s.y) - 0.42) < 0.05) s.r = s.g = s.b = 0.01;
      }
    },
  };
  mesh.paint(face, look.coat);
  mesh.ellipsoid(at(0.05, 0, 0.02), scale([0.52, 0.46, 0.46], headSize), axes, 16);
  const muzzleColour: Colour = look.pattern === 'plain' || look.pattern === 'tabby' ? look.coat : look.second;
  mesh.paint(fur, muzzleColour);
  if (cat) mesh.ellipsoid(at(0.42, 0, -0.16), scale([0.2, 0.22, 0.16], headSize), axes, 10);
  else {
    const m = look.muzzle;
    mesh.loft(
      [0.3, 0.6, 0.95].map((f, i) => ({
        centre: at(f * (i === 0 ? 1 : m), 0, -0.12 - i * 0.03),
        u: side,
        v: crown,
        ru: (0.27 - i * 0.05) * headSize,
        rv: (0.25 - i * 0.05) * headSize,
      })),
      12,
      'round',
      'round',
    );
  }
  mesh.paint(fur, [0.012, 0.01, 0.01]);
  mesh.ellipsoid(
    cat ? at(0.6, 0, -0.1) : at(0.95 * look.muzzle + 0.1, 0, -0.07),
    scale(cat ? [0.05, 0.06, 0.04] : [0.09, 0.11, 0.08], headSize),
    axes,
    8,
  );
  mesh.paint(fur, look.ears === 'up' ? look.coat : [look.coat[0] * 0.75, look.coat[1] * 0.75, look.coat[2] * 0.75]);
  for (const s of [1, -1]) {
    if (look.ears === 'up') {
      const base = at(-0.05, s * 0.3, 0.34);
      const tip = at(-0.1, s * (cat ? 0.42 : 0.38), cat ? 0.84 : 0.95);
      mesh.loft(
        [
          { centre: base, u: side, v: gaze, ru: (cat ? 0.25 : 0.2) * headSize, rv: 0.1 * headSize },
          { centre: lerp3(base, tip, 0.55), u: side, v: gaze, ru: 0.13 * headSize, rv: 0.06 * headSize },
          { centre: tip, u: side, v: gaze, ru: 0.015 * headSize, rv: 0.015 * headSize },
        ],
        8,
      );
    } else {
      mesh.tube(
        [at(-0.05, s * 0.36, 0.3), at(-0.05, s * 0.52, 0.0), at(0.0, s * 0.5, -0.38)],
        [0.1, 0.17, 0.1].map((r) => r * headSize),
        { segments: 8, side: [1, 0, 0], flat: 1, smooth: 2 },
      );
    }
  }
  if (look.collar) {
    mesh.paint({ ...fur, bump: 0 }, look.collar);
    const c = lerp3(neck, head, 0.42);
    const n = normalize(sub(head, neck));
    mesh.loft(
      [-0.02, 0.03].map((d) => ({
        centre: along(c, n, d),
        u: left,
        v: cross(left, n),
        ru: 0.163 * g * fluff,
        rv: 0.17 * g * fluff,
      })),
      14,
      'none',
      'none',
    );
  }
  // Tail.
  mesh.paint(coat, look.coat);
  const wag = Math.sin(phase * Math.PI * 4) * 0.16 * moving;
  const root: Vec3 = look.sitting ? add(rump, [-0.12 * h, 0, -0.16 * h]) : add(rump, [-0.08 * h, 0, 0.06 * h]);
  const t = look.sitting ? -0.25 : look.tail;
  const size = (cat ? 0.95 : 0.62) * h;
  const bend = (k: number, extra: number): Vec3 =>
    add(root, [-Math.cos(t + extra) * size * k, wag * size * k, Math.sin(t + extra) * size * k]);
  const bush = look.fluff * (cat ? 0.066 : 0.055) * h;
  const low = (p: Vec3): Vec3 => [p[0], p[1], Math.max(0.03, p[2])];
  mesh.tube(
    [root, low(bend(0.35, -0.1)), low(bend(0.7, 0.1)), low(bend(1, 0.35))],
    [0.055 * h, bush, bush, bush * 0.45],
    { segments: 9 },
  );
}

const lerp3 = (a: Vec3, b: Vec3, t: number): Vec3 => add(scale(a, 1 - t), scale(b, t));

function legs(mesh: Mesh, look: AnimalLook, rump: Vec3, chest: Vec3, phase: number, moving: number): void {
  const h = look.height;
  const g = Math.sqrt(look.girth) * h * (look.kind === 'cat' ? 1.12 : 1);
  const paw: Colour = look.pattern === 'socks' || look.pattern === 'patches' ? look.second : look.coat;
  for (const [index, side] of [1, -1, 1, -1].entries()) {
    const hind = index < 2;
    // A walk: each side's hind foot lands a quarter stride before its fore foot.
    const p = phase + (side === 1 ? 0 : 0.5) + (hind ? 0 : 0.25);
    const f = p - Math.floor(p);
    const stance = f < 0.62;
    const reachX = stance ? lerp(0.3, -0.3, f / 0.62) : lerp(-0.3, 0.3, (f - 0.62) / 0.38);
    const lift = stance ? 0 : Math.sin(((f - 0.62) / 0.38) * Math.PI) * 0.13 * h * moving;
    const y = side * 0.115 * h * look.girth;
    const root: Vec3 = hind
      ? [rump[0] + 0.12 * h, y, rump[2] - 0.05 * h]
      : [chest[0] - 0.05 * h, y, chest[2] - (look.sitting ? 0.25 : 0.14) * h];
    const dx = reachX * 0.75 * h * moving;
    const foot: Vec3 = look.sitting
      ? hind
        ? [rump[0] + 0.42 * h, y * 1.5, 0.04 * h]
        : [chest[0] + 0.05 * h, y * 0.8, 0.04 * h]
      : [root[0] + dx + (hind ? -0.08 * h : 0), y * 0.9, 0.045 * h + lift];
    const mid = lerp3(root, foot, 0.5);
    if (hind) {
      const stifle: Vec3 = [mid[0] + 0.14 * h, y, lerp(root[2], foot[2], 0.4)];
      const hock: Vec3 = [foot[0] - 0.11 * h - lift * 0.5, y * 0.95, foot[2] + 0.22 * h];
      mesh.paint(fur, look.coat);
      mesh.tube([root, stifle, hock], [0.19 * g, 0.125 * g, 0.052 * g], { segments: 10, flat: 0.72 });
      mesh.paint(fur, paw);
      mesh.tube([hock, foot], [0.052 * g, 0.047 * g], { segments: 8, smooth: 2 });
    } else {
      const elbow: Vec3 = [mid[0] - 0.06 * h, y, lerp(root[2], foot[2], 0.38)];
      const wrist: Vec3 = [foot[0] - (stance ? 0.0 : 0.04 * h), y * 0.95, foot[2] + 0.18 * h];
      mesh.paint(fur, look.coat);
      mesh.tube([root, elbow, wrist], [0.14 * g, 0.085 * g, 0.053 * g], { segments: 10, flat: 0.8 });
      mesh.paint(fur, paw);
      mesh.tube([wrist, foot], [0.05 * g, 0.049 * g], { segments: 8, smooth: 2 });
    }
    mesh.ellipsoid(add(foot, [0.035 * h, 0, -0.012 * h]), [0.075 * g, 0.05 * g, 0.035 * h], undefined, 8);
  }
}

function coatMaterial(look: AnimalLook): Material {
  const { second, pattern } = look;
  if (pattern === 'plain' || pattern === 'socks') return fur;
  const over = (s: Surface, k: number): void => {
    s.r += (second[0] - s.r) * k;
    s.g += (second[1] - s.g) * k;
    s.b += (second[2] - s.b) * k;
  };
  return {
    ...fur,
    shade: (s) => {
      if (pattern === 'tabby') {
        const k = Math.sin(s.z * 105 + noise3(s.x * 14, s.y * 14, s.z * 14) * 7) > 0.35 ? 0.5 : 1;
        s.r *= k;
        s.g *= k;
        s.b *= k;
      } else if (pattern === 'saddle') {
        // Surface coordinate y points up along the body.
        over(
          s,
          Math.max(0, Math.min(1, (s.y / look.height - 0.05 + (noise3(s.x * 20, s.z * 20, 2) - 0.5) * 0.06) * 14)),
        );
      } else if (noise3(s.x * 7, s.y * 7, s.z * 7) > 0.55) over(s, 1);
    },
  };
}
