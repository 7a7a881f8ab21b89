// biome-ignore-all lint/style/noNonNullAssertion: profile tables are literal and never empty
import type { Colour } from '../colour.js';
import { lacquer, type Material, matt, metal, rubber, type Surface } from '../material.js';
import type { Mesh } from '../mesh.js';
import { lerp, type Vec3 } from '../vector.js';

/** A value along a vehicle's length: pairs of (x, value), x from rear to front, metres. */
export type Profile = readonly (readonly [number, number])[];

export function profileAt(profile: Profile, x: number): number {
  if (x <= profile[0]![0]) return profile[0]![1];
  for (let i = 1; i < profile.length; i++) {
    const [x1, v1] = profile[i]!;
    if (x <= x1) {
      const [x0, v0] = profile[i - 1]!;
      return lerp(v0, v1, (x - x0) / (x1 - x0));
    }
  }
  return profile[profile.length - 1]![1];
}

/** Rounds the corners of a profile over `r` metres. */
export function rounded(profile: Profile, x: number, r = 0.09): number {
  return (profileAt(profile, x - r) + profileAt(profile, x) * 2 + profileAt(profile, x + r)) / 4;
}

/** The shell of a vehicle, origin on the ground under its middle, x forward. */
export interface Shell {
  /** Highest line, shoulder line, lower edge and half-width along the length. */
  top: Profile;
  belt: Profile;
  bottom: Profile;
  half: Profile;
  /** Half-width of the roof as a share of the half-width at the shoulder. */
  roof: number;
  wheels: readonly number[];
  wheelRadius: number;
  rear: number;
  front: number;
}

/** Skins the shell. Surface coordinates are positions in the vehicle's own space. */
export function drawShell(mesh: Mesh, shell: Shell, material: Material, colour: Colour): void {
  const { rear, front, wheelRadius: radius, wheels } = shell;
  const xs: number[] = [];
  const steps = Math.round((front - rear) / 0.11);
  for (let i = 0; i <= steps; i++) {
    const t = i / steps;
    xs.push(rear + (front - rear) * t);
  }
  xs.splice(1, 0, rear + 0.02, rear + 0.05);
  xs.splice(xs.length - 1, 0, front - 0.05, front - 0.02);
  const section = (x: number): Vec3[] => {
    const w = rounded(shell.half, x);
    const zt = rounded(shell.top, x);
    const zb = rounded(shell.bottom, x, 0.05);
    const belt = Math.min(rounded(shell.belt, x), zt - 0.04);
    const cabin = Math.min(1, Math.max(0, (zt - belt - 0.05) / 0.3));
    const wr = w * lerp(0.9, shell.roof, cabin);
    const edge = lerp(0.02, 0.09, cabin);
    const half: [number, number][] = [
      [0, zb],
      [w * 0.55, zb],
      [w * 0.9, zb + 0.015],
      [w * 0.975, zb + 0.09],
      [w, lerp(zb, belt, 0.45)],
      [w * 0.995, lerp(zb, belt, 0.75)],
      [w * 0.965, belt - 0.015],
      [lerp(w * 0.93, wr, 0.04), belt + 0.02 * cabin],
      [lerp(w * 0.925, wr, 0.5), lerp(belt, zt - edge, 0.5)],
      [wr, zt - edge],
      [wr * 0.95, zt - edge * 0.42],
      [wr * 0.82, zt - edge * 0.12],
      [wr * 0.45, zt + 0.005],
      [0, zt + 0.012],
    ];
    const ring: Vec3[] = half.map(([y, z]) => [x, y, z]);
    for (let i = half.length - 2; i > 0; i--) ring.push([x, -half[i]![0], half[i]![1]]);
    return ring;
  };
  const rows = xs.map(section);
  const middle = (row: Vec3[]): Vec3[] => {
    const x = row[0]![0];
    const z = row.reduce((s, p) => s + p[2], 0) / row.length;
    return row.map(() => [x, 0, z]);
  };
  const cut = (x: number, y: number, z: number): boolean => {
    if (Math.abs(y) < 0.5) return false;
    for (const w of wheels) if (Math.hypot(x - w, z - radius) < radius + 0.055) return true;
    return false;
  };
  mesh.paint({ ...material, cut }, colour);
  mesh.grid(rows, true);
  // The ends: their own flat faces, so that bumpers catch the light of where they point to.
  for (const row of [rows[0]!, rows[rows.length - 1]!]) {
    const n: Vec3 = row === rows[0] ? [-1, 0, 0.1] : [1, 0, 0.1];
    const centre = mesh.vertex(middle(row)[0]!, n, middle(row)[0]!);
    const first = row.map((p) => mesh.vertex(p, n, p))[0]!;
    for (let i = 0; i < row.length; i++) mesh.triangle(centre, first + i, first + ((i + 1) % row.length));
  }
  mesh.paint(matt, [0.006, 0.006, 0.007]);
  mesh.box([(rear + front) / 2, 0, radius + 0.08], [front - rear - 0.5, profileAt(shell.half, 0) * 1.45, radius * 1.3]);
}

