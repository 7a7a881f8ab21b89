// biome-ignore-all lint/style/noNonNullAssertion: parts and coverage are numbered by this file
import type { ClassName } from './classes.js';
import { Mesh } from './mesh.js';
import { develop, type SensorSettings } from './sensor.js';
import type { Thing } from './things.js';
import type { View } from './view.js';

/** A labelled part as the camera sees it; pixels of the finished picture. */
export interface Seen {
  /** Index of the thing and of its part. */
  thing: number;
  part: number;
  class: ClassName;
  /** All of it that lies in the picture, hidden or not. */
  box: [number, number, number, number];
  /** Share of what lies in the picture that nothing hides, 0..1. */
  visible: number;
  /** Share of its full box that lies in the picture, 0..1. */
  inside: number;
}

const mesh = new Mesh();

/** Draws things into a view and develops the picture into `pixels` (RGBA). Things with nothing in the picture are left out. */
export function takePicture(
  view: View,
  things: readonly Thing[],
  sensor: SensorSettings,
  pixels: Uint8ClampedArray,
): Seen[] {
  mesh.clear();
  const parts: { thing: number; part: number; class: ClassName }[] = [];
  for (const [thing, t] of things.entries()) {
    for (const [part, p] of t.parts.entries()) {
      parts.push({ thing, part, class: p.class });
      p.draw(mesh.begin(parts.length));
    }
  }
  mesh.begin(0);
  for (const t of things) t.extra?.(mesh);
  const { picture, coverage } = view.render(
    mesh,
    things.flatMap((t) => t.contacts),
  );
  develop(picture, sensor, pixels);
  const k = 1 / sensor.factor;
  const seen: Seen[] = [];
  for (const [i, p] of parts.entries()) {
    const c = coverage.get(i + 1);
    if (!c || c.full < 4) continue;
    const whole = Math.max(1e-6, (c.wholeX2 - c.wholeX1) * (c.wholeY2 - c.wholeY1));
    seen.push({
      ...p,
      box: [c.x1 * k, c.y1 * k, c.x2 * k, c.y2 * k],
      visible: c.visible / c.full,
      inside: Math.min(1, ((c.x2 - c.x1) * (c.y2 - c.y1)) / whole),
    });
  }
  return seen;
}
