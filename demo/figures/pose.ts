// biome-ignore-all lint/style/noNonNullAssertion: the key-pose tables are literal and their indexes wrapped
import { add, along, clamp, cross, normalize, scale, sub, type Vec3 } from '../vector.js';

export interface Limb {
  /** Hip or shoulder, knee or elbow, ankle or wrist. */
  root: Vec3;
  joint: Vec3;
  end: Vec3;
  /** Where the toes or fingers point. */
  point: Vec3;
}

/** A body in its own space: x forward, y left, z up, metres; the ground is z = 0. */
export interface Pose {
  pelvis: Vec3;
  chest: Vec3;
  neck: Vec3;
  head: Vec3;
  /** Which way the face looks. */
  gaze: Vec3;
  /** Unit vectors to the left of hips and shoulders. */
  hipSide: Vec3;
  chestSide: Vec3;
  left: { leg: Limb; arm: Limb };
  right: { leg: Limb; arm: Limb };
}

/** Lengths of a body; metres. */
export interface Build {
  height: number;
  /** 1 is average; .85 slim, 1.25 heavy. */
  girth: number;
  /** Shoulder breadth, 1 is average. */
  shoulders: number;
  /** Head size in units of an adult's share of the height (children: 1.3). */
  headSize: number;
}

// Angles of a walking leg over one stride from heel strike on, degrees (after published gait curves).
const HIP = [30, 28, 20, 8, -4, -12, -8, 8, 24, 33];
const KNEE = [5, 16, 14, 7, 7, 14, 40, 60, 42, 12];
const FOOT = [18, 4, 0, 0, -6, -28, -48, -30, -2, 14];

function periodic(table: readonly number[], phase: number): number {
  const n = table.length;
  const x = (phase - Math.floor(phase)) * n;
  const i = Math.floor(x);
  const t = x - i;
  const at = (k: number): number => table[(k + n * 2) % n]!;
  const m0 = (at(i + 1) - at(i - 1)) / 2;
  const m1 = (at(i + 2) - at(i)) / 2;
  const d = at(i + 1) - at(i);
  return at(i) + m0 * t + (3 * d - 2 * m0 - m1) * t * t + (m0 + m1 - 2 * d) * t * t * t;
}

const rad = (degrees: number): number => (degrees * Math.PI) / 180;
/** Forward (+x) for positive angles, from straight down. */
const swing = (angle: number): Vec3 => [Math.sin(angle), 0, -Math.cos(angle)];

/** Length of one stride (two steps) in metres, for a swing of the legs that is `energy` times the usual. */
export const strideLength = (build: Build, energy: number): number => 0.82 * build.height * energy;

export interface Gait {
  /** Strides since the start; the fraction is the place in the stride. */
  phase: number;
  /** Swing of the legs: 1 a normal walk, 0 standing. */
  energy: number;
  /** Swing of each arm, 0..1.5; a hand that carries something hardly swings. */
  leftArm: number;
  rightArm: number;
  /** Radians the body leans forward. */
  lean: number;
  /** Bend of each elbow, radians: a hand at a phone or a strap is bent more. */
  leftElbow: number;
  rightElbow: number;
  /** Where the head turns, radians, left positive; and nods. */
  turn: number;
  nod: number;
}

export function walk(build: Build, gait: Gait): Pose {
  const h = build.height;
  const legUp = 0.245 * h;
  const legDown = 0.246 * h;
  const hipHalf = 0.05 * h;
  const e = gait.energy;
  const leg = (phase: number): { knee: Vec3; ankle: Vec3; toe: Vec3; low: number } => {
    const hip = rad(periodic(HIP, phase) * e);
    const knee = rad(4 + (periodic(KNEE, phase) - 4) * e);
    const foot = rad(periodic(FOOT, phase) * e);
    const k = scale(swing(hip), legUp);
    const a = along(k, swing(hip - knee), legDown);
    const toe: Vec3 = [Math.cos(foot), 0, Math.sin(foot)];
    const heel = add(a, [-0.03 * h * Math.cos(foot), 0, -0.035 * h - 0.03 * h * Math.sin(foot)]);
    const ball = add(a, [0.1 * h * Math.cos(foot), 0, -0.035 * h + 0.1 * h * Math.sin(foot)]);
    return { knee: k, ankle: a, toe, low: Math.min(heel[2], ball[2]) };
  };
  const l = leg(gait.phase);
  const r = leg(gait.phase + 0.5);
  const pelvisZ = -Math.min(l.low, r.low) + 0.01 * h;
  const twist = 0.12 * e * Math.cos(gait.phase * Math.PI * 2);
  const sway = 0.012 * h * e * Math.sin(gait.phase * Math.PI * 2 + 0.6);
  const hipSide = normalize([-Math.sin(-twist), Math.cos(twist), 0]);
  const chestSide = normalize([-Math.sin(twist), Math.cos(twist), 0]);
  const pelvis: Vec3 = [0, sway, pelvisZ];
  const spine: Vec3 = [Math.sin(gait.lean), 0, Math.cos(gait.lean)];
  const chest = along(pelvis, spine, 0.215 * h);
  const neck = along(pelvis, spine, 0.315 * h);
  const gaze = normalize([
    Math.cos(gait.turn) * Math.cos(gait.nod),
    Math.sin(gait.turn) * Math.cos(gait.nod),
    -Math.sin(gait.nod),
  ]);
  const head = add(along(neck, spine, 0.085 * h), [0.012 * h + gait.nod * 0.05 * h, 0, 0]);
  const arm = (side: number, amount: number, elbow: number, phase: number): Limb => {
    const shoulder = add(along(neck, chestSide, side * 0.103 * h * build.shoulders), [0, 0, -0.026 * h]);
    const angle = rad(-24) * amount * e * Math.cos(phase * Math.PI * 2) - gait.lean * 0.3;
    const out = side * (0.04 + 0.06 * build.girth);
    const upper = normalize([Math.sin(angle), out, -Math.cos(angle)]);
    const joint = along(shoulder, upper, 0.172 * h);
    const bend = angle + elbow + Math.max(0, angle) * 0.5;
    const fore = normalize([Math.sin(bend), out * 0.1 - side * Math.max(0, elbow - 0.8) * 0.35, -Math.cos(bend)]);
    const end = along(joint, fore, 0.15 * h);
    return { root: shoulder, joint, end, point: fore };
  };
  const place = (side: number, part: { knee: Vec3; ankle: Vec3; toe: Vec3 }): Limb => {
    const root = along(pelvis, hipSide, side * hipHalf);
    // Feet land closer together than the hips are.
    const inward: Vec3 = [0, -side * 0.012 * h - sway, 0];
    return {
      root,
      joint: add(add(root, part.knee), scale(inward, 0.4)),
      end: add(add(root, part.ankle), inward),
      point: normalize([part.toe[0], side * 0.12, part.toe[2]]),
    };
  };
  return {
    pelvis,
    chest,
    neck,
    head,
    gaze,
    hipSide,
    chestSide,
    left: { leg: place(1, l), arm: arm(1, gait.leftArm, gait.leftElbow, gait.phase) },
    right: { leg: place(-1, r), arm: arm(-1, gait.rightArm, gait.rightElbow, gait.phase + 0.5) },
  };
}

