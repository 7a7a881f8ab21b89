/** Linear light, 0..1 a channel. The renderer shades in linear light and only the sensor goes to sRGB. */
export type Colour = readonly [number, number, number];

export const toLinear = (s: number): number => (s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4);
export const toSrgb = (l: number): number => (l <= 0.0031308 ? l * 12.92 : 1.055 * l ** (1 / 2.4) - 0.055);

/** '#rrggbb' (as a designer writes it, sRGB) to linear light. */
export function hex(text: string): Colour {
  const n = Number.parseInt(text.slice(1), 16);
  return [toLinear(((n >> 16) & 255) / 255), toLinear(((n >> 8) & 255) / 255), toLinear((n & 255) / 255)];
}

export const shade = (c: Colour, k: number): Colour => [c[0] * k, c[1] * k, c[2] * k];
export const blend = (a: Colour, b: Colour, t: number): Colour => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
];
