import { Mesh } from '../mesh.js';
import type { Random } from '../random.js';
import type { Vec3 } from '../vector.js';
import type { Contact } from '../view.js';
import {
  drawBench,
  drawBin,
  drawBollard,
  drawFence,
  drawHydrant,
  drawLamp,
  drawPot,
  drawSign,
  drawTrafficLight,
} from './furniture.js';
import { drawGround, type GroundLook } from './ground.js';
import { drawHouse } from './house.js';
import { groundHeight, type Layout } from './layout.js';
import { drawBush, drawHedge, drawTree } from './plants.js';

export interface Scenery {
  mesh: Mesh;
  contacts: Contact[];
  layout: Layout;
  fixtures: readonly Fixture[];
}

export interface Fixture {
  kind: 'tree' | 'lamp' | 'bench' | 'bin' | 'sign' | 'bollard' | 'hydrant' | 'pot' | 'light' | 'bush';
  x: number;
  y: number;
  /** Radians, where it matters. */
  heading?: number;
  /** Metres, where it matters. */
  height?: number;
}

export interface Detail {
  /** Texture pixels a metre. */
  texture: number;
  /** 1: leaves as for the clip. */
  leaves: number;
}

/** Builds the street: ground, a row of houses with gaps, and the fixtures asked for. */
export function buildStreet(
  random: Random,
  layout: Layout,
  ground: GroundLook,
  fixtures: readonly Fixture[],
  detail: Detail,
): Scenery {
  const mesh = new Mesh();
  mesh.begin(0).place([0, 0, 0]);
  drawGround(mesh, layout, ground, random.fork(), detail.texture);
  const contacts: Contact[] = [];
  const houses = random.fork();
  const kerb = groundHeight(layout, layout.houses);
  for (let x = layout.from - 6; x < layout.to + 10; ) {
    const width = houses.range(6, 10.5);
    if (houses.chance(0.82)) {
      drawHouse(mesh, houses.fork(), x, x + width, layout.houses + houses.pick([0, 0, 0.6]), detail.texture * 0.8);
      contacts.push({ x: x + width / 2, y: layout.houses, rx: width / 2, ry: 0.8, heading: 0 });
    } else {
      const green = houses.fork();
      drawHedge(
        mesh,
        green,
        [x, layout.houses + 0.4, kerb],
        [x + width, layout.houses + 0.4, kerb],
        green.range(1.1, 1.9),
        detail.leaves * 0.6,
      );
      drawTree(mesh, green, [x + width / 2, layout.houses + 4, kerb], green.range(6, 9), detail.leaves);
      drawHouse(mesh, green, x - 2, x + width + 2, layout.houses + 14, detail.texture * 0.5);
    }
    x += width + houses.pick([0, 0, 0, 1.2]);
  }
  if (layout.verge === 'grass' && random.chance(0.5)) {
    const fence = random.fork();
    const from = fence.range(layout.from, layout.to - 10);
    drawFence(mesh, fence, from, from + fence.range(6, 14), layout.houses - 1.2, kerb);
  }
  for (const f of fixtures) drawFixture(mesh, random.fork(), layout, f, detail, contacts);
  return { mesh, contacts, layout, fixtures };
}

function drawFixture(
  mesh: Mesh,
  random: Random,
  layout: Layout,
  f: Fixture,
  detail: Detail,
  contacts: Contact[],
): void {
  const at: Vec3 = [f.x, f.y, groundHeight(layout, f.y)];
  const contact = (rx: number, ry = rx): number => contacts.push({ x: f.x, y: f.y, rx, ry, heading: f.heading ?? 0 });
  switch (f.kind) {
    case 'tree':
      drawTree(mesh, random, at, f.height ?? 7, detail.leaves);
      contact(0.45);
      break;
    case 'lamp':
      drawLamp(mesh, at, f.y > 0 ? -1 : 1, f.height ?? 6);
      contact(0.25);
      break;
    case 'bench':
      drawBench(mesh, at, f.heading ?? 0);
      contact(0.5, 1);
      break;
    case 'bin':
      drawBin(mesh, random, at);
      contact(0.42);
      break;
    case 'sign':
      drawSign(mesh, random, at);
      break;
    case 'bollard':
      drawBollard(mesh, at);
      contact(0.2);
      break;
    case 'hydrant':
      drawHydrant(mesh, at);
      contact(0.26);
      break;
    case 'pot':
      drawPot(mesh, at);
      drawBush(mesh, random, [at[0], at[1], at[2] + 0.5], 0.42, detail.leaves);
      contact(0.45);
      break;
    case 'light':
      drawTrafficLight(mesh, random, at);
      break;
    case 'bush':
      drawBush(mesh, random, at, f.height ?? 0.7, detail.leaves);
      contact(0.8);
      break;
  }
}
