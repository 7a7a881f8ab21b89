import { blend, type Colour, shade } from '../colour.js';
import {
  cloth,
  hair as hairMaterial,
  lacquer,
  leather,
  type Material,
  matt,
  rubber,
  type Surface,
  skin,
} from '../material.js';
import type { Mesh, Ring } from '../mesh.js';
import { add, along, cross, lerp, mix, normalize, scale, smoothstep, sub, type Vec3 } from '../vector.js';
import type { Look } from './look.js';
import type { Limb, Pose } from './pose.js';

/** Draws somebody in a pose, in the mesh's current place. */
export function drawPerson(mesh: Mesh, look: Look, pose: Pose): void {
  legs(mesh, look, pose);
  torso(mesh, look, pose);
  if (look.bottom === 'skirt' || look.bottom === 'dress') skirt(mesh, look, pose);
  if (look.top === 'coat') coatTails(mesh, look, pose);
  arm(mesh, look, pose, 1);
  arm(mesh, look, pose, -1);
  head(mesh, look, pose);
  bag(mesh, look, pose);
}

function legs(mesh: Mesh, look: Look, pose: Pose): void {
  const { height: h, girth } = look.build;
  const g = Math.sqrt(girth);
  for (const leg of [pose.left.leg, pose.right.leg]) {
    const thigh = mix(leg.root, leg.joint, 0.45);
    const calf = mix(leg.joint, leg.end, 0.38);
    // The calf's bulge lies behind the bone.
    const back = normalize(sub(mix(leg.root, leg.end, 0.55), leg.joint));
    const calfAt = along(calf, back, 0.006 * h);
    const path = [along(leg.root, [0, 0, 1], 0.02 * h), thigh, leg.joint, calfAt, leg.end];
    const bare = [0.052, 0.046, 0.033, 0.033, 0.021].map((r) => r * h * g);
    const flat = 0.92;
    if (look.bottom === 'trousers') {
      mesh.paint(cloth, look.bottomColour);
      const loose = [0.057, 0.053, 0.043, 0.042, 0.037].map((r) => r * h * g);
      const hem = add(leg.end, [0, 0, -0.012 * h]);
      mesh.tube([...path.slice(0, 4), hem], loose, { segments: 12, flat, end: 'flat', smooth: 4 });
    } else if (look.bottom === 'leggings') {
      mesh.paint(cloth, look.bottomColour);
      mesh.tube(
        path,
        bare.map((r) => r * 1.06),
        { segments: 12, flat, smooth: 4 },
      );
    } else {
      mesh.paint(skin, look.skin);
      mesh.tube(path, bare, { segments: 12, flat, smooth: 4 });
      if (look.bottom === 'shorts') {
        mesh.paint(cloth, look.bottomColour);
        const end = mix(leg.root, leg.joint, 0.88);
        mesh.tube(
          [path[0] as Vec3, thigh, end],
          [0.06, 0.06, 0.058].map((r) => r * h * g),
          { segments: 12, flat, end: 'flat' },
        );
      }
    }
    foot(mesh, look, leg);
  }
}

function foot(mesh: Mesh, look: Look, leg: Limb): void {
  const h = look.build.height;
  const toe = leg.point;
  const side = normalize(cross([0, 0, 1], toe));
  const up = cross(toe, side);
  const at = (forward: number, rise: number): Vec3 => along(along(leg.end, toe, forward * h), up, rise * h);
  const ring = (forward: number, rise: number, ru: number, rv: number): Ring => ({
    centre: at(forward, rise),
    u: side,
    v: up,
    ru: ru * h,
    rv: rv * h,
    exponent: 2.6,
  });
  mesh.paint(leather, look.shoe);
  mesh.loft(
    [
      ring(-0.033, -0.018, 0.018, 0.018),
      ring(-0.02, -0.01, 0.024, 0.03),
      ring(0.02, -0.014, 0.026, 0.026),
      ring(0.07, -0.022, 0.029, 0.016),
      ring(0.105, -0.026, 0.024, 0.011),
    ],
    10,
    'round',
    'round',
  );
  mesh.paint(rubber, shade(look.shoe, 0.35));
  const sole = (forward: number, ru: number): Ring => ({
    centre: at(forward, -0.036),
    u: side,
    v: up,
    ru: ru * h,
    rv: 0.007 * h,
    exponent: 4,
  });
  mesh.loft([sole(-0.042, 0.018), sole(0.0, 0.026), sole(0.07, 0.03), sole(0.112, 0.02)], 8);
}