export type Rim = 'spokes' | 'multi' | 'steel' | 'truck';

/** A road wheel turned by `angle` radians; `side` is 1 for the left of the vehicle. */
export function drawWheel(
  mesh: Mesh,
  x: number,
  y: number,
  radius: number,
  width: number,
  side: number,
  angle: number,
  rim: Rim,
  rimColour: Colour,
): void {
  const out: Vec3 = [0, side, 0];
  // A wheel that rolls forward turns from up to forward.
  const u: Vec3 = [Math.cos(angle), 0, -Math.sin(angle)];
  const v: Vec3 = [Math.sin(angle), 0, Math.cos(angle)];
  const at = (d: number): Vec3 => [x, y + out[1] * d, radius];
  mesh.paint(rubber, [0.016, 0.016, 0.017]);
  const ring = (d: number, r: number) => ({ centre: at(d), u, v, ru: r, rv: r });
  mesh.loft(
    [
      ring(-width / 2, radius * 0.9),
      ring(-width / 2 + 0.03, radius),
      ring(width / 2 - 0.03, radius),
      ring(width / 2, radius * 0.93),
      ring(width / 2, radius * 0.7),
    ],
    24,
    'flat',
    'none',
  );
  const spokes = rim === 'multi' ? 10 : 5;
  const dark: Colour = [0.012, 0.012, 0.013];
  mesh.paint(
    {
      ...metal,
      mirror: 0.15,
      shade: (s: Surface) => {
        const d = Math.hypot(s.x, s.y);
        const a = Math.atan2(s.y, s.x);
        let open = false;
        if (rim === 'steel') open = d > 0.62 && d < 0.78 && Math.sin(a * 8) > 0.1;
        else if (rim === 'truck') open = d > 0.5 && d < 0.72 && Math.sin(a * 10) > 0.3;
        else open = d > 0.25 && d < 0.88 && Math.cos(a * spokes) < (rim === 'multi' ? 0.1 : 0.25 + 0.35 * (1 - d));
        if (open || d > 0.97) {
          s.r = dark[0];
          s.g = dark[1];
          s.b = dark[2];
          s.mirror = 0;
          s.spec = 0;
        } else if (d < 0.12) {
          s.r *= 0.4;
          s.g *= 0.4;
          s.b *= 0.4;
        }
      },
    },
    rimColour,
  );
  mesh.disc(at(width / 2 - 0.012), side > 0 ? [-u[0], 0, -u[2]] : u, v, radius * 0.72, 24);
}

/** Paints a surface in a plain colour. */
export function set(s: Surface, c: Colour, mirror = 0, spec = s.spec): void {
  s.r = c[0];
  s.g = c[1];
  s.b = c[2];
  s.mirror = mirror;
  s.spec = spec;
}

/** Window glass: dark, with the paler shapes of seats low in it, mirroring the sky. */
export function window(s: Surface, seats: number): void {
  const k = 0.012 + 0.03 * Math.max(0, Math.min(1, seats));
  set(s, [k, k * 1.05, k * 1.12], 0.1, 0.12);
  s.gloss = 200;
}

export const paintwork = (metallic: boolean): Material => ({
  ...lacquer,
  mirror: metallic ? 0.1 : 0.055,
  spec: metallic ? 0.3 : 0.35,
  gloss: metallic ? 40 : 110,
});