/** A two-bone limb from `root` to `end` whose joint bends towards `hint`. */
export function reach(root: Vec3, end: Vec3, upper: number, lower: number, hint: Vec3, point: Vec3): Limb {
  const d = sub(end, root);
  const full = Math.hypot(...d);
  const dist = clamp(full, Math.abs(upper - lower) + 0.01, (upper + lower) * 0.995);
  const axis = normalize(d);
  const a = (upper * upper - lower * lower + dist * dist) / (2 * dist);
  const side = cross(axis, hint);
  const bend = normalize(cross(side, axis));
  const joint = along(along(root, axis, a), bend, Math.sqrt(Math.max(0, upper * upper - a * a)));
  return { root, joint, end: along(root, axis, dist), point };
}

export interface Seat {
  saddle: Vec3;
  /** Hands. */
  grip: { left: Vec3; right: Vec3 };
  /** Ankles. */
  pedal: { left: Vec3; right: Vec3 };
  /** Radians the back leans forward. */
  lean: number;
}

/** Sitting astride something: hips on the saddle, hands and feet where they are told. */
export function ride(build: Build, seat: Seat, turn: number): Pose {
  const h = build.height;
  const pelvis = add(seat.saddle, [0, 0, 0.055 * h]);
  const spine: Vec3 = [Math.sin(seat.lean), 0, Math.cos(seat.lean)];
  const neck = along(pelvis, spine, 0.315 * h);
  const side: Vec3 = [0, 1, 0];
  const limbs = (s: 1 | -1): { leg: Limb; arm: Limb } => {
    const name = s === 1 ? 'left' : 'right';
    const shoulder = add(along(neck, side, s * 0.103 * h * build.shoulders), [0, 0, -0.02 * h]);
    const hip = along(pelvis, side, s * 0.05 * h);
    const arm = reach(shoulder, seat.grip[name], 0.172 * h, 0.16 * h, [-0.4, s * 0.8, -0.6], [0.8, 0, -0.5]);
    const leg = reach(hip, seat.pedal[name], 0.245 * h, 0.246 * h, [1, s * 0.15, 0.3], [0.97, s * 0.06, -0.2]);
    return { leg, arm };
  };
  return {
    pelvis,
    chest: along(pelvis, spine, 0.215 * h),
    neck,
    head: add(along(neck, spine, 0.07 * h), [0.02 * h, 0, 0.012 * h]),
    gaze: normalize([Math.cos(turn), Math.sin(turn), -0.12]),
    hipSide: side,
    chestSide: side,
    left: limbs(1),
    right: limbs(-1),
  };
}

/** Sitting on a bench of the given height, feet on the ground. */
export function sit(build: Build, seatHeight: number, turn: number): Pose {
  const h = build.height;
  const knee = 0.29 * h;
  const at = (s: number): Vec3 => [0.24 * h + (s > 0 ? 0.05 : 0), s * 0.07 * h, Math.min(knee, seatHeight) * 0.12];
  return ride(
    build,
    {
      saddle: [0, 0, seatHeight],
      grip: { left: [0.2 * h, 0.05 * h, seatHeight + 0.14 * h], right: [0.21 * h, -0.07 * h, seatHeight + 0.12 * h] },
      pedal: { left: at(1), right: at(-1) },
      lean: -0.06,
    },
    turn,
  );
}