/** The trunk's cross-sections from the crotch to the neck: share of the way up the spine, half-width, half-depth, forward shift. */
const TRUNK: readonly (readonly [number, number, number, number])[] = [
  [-0.2, 0.07, 0.055, 0],
  [-0.08, 0.094, 0.068, -0.006],
  [0.05, 0.098, 0.07, -0.006],
  [0.22, 0.09, 0.062, 0.002],
  [0.38, 0.086, 0.058, 0.006],
  [0.55, 0.094, 0.064, 0.006],
  [0.72, 0.103, 0.068, 0.004],
  [0.85, 0.108, 0.064, 0],
  [0.94, 0.1, 0.052, -0.004],
  [1.01, 0.066, 0.04, -0.004],
  [1.06, 0.036, 0.034, 0],
];

function trunkRing(look: Look, pose: Pose, k: number, width: number, depth: number, shift: number): Ring {
  const { height: h, girth, shoulders } = look.build;
  const centre = mix(pose.pelvis, pose.neck, k);
  const side = normalize(mix(pose.hipSide, pose.chestSide, Math.min(1, Math.max(0, k))));
  const spine = normalize(sub(pose.neck, pose.pelvis));
  const front = normalize(cross(side, spine));
  const belly = Math.max(0, girth - 1) * smoothstep(0, 0.3, k) * (1 - smoothstep(0.45, 0.8, k));
  return {
    centre: along(along(centre, front, shift * h + belly * 0.04 * h), side, 0),
    u: side,
    v: front,
    ru: width * h * (k > 0.6 ? shoulders : 1) * Math.sqrt(girth),
    rv: depth * h * girth * (1 + belly * 0.5),
    exponent: k > 0.3 ? 2.5 : 2.3,
  };
}

function topMaterial(look: Look): Material {
  const { accent, stripes, top } = look;
  if (stripes) {
    return { ...cloth, shade: (s) => tint(s, accent, Math.sin(s.z * 90) > 0.25 ? 0.85 : 0) };
  }
  // Surface coordinate y is the half-depth: its front is positive. A jacket shows a zip and the shirt at the neck.
  if (top === 'jacket' || top === 'coat') {
    return {
      ...cloth,
      spec: 0.05,
      shade: (s) => {
        const across = s.x - Math.floor(s.x + 0.5);
        if (s.y > 0.02 && Math.abs(across) < 0.006) darken(s, 0.55);
      },
    };
  }
  return cloth;
}

function tint(s: Surface, c: Colour, k: number): void {
  s.r += (c[0] - s.r) * k;
  s.g += (c[1] - s.g) * k;
  s.b += (c[2] - s.b) * k;
}

function darken(s: Surface, k: number): void {
  s.r *= k;
  s.g *= k;
  s.b *= k;
}

