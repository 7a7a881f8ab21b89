import type { Colour } from './colour.js';
import { blend, hex, shade } from './colour.js';
import type { Random } from './random.js';
import { normalize, type Vec3 } from './vector.js';

export interface Light {
  /** Unit direction towards the sun. */
  sun: Vec3;
  sunColour: Colour;
  zenith: Colour;
  horizon: Colour;
  /** What the ground sends back up. */
  bounce: Colour;
  /** Half-width of a shadow's soft edge, metres. */
  softness: number;
  /** How dark it gets where something touches the ground, 0..1. */
  contact: number;
  /** Distance over which haze takes two thirds of the contrast, metres. */
  haze: number;
  /** 0 clear, 1 overcast. */
  cloud: number;
  night: boolean;
}

export type Weather = 'sunny' | 'bright' | 'overcast' | 'evening' | 'dusk';

/** Light for a kind of weather. `azimuth` is where the sun stands, radians from +x towards +y. */
export function weather(kind: Weather, azimuth: number, elevation: number): Light {
  const direction = (a: number, e: number): Vec3 =>
    normalize([Math.cos(a) * Math.cos(e), Math.sin(a) * Math.cos(e), Math.sin(e)]);
  const day = { night: false, bounce: [0.16, 0.15, 0.13] as Colour };
  switch (kind) {
    case 'sunny':
      return {
        ...day,
        sun: direction(azimuth, elevation),
        sunColour: [2.5, 2.3, 2.0],
        zenith: [0.3, 0.48, 0.85],
        horizon: [0.85, 0.95, 1.1],
        softness: 0.05,
        contact: 0.5,
        haze: 260,
        cloud: 0.25,
      };
    case 'bright':
      return {
        ...day,
        sun: direction(azimuth, elevation),
        sunColour: [1.35, 1.28, 1.18],
        zenith: [0.65, 0.75, 0.92],
        horizon: [1.0, 1.02, 1.06],
        softness: 0.16,
        contact: 0.55,
        haze: 200,
        cloud: 0.65,
      };
    case 'overcast':
      return {
        ...day,
        sun: direction(azimuth, 1.2),
        sunColour: [0.45, 0.46, 0.47],
        zenith: [0.82, 0.86, 0.92],
        horizon: [0.78, 0.8, 0.83],
        softness: 0.45,
        contact: 0.7,
        haze: 130,
        cloud: 1,
      };
    case 'evening':
      return {
        ...day,
        sun: direction(azimuth, 0.32),
        sunColour: [2.2, 1.45, 0.8],
        zenith: [0.28, 0.36, 0.6],
        horizon: [1.05, 0.85, 0.65],
        softness: 0.08,
        contact: 0.5,
        haze: 150,
        cloud: 0.4,
        bounce: [0.14, 0.12, 0.09],
      };
    case 'dusk':
      return {
        night: true,
        bounce: [0.06, 0.055, 0.05],
        sun: direction(azimuth, 1.1),
        sunColour: [0.2, 0.18, 0.15],
        zenith: [0.16, 0.2, 0.33],
        horizon: [0.34, 0.33, 0.38],
        softness: 0.4,
        contact: 0.6,
        haze: 120,
        cloud: 0.7,
      };
  }
}

export function randomLight(random: Random): Light {
  const kind = random.pick<Weather>(['sunny', 'sunny', 'bright', 'bright', 'overcast', 'overcast', 'evening', 'dusk']);
  const light = weather(kind, random.range(0, Math.PI * 2), random.range(0.45, 1.15));
  const tint = random.pick([hex('#ffffff'), hex('#fff3e4'), hex('#eaf2ff')]);
  return {
    ...light,
    sunColour: [light.sunColour[0] * tint[0], light.sunColour[1] * tint[1], light.sunColour[2] * tint[2]],
  };
}

/** What a mirror pointing at `d` shows, without the things themselves: sky, a band of roofs, the ground. */
export function surroundings(light: Light, dx: number, dy: number, dz: number): Colour {
  if (dz < -0.02) return shade(light.bounce, 0.9 + 0.5 * dz);
  const sky = blend(light.horizon, light.zenith, Math.sqrt(Math.max(0, dz)));
  // Roofs and trees stand in front of the lowest sky; their outline changes around the compass.
  const roof = 0.24 + 0.1 * Math.sin(Math.atan2(dy, dx) * 5) + 0.05 * Math.sin(Math.atan2(dy, dx) * 13 + 1);
  if (dz < roof) return shade(sky, 0.32 + 0.1 * Math.max(0, dz / roof));
  return sky;
}
