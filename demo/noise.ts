function hash(x: number, y: number, z: number): number {
  let h = Math.imul(x, 374761393) + Math.imul(y, 668265263) + Math.imul(z, 2147483647);
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

/** Smooth value noise in 0..1 with a cell of one unit. */
export function noise3(x: number, y: number, z: number): number {
  const xi = Math.floor(x);
  const yi = Math.floor(y);
  const zi = Math.floor(z);
  let fx = x - xi;
  let fy = y - yi;
  let fz = z - zi;
  fx = fx * fx * (3 - 2 * fx);
  fy = fy * fy * (3 - 2 * fy);
  fz = fz * fz * (3 - 2 * fz);
  const plane = (k: number): number => {
    const a = hash(xi, yi, k);
    const b = hash(xi + 1, yi, k);
    const c = hash(xi, yi + 1, k);
    const d = hash(xi + 1, yi + 1, k);
    return a + (b - a) * fx + (c - a + (a - b - c + d) * fx) * fy;
  };
  const low = plane(zi);
  return low + (plane(zi + 1) - low) * fz;
}

/** Three octaves of value noise, 0..1. */
export function fractal(x: number, y: number, z: number): number {
  return (
    noise3(x, y, z) * 0.55 + noise3(x * 2.1, y * 2.1, z * 2.1 + 7) * 0.3 + noise3(x * 4.3, y * 4.3, z * 4.3 + 3) * 0.15
  );
}

/** A repeatable number in 0..1 for a whole-numbered place (pixel noise, shadow jitter). */
export const hash01 = hash;