function torso(mesh: Mesh, look: Look, pose: Pose): void {
  const bulky = look.top === 'jacket' || look.top === 'coat' ? 1.12 : look.top === 'hoodie' ? 1.08 : 1.02;
  const all = TRUNK.map(([k, w, d, s]) => trunkRing(look, pose, k, w, d, s));
  const dressed = look.bottom === 'dress' ? look.topColour : look.bottomColour;
  mesh.paint(cloth, dressed);
  mesh.loft(all.slice(0, 4), 16, 'round', 'none');
  mesh.paint(topMaterial(look), look.topColour);
  const upper = all
    .slice(look.top === 'shirt' || look.top === 'longsleeve' ? 2 : 1, 10)
    .map((r) => ({ ...r, ru: r.ru * bulky, rv: r.rv * bulky * 1.03 }));
  mesh.loft(upper, 16, 'flat', 'flat');
  // Shoulders round the corner between trunk and arms.
  const { height: h, girth } = look.build;
  for (const limb of [pose.left.arm, pose.right.arm]) {
    mesh.ellipsoid(
      along(limb.root, [0, 0, -1], 0.004 * h),
      scale([0.038, 0.038, 0.04], h * Math.sqrt(girth) * bulky),
      undefined,
      10,
    );
  }
  mesh.paint(skin, look.skin);
  mesh.tube([mix(pose.pelvis, pose.neck, 0.98), along(pose.head, [0, 0, -1], 0.02 * h)], [0.036 * h, 0.031 * h], {
    segments: 10,
    smooth: 1,
  });
  if (look.top === 'hoodie') {
    mesh.paint(cloth, shade(look.topColour, 0.9));
    const back = scale(normalize(cross(pose.chestSide, [0, 0, 1])), -1);
    mesh.ellipsoid(
      add(along(pose.neck, back, 0.05 * h), [0, 0, -0.012 * h]),
      [0.045 * h, 0.075 * h, 0.04 * h],
      undefined,
      12,
    );
  }
  if (look.top === 'jacket' || look.top === 'coat') {
    mesh.paint(cloth, shade(look.topColour, 0.8));
    const collar: Ring[] = [0.98, 1.06].map((k) => ({
      centre: mix(pose.pelvis, pose.neck, k),
      u: pose.chestSide,
      v: normalize(cross(pose.chestSide, [0, 0, 1])),
      ru: (k > 1 ? 0.046 : 0.062) * h,
      rv: (k > 1 ? 0.044 : 0.05) * h,
    }));
    mesh.loft(collar, 12, 'none', 'none');
  }
}

function skirt(mesh: Mesh, look: Look, pose: Pose): void {
  const { height: h, girth } = look.build;
  const knees = mix(pose.left.leg.joint, pose.right.leg.joint, 0.5);
  const spread = Math.abs(pose.left.leg.joint[0] - pose.right.leg.joint[0]);
  const front = normalize(cross(pose.hipSide, [0, 0, 1]));
  mesh.paint(cloth, look.bottom === 'dress' ? look.topColour : look.bottomColour);
  const ring = (k: number, ru: number, rv: number): Ring => ({
    centre: mix(along(pose.pelvis, [0, 0, 1], 0.04 * h), knees, k),
    u: pose.hipSide,
    v: front,
    ru: ru * h * girth,
    rv: rv * h * girth + spread * 0.42 * k,
  });
  mesh.loft(
    [ring(0, 0.093, 0.067), ring(0.3, 0.106, 0.082), ring(0.7, 0.118, 0.09), ring(0.98, 0.13, 0.098)],
    16,
    'none',
    'flat',
  );
}

function coatTails(mesh: Mesh, look: Look, pose: Pose): void {
  const { height: h, girth } = look.build;
  const knees = mix(pose.left.leg.joint, pose.right.leg.joint, 0.5);
  const spread = Math.abs(pose.left.leg.joint[0] - pose.right.leg.joint[0]);
  const front = normalize(cross(pose.hipSide, [0, 0, 1]));
  mesh.paint(topMaterial(look), look.topColour);
  const ring = (k: number, ru: number, rv: number): Ring => ({
    centre: mix(along(pose.pelvis, [0, 0, 1], 0.06 * h), knees, k),
    u: pose.hipSide,
    v: front,
    ru: ru * h * Math.sqrt(girth),
    rv: rv * h * girth + spread * 0.36 * k,
  });
  mesh.loft([ring(0, 0.102, 0.076), ring(0.4, 0.112, 0.088), ring(0.85, 0.118, 0.094)], 16, 'none', 'flat');
}

