import type { Box } from '../../../src/contract/geometry.js';
import type { Geometry } from '../../../src/contract/http.js';
import type { Shape } from './shapes.js';

let count = 0;

/** Tells a new shape apart from all others of this page. */
export function newKey(): string {
  count += 1;
  return `shape-${count}`;
}

/** A camera's settings as shapes that can be drawn. */
export function shapesOf({ zones, lines, masks, region }: Geometry): Shape[] {
  return [
    ...(region === null ? [] : [{ key: newKey(), kind: 'region' as const, name: '', box: region }]),
    ...Object.entries(masks).map(([name, mask]) => ({
      key: newKey(),
      kind: 'mask' as const,
      name,
      points: mask.polygon,
      classes: mask.classes ?? null,
    })),
    ...Object.entries(zones).map(([name, zone]) => ({
      key: newKey(),
      kind: 'zone' as const,
      name,
      points: zone.polygon,
      classes: zone.classes ?? null,
      dwellSeconds: zone.dwellSeconds ?? null,
    })),
    ...Object.entries(lines).map(([name, line]) => ({
      key: newKey(),
      kind: 'line' as const,
      name,
      points: [line.from, line.to] as [typeof line.from, typeof line.to],
      classes: line.classes ?? null,
    })),
  ];
}

/** Shapes as the settings write them. What is not set is left out, so that the file stays short. */
export function geometryOf(shapes: readonly Shape[]): Geometry {
  const geometry: Geometry = { zones: {}, lines: {}, masks: {}, region: null };
  for (const shape of shapes) {
    switch (shape.kind) {
      case 'zone':
        geometry.zones[shape.name] = {
          polygon: shape.points,
          ...(shape.classes && { classes: shape.classes }),
          ...(shape.dwellSeconds !== null && { dwellSeconds: shape.dwellSeconds }),
        };
        break;
      case 'mask':
        geometry.masks[shape.name] = { polygon: shape.points, ...(shape.classes && { classes: shape.classes }) };
        break;
      case 'line':
        geometry.lines[shape.name] = {
          from: shape.points[0],
          to: shape.points[1],
          ...(shape.classes && { classes: shape.classes }),
        };
        break;
      case 'region':
        geometry.region = shape.box.map((edge) => Math.round(edge * 10_000) / 10_000) as Box;
        break;
    }
  }
  return geometry;
}
