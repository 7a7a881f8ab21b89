import type { SKRSContext2D } from '@napi-rs/canvas';
import { hex } from '../colour.js';
import { matt } from '../material.js';
import type { Mesh } from '../mesh.js';
import type { Random } from '../random.js';
import { Texture } from '../texture.js';
import type { Vec3 } from '../vector.js';

const WALLS = [
  '#b9a58c',
  '#a8583f',
  '#8f4a38',
  '#d8cdb8',
  '#c9b89a',
  '#9aa0a0',
  '#e2ddd0',
  '#b8845c',
  '#7a6a5c',
  '#c8b0a0',
  '#a0a890',
  '#d0b080',
];
const FRAMES = ['#f0eee8', '#f0eee8', '#3a3d40', '#5a4632', '#2f4a3c'];
const DOORS = ['#2c3e34', '#5a2222', '#22364f', '#4a3626', '#8a8d8a', '#7a5a30'];
const SIGNS = ['#1f3a5a', '#6a1f22', '#20402c', '#c8902a', '#33363a', '#d8d4c8', '#4a2a4f'];
const ROOFS = ['#6a3f30', '#54453c', '#4a4c50', '#7a5040', '#3c3e42'];

/** A house whose front is at y = `front` from x1 to x2. */
export function drawHouse(mesh: Mesh, random: Random, x1: number, x2: number, front: number, scale: number): void {
  const width = x2 - x1;
  const floors = random.pick([2, 2, 2, 3, 3, 4]);
  const floorHeight = random.range(2.8, 3.3);
  const height = floors * floorHeight + 0.5;
  const wall = random.pick(WALLS);
  const shop = random.chance(0.4);
  const texture = new Texture(width, height, scale, (ctx) =>
    facade(ctx, random, width, height, floors, floorHeight, wall, shop),
  );
  mesh.paint({ ...matt, texture }, [1, 1, 1]);
  const loc = (x: number, z: number): Vec3 => [x - x1, height - z, 0];
  mesh.quad(
    [
      [x1, front, 0],
      [x2, front, 0],
      [x2, front, height],
      [x1, front, height],
    ],
    [loc(x1, 0), loc(x2, 0), loc(x2, height), loc(x1, height)],
  );
  const depth = random.range(8, 11);
  const plain = hex(wall);
  mesh.paint({ ...matt, bump: 0.2, bumpScale: 8 }, plain);
  mesh.quad([
    [x2, front, 0],
    [x2, front + depth, 0],
    [x2, front + depth, height],
    [x2, front, height],
  ]);
  mesh.quad([
    [x1, front + depth, 0],
    [x1, front, 0],
    [x1, front, height],
    [x1, front + depth, height],
  ]);
  if (random.chance(0.7)) {
    const rise = random.range(1.8, 3.2);
    const roof = random.pick(ROOFS);
    const tiles = new Texture(width + 0.4, 5, scale * 0.7, (ctx) => {
      ctx.fillStyle = roof;
      ctx.fillRect(0, 0, width + 1, 5);
      for (let y = 0; y < 5; y += 0.25) {
        for (let x = 0; x < width + 1; x += 0.3) {
          ctx.fillStyle = random.chance(0.5)
            ? `rgba(0,0,0,${random.range(0, 0.22)})`
            : `rgba(255,230,200,${random.range(0, 0.12)})`;
          ctx.fillRect(x, y, 0.28, 0.22);
        }
        ctx.fillStyle = 'rgba(0,0,0,.3)';
        ctx.fillRect(0, y, width + 1, 0.03);
      }
    });
    mesh.paint({ ...matt, texture: tiles }, [1, 1, 1]);
    mesh.quad(
      [
        [x1 - 0.2, front - 0.35, height - 0.1],
        [x2 + 0.2, front - 0.35, height - 0.1],
        [x2 + 0.2, front + depth / 2, height + rise],
        [x1 - 0.2, front + depth / 2, height + rise],
      ],
      [
        [0, 5, 0],
        [width + 0.4, 5, 0],
        [width + 0.4, 0, 0],
        [0, 0, 0],
      ],
    );
    mesh.paint(matt, plain);
    for (const x of [x1, x2])
      mesh.quad([
        [x, front, height - 0.1],
        [x, front + depth, height - 0.1],
        [x, front + depth / 2, height + rise],
        [x, front + depth / 2, height + rise],
      ]);
    mesh.paint(matt, [0.3, 0.3, 0.3]);
    mesh.box([(x1 + x2) / 2, front - 0.36, height - 0.16], [width + 0.4, 0.12, 0.12]);
    if (random.chance(0.6)) {
      mesh.paint({ ...matt, bump: 0.3, bumpScale: 6 }, hex('#7a4a3a'));
      mesh.box([random.range(x1 + 1, x2 - 1), front + depth / 2 - 0.5, height + rise + 0.1], [0.8, 0.8, 1.6]);
    }
  } else {
    mesh.paint(matt, [0.35, 0.34, 0.33]);
    mesh.box([(x1 + x2) / 2, front - 0.08, height], [width + 0.1, 0.4, 0.3]);
  }
  if (shop && random.chance(0.6)) {
    const stripe = hex(random.pick(SIGNS));
    mesh.paint(
      {
        ...matt,
        twoSided: true,
        shade: (s) => {
          if (Math.sin(s.x * 9) > 0) {
            s.r = stripe[0];
            s.g = stripe[1];
            s.b = stripe[2];
          }
        },
      },
      [0.75, 0.73, 0.68],
    );
    const a = x1 + 0.5;
    const b = x2 - 0.5;
    mesh.quad([
      [a, front - 1.2, 2.35],
      [b, front - 1.2, 2.35],
      [b, front - 0.02, 2.85],
      [a, front - 0.02, 2.85],
    ]);
    mesh.quad([
      [a, front - 1.2, 2.15],
      [b, front - 1.2, 2.15],
      [b, front - 1.2, 2.35],
      [a, front - 1.2, 2.35],
    ]);
  }
}