function arm(mesh: Mesh, look: Look, pose: Pose, side: 1 | -1): void {
  const { height: h, girth } = look.build;
  const limb = side === 1 ? pose.left.arm : pose.right.arm;
  const g = Math.sqrt(girth);
  const path = [limb.root, mix(limb.root, limb.joint, 0.5), limb.joint, mix(limb.joint, limb.end, 0.4), limb.end];
  const bare = [0.031, 0.028, 0.023, 0.022, 0.015].map((r) => r * h * g);
  if (look.top === 'shirt') {
    mesh.paint(skin, look.skin);
    mesh.tube(path, bare, { smooth: 3 });
    mesh.paint(topMaterial(look), look.topColour);
    mesh.tube(
      [limb.root, mix(limb.root, limb.joint, 0.4), mix(limb.root, limb.joint, 0.66)],
      [0.039, 0.038, 0.037].map((r) => r * h * g),
      { end: 'flat' },
    );
  } else {
    const thick = look.top === 'longsleeve' ? 1 : 1.17;
    mesh.paint(topMaterial(look), look.topColour);
    mesh.tube(
      path,
      [0.037, 0.034, 0.03, 0.028, 0.023].map((r) => r * h * g * thick),
      { end: 'flat', smooth: 3 },
    );
  }
  mesh.paint(skin, look.skin);
  const knuckle = along(limb.end, limb.point, 0.035 * h);
  mesh.tube(
    [along(limb.end, limb.point, -0.01 * h), knuckle, along(limb.end, limb.point, 0.075 * h)],
    [0.014 * h, 0.021 * h, 0.011 * h],
    { segments: 8, flat: 0.55, smooth: 2 },
  );
}

