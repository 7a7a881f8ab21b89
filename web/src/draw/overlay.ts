import type { Box, Point } from '../../../src/contract/geometry.js';
import type { Geometry } from '../../../src/contract/http.js';
import type { LiveTrack } from '../../../src/contract/live.js';
import { classColour, shapeColours } from './colours.js';
import { footOf, middleOf, type Placement } from './geometry.js';
import type { Trails } from './trails.js';

/** What is drawn over the picture. */
export interface Layers {
  boxes: boolean;
  trails: boolean;
  areas: boolean;
}

export interface Overlay {
  tracks: readonly LiveTrack[];
  trails: Trails;
  /** Of the picture, ms. */
  at: number;
  geometry: Geometry;
  layers: Layers;
  /** What is written on a line: how many went over it each way. */
  lineCount(name: string): string;
  className(name: string): string;
}

/** Draws in CSS pixels: the caller has scaled the context. Text and lines carry a dark edge, so they are read on any picture. */
export function drawOverlay(context: CanvasRenderingContext2D, placement: Placement, overlay: Overlay): void {
  const scale = Math.min(1, Math.max(0.75, placement.width / 640));
  const pen = new Pen(context, placement, scale);
  if (overlay.layers.areas) drawAreas(pen, overlay);
  if (overlay.layers.trails) drawTrails(pen, overlay);
  if (overlay.layers.boxes) for (const track of overlay.tracks) drawTrack(pen, track, overlay);
}

function drawAreas(pen: Pen, { geometry, tracks, lineCount }: Overlay): void {
  if (geometry.region !== null) pen.shadeOutside(geometry.region);
  for (const mask of Object.values(geometry.masks)) pen.hatch(mask.polygon);
  for (const [name, zone] of Object.entries(geometry.zones)) {
    const isOccupied = tracks.some(({ zones }) => zones.includes(name));
    pen.polygon(zone.polygon, shapeColours.zone, isOccupied ? 0.28 : 0.1);
    pen.label(name, middleOf(zone.polygon), shapeColours.zone, 'middle');
  }
  for (const [name, line] of Object.entries(geometry.lines)) {
    pen.path([line.from, line.to], shapeColours.line, 2.5);
    pen.tick(line.from, line.to, shapeColours.line);
    pen.label(`${name} ${lineCount(name)}`.trim(), middleOf([line.from, line.to]), shapeColours.line, 'middle');
  }
}

function drawTrails(pen: Pen, { trails, at }: Overlay): void {
  for (const trail of trails.at(at)) {
    const colour = classColour(trail.class);
    for (const [index, { foot, age }] of trail.points.entries()) {
      const before = trail.points[index - 1];
      if (before) pen.path([before.foot, foot], colour, 2.5 * (1 - age) + 0.5, 1 - age);
    }
  }
}

/**
 * A box is what was seen in this very picture, dashed where it is more likely wrong than right: such a box follows the
 * object, but hardly says how large it is. Where something only should be by now stands a ring: nobody has seen it there.
 */
function drawTrack(pen: Pen, track: LiveTrack, { className }: Overlay): void {
  const colour = classColour(track.class);
  if (!track.seen) {
    pen.ring(footOf(track.box), colour);
    return;
  }
  pen.box(track.box, colour, track.sure ? 'whole' : 'dashed');
  const percent = Math.round(track.score * 100);
  pen.label(`${className(track.class)} ${percent}`, [track.box[0], track.box[1]], colour, 'above');
}

/** Fractions of the picture to strokes on the canvas. */
class Pen {
  constructor(
    readonly context: CanvasRenderingContext2D,
    readonly placement: Placement,
    readonly scale: number,
  ) {}

  x(fraction: number): number {
    return this.placement.left + fraction * this.placement.width;
  }

  y(fraction: number): number {
    return this.placement.top + fraction * this.placement.height;
  }

  path(points: readonly Point[], colour: string, width: number, opacity = 1): void {
    this.#trace(points);
    this.#strokeTwice(colour, width, opacity);
  }

  polygon(points: readonly Point[], colour: string, fill: number): void {
    const { context } = this;
    this.#trace(points);
    context.closePath();
    context.globalAlpha = fill;
    context.fillStyle = colour;
    context.fill();
    this.#strokeTwice(colour, 1.5, 0.9);
  }

