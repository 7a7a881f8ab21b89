/** The street's plan. The road runs along x; y grows away from the camera. Metres. */
export interface Layout {
  /** The road lies between these. */
  roadNear: number;
  roadFar: number;
  /** Outer edges of the pavements. */
  pavementNear: number;
  pavementFar: number;
  /** Where the house fronts stand. */
  houses: number;
  /** Height of the pavement over the road. */
  kerb: number;
  /** Middle of the zebra crossing, or undefined without one. */
  crossing?: number;
  /** What lies between pavement and houses, and on the camera's side. */
  verge: 'grass' | 'paved';
  /** No road at all: a square or a yard. */
  square: boolean;
  /** The drawn part of the street along x. */
  from: number;
  to: number;
}

/** Height of the ground at y, metres; the kerb is a short ramp, so that feet do not jump. */
export function groundHeight(layout: Layout, y: number): number {
  if (layout.square) return 0;
  const ramp = 0.25;
  if (y >= layout.roadFar) return layout.kerb * Math.min(1, (y - layout.roadFar) / ramp);
  if (y <= layout.roadNear) return layout.kerb * Math.min(1, (layout.roadNear - y) / ramp);
  return 0;
}