function head(mesh: Mesh, look: Look, pose: Pose): void {
  const h = look.build.height * look.build.headSize;
  const front = pose.gaze;
  const side = normalize(cross([0, 0, 1], front));
  const up = cross(front, side);
  const axes = [front, side, up] as const;
  const centre = along(pose.head, up, 0.02 * h);
  const { hair, hairColour, skin: tone } = look;
  const covered = hair === 'short' || hair === 'long' || hair === 'bun';
  const lips = blend(tone, [0.35, 0.08, 0.07], 0.35);
  // Unit-sphere coordinates: x front, y left, z up. The hairline runs from the brow over the temples to the nape.
  const face: Material = {
    ...skin,
    shade: (s) => {
      const line = 0.5 - 0.75 * smoothstep(0.45, -0.35, s.x) + 0.1 * Math.abs(s.y);
      if (covered && s.z > line) {
        tint(s, hairColour, 1);
        s.spec = 0.1;
        return;
      }
      if (s.x > 0.55) {
        const eye = Math.hypot((Math.abs(s.y) - 0.36) / 0.17, (s.z - 0.1) / 0.09);
        if (eye < 1) tint(s, [0.05, 0.04, 0.04], 0.75);
        else if (Math.abs(Math.abs(s.y) - 0.37) < 0.21 && Math.abs(s.z - 0.28) < 0.05) tint(s, hairColour, 0.6);
        if (Math.abs(s.y) < 0.24 && Math.abs(s.z + 0.52) < 0.055) tint(s, lips, 1);
      }
      // Cheeks and chin turn away from the light.
      if (s.z < -0.55) darken(s, 0.82);
    },
  };
  mesh.paint(face, tone);
  mesh.ellipsoid(centre, [0.058 * h, 0.046 * h, 0.069 * h], axes, 18);
  // Jaw, nose and ears.
  mesh.paint(skin, tone);
  mesh.ellipsoid(along(along(centre, front, 0.016 * h), up, -0.032 * h), [0.038 * h, 0.034 * h, 0.036 * h], axes, 12);
  mesh.ellipsoid(along(along(centre, front, 0.058 * h), up, -0.006 * h), [0.011 * h, 0.008 * h, 0.016 * h], axes, 8);
  for (const s of [1, -1])
    mesh.ellipsoid(
      along(along(centre, side, s * 0.046 * h), front, -0.006 * h),
      [0.012 * h, 0.006 * h, 0.018 * h],
      axes,
      8,
    );
  const crown = (k: number, back: number, lift: number): void =>
    mesh.ellipsoid(
      along(along(centre, front, -back * h), up, lift * h),
      [0.056 * h * k, 0.049 * h * k, 0.06 * h * k],
      axes,
      16,
    );
  mesh.paint(hairMaterial, hairColour);
  if (covered) crown(1.05, 0.011, 0.02);
  if (hair === 'long') {
    const at = (back: number, down: number): Vec3 => along(along(centre, front, -back * h), up, -down * h);
    const lock = (c: Vec3, ru: number, rv: number): Ring => ({ centre: c, u: side, v: front, ru: ru * h, rv: rv * h });
    mesh.loft(
      [
        lock(at(0.012, -0.035), 0.05, 0.052),
        lock(at(0.02, 0.02), 0.056, 0.044),
        lock(at(0.034, 0.08), 0.06, 0.03),
        lock(at(0.046, 0.14), 0.052, 0.022),
      ],
      14,
      'round',
      'round',
    );
  } else if (hair === 'bun') {
    mesh.ellipsoid(
      along(along(centre, front, -0.058 * h), up, 0.035 * h),
      scale([0.026, 0.026, 0.026], h),
      undefined,
      10,
    );
  } else if (hair === 'cap' || hair === 'beanie') {
    mesh.paint(cloth, hairColour);
    crown(1.1, hair === 'cap' ? 0.004 : 0.008, 0.026);
    if (hair === 'cap')
      mesh.ellipsoid(along(along(centre, front, 0.062 * h), up, 0.026 * h), [0.042 * h, 0.04 * h, 0.006 * h], axes, 12);
  } else if (hair === 'helmet') {
    mesh.paint(
      {
        ...lacquer,
        shade: (s) => {
          if (Math.abs(Math.sin(s.y * 7)) > 0.86 && s.z > 0.2) darken(s, 0.2);
        },
      },
      hairColour,
    );
    mesh.ellipsoid(along(along(centre, up, 0.034 * h), front, -0.006 * h), [0.078 * h, 0.06 * h, 0.05 * h], axes, 16);
  } else if (hair === 'motohelmet') {
    mesh.paint(
      {
        ...lacquer,
        shade: (s) => {
          if (s.x > 0.35 && Math.abs(s.z - 0.12) < 0.3) {
            tint(s, [0.01, 0.01, 0.014], 1);
            s.mirror = 0.14;
          }
        },
      },
      hairColour,
    );
    mesh.ellipsoid(along(centre, up, 0.005 * h), [0.084 * h, 0.07 * h, 0.082 * h], axes, 18);
  }
}