function facade(
  ctx: SKRSContext2D,
  random: Random,
  width: number,
  height: number,
  floors: number,
  floorHeight: number,
  wall: string,
  shop: boolean,
): void {
  ctx.fillStyle = wall;
  ctx.fillRect(0, 0, width, height);
  const brick = random.chance(0.45);
  if (brick) {
    for (let y = 0, row = 0; y < height; y += 0.1, row++) {
      for (let x = (row % 2) * -0.13; x < width; x += 0.26) {
        ctx.fillStyle = random.chance(0.5)
          ? `rgba(0,0,0,${random.range(0, 0.2)})`
          : `rgba(255,235,215,${random.range(0, 0.13)})`;
        ctx.fillRect(x + 0.01, y + 0.01, 0.24, 0.08);
      }
    }
  } else {
    for (let i = 0; i < width * height * 1.5; i++) {
      ctx.fillStyle = random.chance(0.5)
        ? `rgba(0,0,0,${random.range(0, 0.04)})`
        : `rgba(255,255,255,${random.range(0, 0.05)})`;
      ctx.beginPath();
      ctx.ellipse(
        random.range(0, width),
        random.range(0, height),
        random.range(0.2, 1.2),
        random.range(0.2, 1.6),
        0,
        0,
        7,
      );
      ctx.fill();
    }
  }
  // Damp from the ground, dirt from the eaves.
  const damp = ctx.createLinearGradient(0, height - 1, 0, height);
  damp.addColorStop(0, 'rgba(0,0,0,0)');
  damp.addColorStop(1, 'rgba(20,18,14,.4)');
  ctx.fillStyle = damp;
  ctx.fillRect(0, height - 1, width, 1);
  const eaves = ctx.createLinearGradient(0, 0, 0, 0.9);
  eaves.addColorStop(0, 'rgba(0,0,0,.4)');
  eaves.addColorStop(1, 'rgba(0,0,0,0)');
  ctx.fillStyle = eaves;
  ctx.fillRect(0, 0, width, 0.9);
  const frame = random.pick(FRAMES);
  const bays = Math.max(2, Math.round(width / random.range(2.1, 2.8)));
  const bay = width / bays;
  const w = Math.min(1.3, bay * random.range(0.42, 0.58));
  const h = floorHeight * random.range(0.48, 0.6);
  const lit = random.range(0, 0.15);
  for (let f = 0; f < floors; f++) {
    const top = 0.75 + f * floorHeight;
    if (shop && f === floors - 1) continue;
    for (let b = 0; b < bays; b++) {
      const x = (b + 0.5) * bay - w / 2;
      if (f === floors - 1 && b === Math.floor(bays / 2)) {
        door(ctx, random, x + w / 2 - 0.5, height - 2.3, 1, 2.3);
        continue;
      }
      pane(ctx, random, x, top, w, h, frame, lit);
    }
  }
  if (shop) {
    const top = height - 2.9;
    ctx.fillStyle = random.pick(SIGNS);
    ctx.fillRect(0.25, top - 0.35, width - 0.5, 0.6);
    ctx.fillStyle = 'rgba(240,235,215,.9)';
    // Letters that are no letters: a name nobody has to own.
    let x = width * 0.25;
    while (x < width * 0.75) {
      const k = random.range(0.1, 0.26);
      ctx.fillRect(x, top - 0.22 + random.range(0, 0.06), k * 0.3, 0.34);
      ctx.fillRect(x, top - 0.22 + random.pick([0, 0.14, 0.28]), k, 0.07);
      x += k + 0.09;
    }
    ctx.fillStyle = random.pick(['#3a3632', '#4a4d50', '#6a5a48', '#26302c']);
    ctx.fillRect(0.25, top + 0.25, width - 0.5, 2.65);
    const doorAt = random.chance(0.5) ? 0.5 : width - 1.6;
    for (let gx = 0.45; gx < width - 0.6; gx += 1.7) {
      const gw = Math.min(1.55, width - 0.5 - gx);
      if (gw < 0.5) break;
      pane(ctx, random, gx, top + 0.4, gw, 1.9, '#2a2a2a', 0.4);
    }
    door(ctx, random, doorAt, height - 2.35, 1.1, 2.35);
  }
}

