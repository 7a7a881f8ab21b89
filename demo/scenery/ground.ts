import type { SKRSContext2D } from '@napi-rs/canvas';
import type { Colour } from '../colour.js';
import type { Material } from '../material.js';
import type { Mesh } from '../mesh.js';
import { fractal, noise3 } from '../noise.js';
import type { Random } from '../random.js';
import { Texture } from '../texture.js';
import type { Vec3 } from '../vector.js';
import type { Layout } from './layout.js';

const css = (grey: number, warm = 0, alpha = 1): string =>
  `rgba(${Math.round(grey + warm)},${Math.round(grey + warm * 0.4)},${Math.round(grey - warm)},${alpha})`;

export interface GroundLook {
  asphalt: number;
  slab: number;
  warm: number;
  grass: readonly [number, number, number];
  slabSize: number;
  /** 0 dry .. 1 wet: wet ground mirrors. */
  wet: number;
  wear: number;
}

export function randomGround(random: Random): GroundLook {
  return {
    asphalt: random.range(70, 128),
    slab: random.range(120, 178),
    warm: random.range(-4, 14),
    grass: [random.range(60, 105), random.range(92, 128), random.range(38, 66)],
    slabSize: random.pick([0.5, 0.75, 1]),
    wet: random.chance(0.15) ? random.range(0.3, 0.8) : 0,
    wear: random.range(0.5, 1.5),
  };
}

/** Lays the ground: a drawn middle part and plain land to the horizon. */
export function drawGround(mesh: Mesh, layout: Layout, look: GroundLook, random: Random, scale: number): void {
  const y0 = layout.pavementNear - 6;
  const y1 = layout.houses + 0.5;
  const texture = new Texture(layout.to - layout.from, y1 - y0, scale, (ctx) => {
    // The picture's y runs down, the world's away from the camera; drawn in world coordinates.
    ctx.translate(-layout.from, y1);
    ctx.scale(1, -1);
    paintStreet(ctx, layout, look, random, y0, y1);
  });
  const wet = look.wet;
  const grain = (s: {
    x: number;
    y: number;
    r: number;
    g: number;
    b: number;
    wx: number;
    wy: number;
    distance: number;
    mirror: number;
    nx: number;
    ny: number;
    nz: number;
  }): void => {
    const fade = Math.min(1, 9 / s.distance);
    const k =
      1 + (noise3(s.wx * 45, s.wy * 45, 1) - 0.5) * 0.35 * fade + (fractal(s.wx * 1.3, s.wy * 1.3, 4) - 0.5) * 0.3;
    s.r *= k;
    s.g *= k;
    s.b *= k;
    if (wet > 0) {
      const puddle = Math.max(0, Math.min(1, (fractal(s.wx * 0.5, s.wy * 0.5, 8) - 0.42) * 6)) * wet;
      s.r *= 1 - 0.45 * puddle;
      s.g *= 1 - 0.45 * puddle;
      s.b *= 1 - 0.45 * puddle;
      s.mirror = 0.16 * puddle;
    }
  };
  const material: Material = { spec: 0.02, gloss: 10, mirror: 0, texture, shade: grain };
  mesh.paint(material, [1, 1, 1]);
  const strip = (ya: number, yb: number, za: number, zb: number): void => {
    for (let x = layout.from; x < layout.to - 1e-6; x += 4) {
      const xe = Math.min(layout.to, x + 4);
      const corners: [Vec3, Vec3, Vec3, Vec3] = [
        [x, ya, za],
        [xe, ya, za],
        [xe, yb, zb],
        [x, yb, zb],
      ];
      const loc = (p: Vec3): Vec3 => [p[0] - layout.from, y1 - p[1], 0];
      mesh.quad(corners, [loc(corners[0]), loc(corners[1]), loc(corners[2]), loc(corners[3])]);
    }
  };
  if (layout.square) {
    for (let y = y0; y < y1; y += 4) strip(y, Math.min(y1, y + 4), 0, 0);
  } else {
    const k = layout.kerb;
    for (let y = y0; y < layout.roadNear; y += 3) strip(y, Math.min(layout.roadNear, y + 3), k, k);
    strip(layout.roadNear, layout.roadNear + 0.02, k, 0);
    for (let y = layout.roadNear; y < layout.roadFar; y += 3) strip(y, Math.min(layout.roadFar, y + 3), 0, 0);
    strip(layout.roadFar - 0.02, layout.roadFar, 0, k);
    for (let y = layout.roadFar; y < y1; y += 3) strip(y, Math.min(y1, y + 3), k, k);
  }
  // Plain land around, a hand lower so that it never shows through.
  const land: Colour = [0.12, 0.12, 0.11];
  mesh.paint({ spec: 0, gloss: 4, mirror: 0, shade: grain }, land);
  const far = 160;
  for (const [ax, bx, ay, by] of [
    [layout.from - far, layout.from, y0, y1],
    [layout.to, layout.to + far, y0, y1],
    [layout.from - far, layout.to + far, y1, y1 + far],
    [layout.from - far, layout.to + far, y0 - 30, y0],
  ] as const) {
    for (let x = ax; x < bx; x += 20) {
      for (let y = ay; y < by; y += 20) {
        const xe = Math.min(bx, x + 20);
        const ye = Math.min(by, y + 20);
        mesh.quad([
          [x, y, -0.02],
          [xe, y, -0.02],
          [xe, ye, -0.02],
          [x, ye, -0.02],
        ]);
      }
    }
  }
}