function bag(mesh: Mesh, look: Look, pose: Pose): void {
  const h = look.build.height;
  const spine = normalize(sub(pose.neck, pose.pelvis));
  const front = normalize(cross(pose.chestSide, spine));
  const section = (c: Vec3, ru: number, rv: number): Ring => ({
    centre: c,
    u: pose.chestSide,
    v: front,
    ru,
    rv,
    exponent: 4,
  });
  mesh.paint(cloth, look.bagColour);
  if (look.bag === 'backpack') {
    const at = (k: number, back: number): Vec3 => along(mix(pose.pelvis, pose.neck, k), front, -back * h);
    mesh.loft(
      [
        section(at(0.22, 0.12), 0.075 * h, 0.04 * h),
        section(at(0.35, 0.125), 0.085 * h, 0.055 * h),
        section(at(0.7, 0.12), 0.083 * h, 0.052 * h),
        section(at(0.92, 0.1), 0.06 * h, 0.03 * h),
      ],
      14,
      'round',
      'round',
    );
    mesh.paint(cloth, shade(look.bagColour, 0.6));
    for (const s of [1, -1]) {
      const shoulder = along(mix(pose.pelvis, pose.neck, 1), pose.chestSide, s * 0.062 * h);
      mesh.tube(
        [
          along(shoulder, front, -0.07 * h),
          along(shoulder, spine, 0.012 * h),
          along(along(mix(pose.pelvis, pose.neck, 0.62), pose.chestSide, s * 0.072 * h), front, 0.075 * h),
          along(along(mix(pose.pelvis, pose.neck, 0.42), pose.chestSide, s * 0.098 * h), front, 0.0),
        ],
        [0.011 * h, 0.011 * h, 0.01 * h, 0.008 * h],
        { segments: 6 },
      );
    }
  } else if (look.bag === 'shoulder') {
    const hip = along(along(pose.pelvis, pose.hipSide, -0.125 * h), [0, 0, 1], 0.0);
    mesh.paint(leather, look.bagColour);
    mesh.loft(
      [
        { centre: add(hip, [0, 0, -0.06 * h]), u: front, v: pose.hipSide, ru: 0.085 * h, rv: 0.03 * h, exponent: 4 },
        { centre: add(hip, [0, 0, 0.05 * h]), u: front, v: pose.hipSide, ru: 0.078 * h, rv: 0.026 * h, exponent: 4 },
      ],
      12,
      'round',
      'round',
    );
    const left = along(mix(pose.pelvis, pose.neck, 0.98), pose.chestSide, 0.075 * h);
    mesh.tube(
      [
        add(hip, [0.02, 0, 0.04 * h]),
        along(mix(pose.pelvis, pose.neck, 0.6), front, 0.078 * h),
        along(left, spine, 0.02 * h),
        along(mix(pose.pelvis, pose.neck, 0.6), front, -0.078 * h),
        add(hip, [-0.02, 0, 0.04 * h]),
      ],
      [0.007, 0.007, 0.007, 0.007, 0.007].map((r) => r * h),
      { segments: 6 },
    );
  } else if (look.bag === 'shopping') {
    const hand = along(pose.right.arm.end, pose.right.arm.point, 0.05 * h);
    const along1: Vec3 = [1, 0, 0];
    const across: Vec3 = [0, 1, 0];
    mesh.paint(matt, look.bagColour);
    mesh.loft(
      [
        { centre: add(hand, [0, 0, -0.08 * h]), u: along1, v: across, ru: 0.07 * h, rv: 0.03 * h, exponent: 5 },
        { centre: add(hand, [0, 0, -0.24 * h]), u: along1, v: across, ru: 0.078 * h, rv: 0.042 * h, exponent: 5 },
      ],
      12,
    );
    for (const x of [0.035, -0.035])
      mesh.tube([hand, add(hand, [x * h, 0, -0.085 * h])], [0.004 * h, 0.004 * h], { segments: 5, smooth: 1 });
  } else if (look.bag === 'suitcase') {
    const hand = along(pose.right.arm.end, pose.right.arm.point, 0.04 * h);
    const base: Vec3 = [hand[0] - 0.36, hand[1], 0.05];
    const lean = normalize(sub(hand, base));
    const across: Vec3 = [0, 1, 0];
    mesh.paint(lacquer, look.bagColour);
    const thick = normalize(cross(across, lean));
    mesh.loft(
      [0, 0.06, 0.5, 0.56].map((d, i) => ({
        centre: along(base, lean, d),
        u: across,
        v: thick,
        ru: lerp(0.15, 0.19, i % 3 === 0 ? 0 : 1),
        rv: 0.11,
        exponent: 6,
      })),
      14,
    );
    mesh.paint(matt, [0.03, 0.03, 0.03]);
    for (const y of [0.07, -0.07])
      mesh.tube([along(add(base, [0, y, 0]), lean, 0.5), add(hand, [0, y * 0.7, 0])], [0.008, 0.008], {
        segments: 5,
        smooth: 1,
      });
    for (const y of [0.14, -0.14]) mesh.ellipsoid(add(base, [0.04, y, 0]), [0.05, 0.02, 0.05], undefined, 8);
  }
}
