import type { Texture } from './texture.js';

/** The point being shaded. A material's `shade` may change everything but where it is. */
export interface Surface {
  /** Surface coordinates, as the mesh gave them. */
  x: number;
  y: number;
  z: number;
  /** World normal. */
  nx: number;
  ny: number;
  nz: number;
  /** World position, metres. */
  wx: number;
  wy: number;
  wz: number;
  /** Albedo, linear light. */
  r: number;
  g: number;
  b: number;
  /** Strength and sharpness of the sun's highlight. */
  spec: number;
  gloss: number;
  /** 0: matt; 1: a mirror (seen at a right angle; grazing angles reflect more). */
  mirror: number;
  /** Own light, in units of a white surface's brightness. */
  glow: number;
  /** Metres from the camera. */
  distance: number;
}

export interface Material {
  spec: number;
  gloss: number;
  mirror: number;
  /** Height of small folds and grain (no unit) and how many of them a metre has. */
  bump?: number;
  bumpScale?: number;
  /** Lit from both sides alike: leaves, cards. */
  twoSided?: boolean;
  texture?: Texture;
  /** Changes the surface by place: windows, stripes, faces. */
  shade?: (s: Surface) => void;
  /** True where there is a hole (surface coordinates). */
  cut?: (x: number, y: number, z: number) => boolean;
}

export const cloth: Material = { spec: 0.02, gloss: 8, mirror: 0, bump: 0.55, bumpScale: 16 };
export const leather: Material = { spec: 0.15, gloss: 20, mirror: 0.01 };
export const skin: Material = { spec: 0.07, gloss: 14, mirror: 0 };
export const hair: Material = { spec: 0.12, gloss: 18, mirror: 0, bump: 0.5, bumpScale: 60 };
export const fur: Material = { spec: 0.03, gloss: 10, mirror: 0, bump: 0.4, bumpScale: 45 };
export const matt: Material = { spec: 0.02, gloss: 6, mirror: 0 };
export const rubber: Material = { spec: 0.04, gloss: 8, mirror: 0 };
export const metal: Material = { spec: 0.6, gloss: 60, mirror: 0.25 };
export const lacquer: Material = { spec: 0.5, gloss: 80, mirror: 0.06 };
export const glass: Material = { spec: 0.8, gloss: 150, mirror: 0.12 };
export const bark: Material = { spec: 0, gloss: 4, mirror: 0, bump: 1.2, bumpScale: 14 };
export const leaf: Material = { spec: 0.04, gloss: 8, mirror: 0, twoSided: true };