function paintStreet(
  ctx: SKRSContext2D,
  layout: Layout,
  look: GroundLook,
  random: Random,
  y0: number,
  y1: number,
): void {
  const { from, to } = layout;
  const long = to - from;
  const rect = (ya: number, yb: number, style: string): void => {
    ctx.fillStyle = style;
    ctx.fillRect(from, ya, long, yb - ya);
  };
  const blotches = (ya: number, yb: number, count: number, size: number, strength: number): void => {
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, ya, long, yb - ya);
    ctx.clip();
    for (let i = 0; i < count; i++) {
      ctx.fillStyle = random.chance(0.5)
        ? `rgba(0,0,0,${random.range(0.01, strength)})`
        : `rgba(255,250,240,${random.range(0.01, strength)})`;
      ctx.beginPath();
      ctx.ellipse(
        random.range(from, to),
        random.range(ya, yb),
        size * random.range(0.3, 2.4),
        size * random.range(0.2, 0.9),
        random.range(-0.3, 0.3),
        0,
        7,
      );
      ctx.fill();
    }
    ctx.restore();
  };
  const slabs = (ya: number, yb: number): void => {
    rect(ya, yb, css(look.slab, look.warm));
    const s = look.slabSize;
    for (let x = from, column = 0; x < to; x += s, column++) {
      for (let y = ya; y < yb; y += s) {
        const k = random.range(-9, 9);
        ctx.fillStyle = css(look.slab + k, look.warm);
        ctx.fillRect(x + 0.012, y + 0.012 + (column % 2) * s * 0.5, s - 0.024, s - 0.024);
      }
    }
    ctx.strokeStyle = css(look.slab * 0.62, look.warm, 0.7);
    ctx.lineWidth = 0.022;
    ctx.beginPath();
    for (let x = from; x < to; x += s) {
      ctx.moveTo(x, ya);
      ctx.lineTo(x, yb);
    }
    for (let y = ya; y < yb; y += s) {
      ctx.moveTo(from, y);
      ctx.lineTo(to, y);
    }
    ctx.stroke();
    blotches(ya, yb, long * 1.2, 0.5, 0.05);
  };
  const grass = (ya: number, yb: number): void => {
    const [r, g, b] = look.grass;
    rect(ya, yb, `rgb(${r},${g},${b})`);
    for (let i = 0; i < long * (yb - ya) * 14; i++) {
      const k = random.range(0.65, 1.3);
      ctx.fillStyle = `rgba(${r * k},${g * k},${b * k * 0.9},.6)`;
      ctx.fillRect(random.range(from, to), random.range(ya, yb), random.range(0.02, 0.08), random.range(0.03, 0.14));
    }
    blotches(ya, yb, long, 0.8, 0.07);
  };
  const asphalt = (ya: number, yb: number): void => {
    rect(ya, yb, css(look.asphalt, look.warm * 0.3));
    blotches(ya, yb, long * 3, 0.7, 0.035);
    for (let i = 0; i < 5 * look.wear; i++) {
      const k = random.range(-16, 12);
      ctx.fillStyle = css(look.asphalt + k, 0, 0.8);
      const h = random.range(0.5, 1.6);
      ctx.fillRect(random.range(from, to), random.range(ya, Math.max(ya, yb - h)), random.range(1, 7), h);
    }
    ctx.strokeStyle = css(look.asphalt * 0.55, 0, 0.65);
    for (let i = 0; i < long * 0.25 * look.wear; i++) {
      let x = random.range(from, to);
      let y = random.range(ya, yb);
      ctx.lineWidth = random.range(0.012, 0.035);
      ctx.beginPath();
      ctx.moveTo(x, y);
      for (let k = 0; k < 7; k++) {
        x += random.range(-0.1, 0.6);
        y = Math.max(ya, Math.min(yb, y + random.range(-0.25, 0.25)));
        ctx.lineTo(x, y);
      }
      ctx.stroke();
    }
  };
  if (layout.verge === 'grass') {
    grass(y0, layout.pavementNear);
    grass(layout.pavementFar, y1);
  } else {
    slabs(y0, y1);
  }
  if (layout.square) {
    if (random.chance(0.5)) asphalt(y0, y1);
    else if (layout.verge === 'grass' && random.chance(0.4)) grass(y0, y1);
    else slabs(y0, y1);
    if (random.chance(0.4)) {
      // Parking bays.
      ctx.fillStyle = 'rgba(225,225,220,.85)';
      const y = random.range(y0 + 5, y1 - 7);
      for (let x = from; x < to; x += 2.6) ctx.fillRect(x, y, 0.11, 4.8);
    }
    return;
  }
  slabs(layout.pavementNear, layout.roadNear);
  slabs(layout.roadFar, layout.pavementFar);
  asphalt(layout.roadNear, layout.roadFar);
  const middle = (layout.roadNear + layout.roadFar) / 2;
  const lane = (layout.roadFar - layout.roadNear) / 2;
  // Tyres polish two tracks a lane; oil darkens the strip between them.
  for (const centre of [middle - lane / 2, middle + lane / 2]) {
    for (const d of [-0.75, 0.75]) {
      const g = ctx.createLinearGradient(0, centre + d - 0.4, 0, centre + d + 0.4);
      g.addColorStop(0, 'rgba(0,0,0,0)');
      g.addColorStop(0.5, 'rgba(0,0,0,.09)');
      g.addColorStop(1, 'rgba(0,0,0,0)');
      ctx.fillStyle = g;
      ctx.fillRect(from, centre + d - 0.4, long, 0.8);
    }
  }
  const paint = (x: number, y: number, w: number, h: number): void => {
    ctx.fillStyle = `rgba(226,226,220,${random.range(0.78, 0.9)})`;
    ctx.fillRect(x, y, w, h);
    // Worn spots.
    for (let i = 0; i < w * h * 10 * look.wear; i++) {
      ctx.fillStyle = css(look.asphalt, 0, random.range(0.2, 0.6));
      ctx.fillRect(x + random.range(0, w), y + random.range(0, h), random.range(0.02, 0.2), random.range(0.01, 0.07));
    }
  };
  for (let x = from; x < to; x += 6) {
    if (layout.crossing !== undefined && Math.abs(x + 1.5 - layout.crossing) < 4) continue;
    paint(x, middle - 0.06, 3, 0.12);
  }
  if (layout.crossing !== undefined) {
    for (let y = layout.roadNear + 0.35; y < layout.roadFar - 0.5; y += 1) paint(layout.crossing - 1.6, y, 3.2, 0.5);
    paint(layout.crossing - 3, middle + 0.1, 0.35, lane - 0.3);
    paint(layout.crossing + 2.65, layout.roadNear + 0.2, 0.35, lane - 0.3);
  }
  // Kerbstones and gutters.
  for (const [y, out] of [
    [layout.roadNear, -1],
    [layout.roadFar, 1],
  ] as const) {
    const top = out < 0 ? y - 0.16 : y;
    ctx.fillStyle = css(look.slab + 14, look.warm);
    ctx.fillRect(from, top, long, 0.16);
    ctx.fillStyle = 'rgba(0,0,0,.35)';
    for (let x = from; x < to; x += 1) ctx.fillRect(x, top, 0.018, 0.16);
    ctx.fillStyle = css(look.asphalt * 0.72, 0, 0.75);
    ctx.fillRect(from, out < 0 ? y : y - 0.3, long, 0.3);
  }
  for (let i = 0; i < 4; i++) {
    const x = random.range(from, to);
    const y = random.range(layout.roadNear + 0.8, layout.roadFar - 0.8);
    ctx.fillStyle = css(look.asphalt * 0.62);
    ctx.beginPath();
    ctx.ellipse(x, y, 0.34, 0.34, 0, 0, 7);
    ctx.fill();
    ctx.strokeStyle = css(look.asphalt * 0.4);
    ctx.lineWidth = 0.04;
    ctx.stroke();
    ctx.lineWidth = 0.03;
    for (let k = -2; k <= 2; k++) {
      ctx.beginPath();
      ctx.moveTo(x - 0.22, y + k * 0.1);
      ctx.lineTo(x + 0.22, y + k * 0.1);
      ctx.stroke();
    }
  }
  // Fallen leaves and litter in the gutters.
  for (let i = 0; i < long * 3; i++) {
    const y = random.chance(0.5) ? layout.roadNear + random.range(-0.7, 0.5) : layout.roadFar + random.range(-0.5, 0.8);
    ctx.fillStyle = random.pick([
      'rgba(120,90,40,.7)',
      'rgba(90,100,50,.6)',
      'rgba(150,110,50,.7)',
      'rgba(60,50,40,.6)',
    ]);
    ctx.beginPath();
    ctx.ellipse(
      random.range(from, to),
      y,
      random.range(0.02, 0.06),
      random.range(0.015, 0.04),
      random.range(0, 3),
      0,
      7,
    );
    ctx.fill();
  }
}