  /** A line's arrow, from side a to side b, at its middle. */
  tick(from: Point, to: Point, colour: string): void {
    const [dx, dy] = [this.x(to[0]) - this.x(from[0]), this.y(to[1]) - this.y(from[1])];
    const length = Math.hypot(dx, dy) || 1;
    const [nx, ny] = [-dy / length, dx / length]; // right of the line's direction, as y points down
    const [x, y] = [(this.x(from[0]) + this.x(to[0])) / 2, (this.y(from[1]) + this.y(to[1])) / 2];
    const reach = 14 * this.scale;
    const { context } = this;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + nx * reach, y + ny * reach);
    context.moveTo(x + nx * reach - (nx * 0.5 - ny * 0.4) * 8, y + ny * reach - (ny * 0.5 + nx * 0.4) * 8);
    context.lineTo(x + nx * reach, y + ny * reach);
    context.lineTo(x + nx * reach - (nx * 0.5 + ny * 0.4) * 8, y + ny * reach - (ny * 0.5 - nx * 0.4) * 8);
    this.#strokeTwice(colour, 2, 1);
  }

  box([left, top, right, bottom]: Box, colour: string, outline: 'whole' | 'dashed'): void {
    const { context } = this;
    const [x, y] = [this.x(left), this.y(top)];
    const [width, height] = [this.x(right) - x, this.y(bottom) - y];
    if (outline === 'dashed') context.setLineDash([6 * this.scale, 5 * this.scale]);
    context.globalAlpha = 0.55;
    context.lineWidth = 4 * this.scale;
    context.strokeStyle = '#000';
    context.strokeRect(x, y, width, height);
    context.globalAlpha = 1;
    context.lineWidth = 2 * this.scale;
    context.strokeStyle = colour;
    context.strokeRect(x, y, width, height);
    context.setLineDash([]);
  }

  ring(at: Point, colour: string): void {
    const { context } = this;
    context.beginPath();
    context.arc(this.x(at[0]), this.y(at[1]), 5 * this.scale, 0, 2 * Math.PI);
    this.#strokeTwice(colour, 1.5, 0.8);
  }

  label(text: string, at: Point, colour: string, where: 'above' | 'middle'): void {
    const { context, placement } = this;
    const size = Math.round(13 * this.scale);
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.textBaseline = 'middle';
    const [width, height] = [context.measureText(text).width + 10, size + 7];
    const left = where === 'above' ? this.x(at[0]) - 1 : this.x(at[0]) - width / 2;
    const top = where === 'above' ? this.y(at[1]) - height - 2 : this.y(at[1]) - height / 2;
    const x = Math.max(placement.left, Math.min(left, placement.left + placement.width - width));
    const y = Math.max(placement.top, Math.min(top, placement.top + placement.height - height));
    context.globalAlpha = 0.78;
    context.fillStyle = '#0b0e0f';
    context.beginPath();
    context.roundRect(x, y, width, height, 4);
    context.fill();
    context.globalAlpha = 1;
    context.fillStyle = colour;
    context.fillText(text, x + 5, y + height / 2 + 0.5);
  }

  /** All but the analysed part of the picture lies in shade. */
  shadeOutside([left, top, right, bottom]: Box): void {
    const { context, placement } = this;
    context.globalAlpha = 0.45;
    context.fillStyle = '#000';
    context.beginPath();
    context.rect(placement.left, placement.top, placement.width, placement.height);
    context.rect(this.x(left), this.y(top), this.x(right) - this.x(left), this.y(bottom) - this.y(top));
    context.fill('evenodd');
    context.globalAlpha = 1;
  }

  /** Where nothing is told: dark, with slanting lines. */
  hatch(points: readonly Point[]): void {
    const { context } = this;
    context.save();
    this.#trace(points);
    context.closePath();
    context.clip();
    context.globalAlpha = 0.5;
    context.fillStyle = '#000';
    context.fill();
    const xs = points.map(([x]) => this.x(x));
    const ys = points.map(([, y]) => this.y(y));
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    context.globalAlpha = 0.5;
    context.strokeStyle = '#fff';
    context.lineWidth = 1;
    context.beginPath();
    for (let x = left - (bottom - top); x < right; x += 9) {
      context.moveTo(x, bottom);
      context.lineTo(x + (bottom - top), top);
    }
    context.stroke();
    context.restore();
  }

  #trace(points: readonly Point[]): void {
    this.context.beginPath();
    for (const [index, [x, y]] of points.entries()) {
      if (index === 0) this.context.moveTo(this.x(x), this.y(y));
      else this.context.lineTo(this.x(x), this.y(y));
    }
  }

  #strokeTwice(colour: string, width: number, opacity: number): void {
    const { context } = this;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.globalAlpha = 0.45 * opacity;
    context.lineWidth = (width + 2) * this.scale;
    context.strokeStyle = '#000';
    context.stroke();
    context.globalAlpha = opacity;
    context.lineWidth = width * this.scale;
    context.strokeStyle = colour;
    context.stroke();
    context.globalAlpha = 1;
  }
}