function pane(
  ctx: SKRSContext2D,
  random: Random,
  x: number,
  y: number,
  w: number,
  h: number,
  frame: string,
  lit: number,
): void {
  ctx.fillStyle = 'rgba(0,0,0,.35)';
  ctx.fillRect(x - 0.05, y - 0.03, w + 0.14, h + 0.12);
  ctx.fillStyle = frame;
  ctx.fillRect(x - 0.07, y - 0.07, w + 0.14, h + 0.14);
  const g = ctx.createLinearGradient(x, y, x + w * 0.6, y + h);
  if (random.chance(lit)) {
    g.addColorStop(0, '#c9a868');
    g.addColorStop(1, '#8a6a3c');
  } else {
    const k = random.range(0.7, 1.3);
    g.addColorStop(0, `rgb(${92 * k},${108 * k},${122 * k})`);
    g.addColorStop(0.45, `rgb(${50 * k},${58 * k},${66 * k})`);
    g.addColorStop(1, `rgb(${26 * k},${30 * k},${34 * k})`);
  }
  ctx.fillStyle = g;
  ctx.fillRect(x, y, w, h);
  if (random.chance(0.5)) {
    ctx.fillStyle = `rgba(225,218,205,${random.range(0.25, 0.7)})`;
    const c = w * random.range(0.15, 0.3);
    ctx.fillRect(x, y, c, h);
    ctx.fillRect(x + w - c, y, c, h);
  } else if (random.chance(0.3)) {
    ctx.fillStyle = `rgba(215,212,205,${random.range(0.5, 0.9)})`;
    ctx.fillRect(x, y, w, h * random.range(0.2, 0.7));
  }
  ctx.fillStyle = frame;
  if (w > 0.8) ctx.fillRect(x + w / 2 - 0.025, y, 0.05, h);
  if (random.chance(0.5)) ctx.fillRect(x, y + h * 0.35, w, 0.04);
  ctx.fillStyle = 'rgba(230,226,218,.85)';
  ctx.fillRect(x - 0.12, y + h + 0.06, w + 0.24, 0.08);
  ctx.fillStyle = 'rgba(0,0,0,.25)';
  ctx.fillRect(x - 0.1, y + h + 0.14, w + 0.2, 0.06);
}

function door(ctx: SKRSContext2D, random: Random, x: number, y: number, w: number, h: number): void {
  ctx.fillStyle = '#d8d4c8';
  ctx.fillRect(x - 0.1, y - 0.1, w + 0.2, h + 0.1);
  const colour = random.pick(DOORS);
  ctx.fillStyle = colour;
  ctx.fillRect(x, y, w, h);
  ctx.fillStyle = 'rgba(0,0,0,.28)';
  for (const [px, py] of [
    [0.12, 0.15],
    [0.56, 0.15],
    [0.12, 0.55],
    [0.56, 0.55],
  ] as const)
    ctx.fillRect(x + px * w, y + py * h, 0.32 * w, 0.32 * h);
  ctx.fillStyle = '#c8a850';
  ctx.fillRect(x + w * 0.86, y + h * 0.52, 0.06, 0.06);
  ctx.fillStyle = 'rgba(90,100,110,.9)';
  ctx.fillRect(x + 0.08, y + 0.06, w - 0.16, 0.22);
}
