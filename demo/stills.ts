// biome-ignore-all lint/style/noNonNullAssertion: weights and lists are literal
import { createCanvas } from '@napi-rs/canvas';
import { Camera } from './camera.js';
import { CLASSES, type ClassName } from './classes.js';
import { randomCat, randomDog } from './figures/animal.js';
import { bicycleHalfLength, randomBicycle } from './figures/bicycle.js';
import { carSize, randomCar } from './figures/car.js';
import { randomBus, randomTruck, truckSize } from './figures/heavy.js';
import { type Look, randomLook } from './figures/look.js';
import { randomMotorcycle } from './figures/motorcycle.js';
import { type Light, randomLight, weather } from './light.js';
import { Mesh } from './mesh.js';
import { type Seen, takePicture } from './picture.js';
import { Random } from './random.js';
import { drawBench } from './scenery/furniture.js';
import { randomGround } from './scenery/ground.js';
import { groundHeight, type Layout } from './scenery/layout.js';
import { buildStreet, type Fixture, type Scenery } from './scenery/street.js';
import { meter, type SensorSettings } from './sensor.js';
import { drawStillLife } from './still-life.js';
import {
  animal,
  bus,
  car,
  cyclist,
  lead,
  type Manner,
  motorcyclist,
  PLAIN,
  parkedBicycle,
  type Stand,
  sitter,
  type Thing,
  truck,
  walker,
} from './things.js';
import type { Vec3 } from './vector.js';
import { View } from './view.js';

/** A labelled picture, in the form of the training data's lists (boxes in pixels, the class as its number). */
export interface StillEntry {
  file: string;
  shard: string;
  width: number;
  height: number;
  source: 'demo';
  boxes: [number, number, number, number, number][];
  ignore: [number, number, number, number, number][];
  labelled: readonly ClassName[];
}

export interface Still {
  entry: StillEntry;
  jpeg: Buffer;
}

/** Less of an object than this share in sight, and it is neither a hit nor a miss. */
const LEAST_VISIBLE = 0.25;
/** Supersampling a side. */
const FACTOR = 2;
/** Every so manieth picture is a still life without any object: a hard negative. */
const STILL_LIFE_EVERY = 4;
/** Pictures taken of one scenery before the next is built: building costs as much as a picture. */
const PER_SCENERY = 2;

/** Renders still number `index` of a seed; each depends on nothing but these two. */
export class StillMaker {
  private scenery: { number: number; scenery: Scenery } | undefined;

  constructor(readonly seed: number) {}

  make(index: number): Still {
    if (index % STILL_LIFE_EVERY === STILL_LIFE_EVERY - 1) return this.makeStillLife(index);
    const number = Math.floor(index / PER_SCENERY);
    if (this.scenery?.number !== number)
      this.scenery = { number, scenery: randomScenery(new Random(this.seed * 7919 + number * 104729)) };
    const { scenery } = this.scenery;
    const random = new Random(this.seed * 15485863 + index * 32452843 + 1);
    const [width, height] = pictureSize(random);
    let camera = randomCamera(random, scenery.layout, width, height);
    // Nobody hangs a camera in the leaves.
    const blind = (c: Camera): boolean =>
      scenery.fixtures.some(
        (f) =>
          Math.hypot(f.x - c.position[0], f.y - c.position[1]) < (f.kind === 'tree' && c.position[2] > 1.8 ? 4.5 : 1.6),
      );
    for (let i = 0; i < 8 && blind(camera); i++) camera = randomCamera(random, scenery.layout, width, height);
    const light = random.chance(0.3)
      ? weather('sunny', -2.35 + random.normal() * 0.6, random.range(0.6, 1))
      : randomLight(random);
    const view = new View(camera.supersampled(FACTOR), light, scenery.mesh, scenery.contacts, {
      focus: [camera.position[0] + camera.forward[0] * 12, camera.position[1] + camera.forward[1] * 12, 0],
      reach: 46,
      shadowSize: 1024,
    });
    const things = populate(random, camera, scenery.layout);
    const canvas = createCanvas(width, height);
    const ctx = canvas.getContext('2d');
    const image = ctx.createImageData(width, height);
    const seen = takePicture(view, things, randomSensor(random, width, height, view, light), image.data);
    ctx.putImageData(image, 0, 0);
    const jpeg = canvas.toBuffer('image/jpeg', random.pick([78, 86, 90, 90, 94]));
    return { entry: describe(fileName(index), width, height, seen), jpeg };
  }

  private makeStillLife(index: number): Still {
    const random = new Random(this.seed * 15485863 + index * 32452843 + 1);
    const [width, height] = pictureSize(random);
    return { entry: describe(fileName(index), width, height, []), jpeg: drawStillLife(random, width, height) };
  }
}

const fileName = (index: number): string => `demo/${String(index).padStart(5, '0')}.jpg`;
const tenth = (v: number): number => Math.round(v * 10) / 10;

function describe(file: string, width: number, height: number, seen: readonly Seen[]): StillEntry {
  const entry: StillEntry = {
    file,
    shard: '',
    width,
    height,
    source: 'demo',
    boxes: [],
    ignore: [],
    labelled: CLASSES,
  };
  for (const s of seen) {
    const [x1, y1, x2, y2] = s.box;
    const box: [number, number, number, number, number] = [
      tenth(x1),
      tenth(y1),
      tenth(x2),
      tenth(y2),
      CLASSES.indexOf(s.class),
    ];
    if (x2 - x1 < 1 || y2 - y1 < 1) continue;
    const small = Math.max(x2 - x1, y2 - y1) < 7;
    const hardly = s.visible < LEAST_VISIBLE || s.inside < 0.12;
    (small || hardly ? entry.ignore : entry.boxes).push(box);
  }
  return entry;
}

function pictureSize(random: Random): [number, number] {
  const side = random.pick([352, 352, 352, 320, 288]);
  const aspect = random.pick([16 / 9, 16 / 9, 16 / 9, 16 / 9, 3 / 2, 4 / 3, 4 / 3, 1, 3 / 4]);
  return aspect >= 1 ? [side, Math.round(side / aspect)] : [Math.round(side * aspect), side];
}

function randomScenery(random: Random): Scenery {
  const lane = random.range(2.9, 3.7);
  const near = random.range(2, 4);
  const far = random.range(2, 3.6);
  const layout: Layout = {
    roadNear: -lane,
    roadFar: lane,
    pavementNear: -lane - near,
    pavementFar: lane + far,
    houses: lane + far + random.pick([0.3, 1, 2, 4, 7]),
    kerb: random.range(0.08, 0.16),
    verge: random.chance(0.65) ? 'grass' : 'paved',
    square: random.chance(0.2),
    from: -30,
    to: 32,
  };
  if (random.chance(0.5)) layout.crossing = random.range(-5, 6);
  const fixtures: Fixture[] = [];
  const gap = random.range(6, 13);
  if (random.chance(0.75))
    for (let x = layout.from + random.range(0, gap); x < layout.to; x += gap * random.range(0.8, 1.3))
      fixtures.push({ kind: 'tree', x, y: lane + random.range(0.5, 0.9), height: random.range(5, 9) });
  if (random.chance(0.2))
    for (let x = random.range(-15, -5); x < 20; x += random.range(8, 14))
      fixtures.push({ kind: 'tree', x, y: -lane - 0.7, height: random.range(7, 10) });
  for (let x = layout.from + random.range(0, 15); x < layout.to; x += random.range(14, 24))
    fixtures.push({ kind: 'lamp', x, y: lane + 0.45, height: random.range(4.5, 7.5) });
  const count = random.int(12);
  for (let i = 0; i < count; i++) {
    const kind = random.pick<Fixture['kind']>([
      'bench',
      'bin',
      'bin',
      'sign',
      'bollard',
      'hydrant',
      'pot',
      'light',
      'bush',
      'bush',
    ]);
    const y = random.chance(0.75)
      ? random.range(lane + 0.4, layout.houses - 0.4)
      : random.range(layout.pavementNear, -lane - 0.4);
    fixtures.push({
      kind,
      x: random.range(-16, 18),
      y,
      heading: random.pick([-Math.PI / 2, Math.PI / 2, 0]),
      height: random.range(0.5, 1.1),
    });
  }
  return buildStreet(random.fork(), layout, randomGround(random.fork()), fixtures, { texture: 22, leaves: 0.6 });
}

function randomCamera(random: Random, layout: Layout, width: number, height: number): Camera {
  const kind = random.next();
  const sized = { width, height };
  const x = random.range(-4, 4);
  if (kind < 0.4) {
    // As the clip's camera hangs.
    return new Camera({
      ...sized,
      position: [x, random.range(-15, -10), random.range(3.4, 5.2)],
      yaw: random.normal() * 0.22,
      pitch: random.range(-0.3, -0.13),
      horizontalFov: random.range(0.85, 1.25),
    });
  }
  if (kind < 0.65) {
    // Higher up or looking along the street.
    const yaw = random.range(-1.2, 1.2);
    return new Camera({
      ...sized,
      position: [x, random.range(layout.pavementNear - 4, layout.pavementNear + 1), random.range(2.4, 6.5)],
      yaw,
      pitch: random.range(-0.45, -0.12),
      horizontalFov: random.range(0.8, 1.4),
    });
  }
  if (kind < 0.85) {
    // At a doorbell's or a person's height.
    return new Camera({
      ...sized,
      position: [x, random.range(layout.pavementNear - 5, layout.pavementNear + 0.5), random.range(1.2, 2.2)],
      yaw: random.range(-0.9, 0.9),
      pitch: random.range(-0.2, 0.02),
      horizontalFov: random.range(0.7, 1.3),
    });
  }
  // A long lens.
  return new Camera({
    ...sized,
    position: [x, random.range(-14, -7), random.range(1.5, 5)],
    yaw: random.range(-0.7, 0.7),
    pitch: random.range(-0.3, -0.1),
    horizontalFov: random.range(0.35, 0.65),
  });
}

function randomSensor(random: Random, width: number, height: number, view: View, light: Light): SensorSettings {
  const warm = random.normal() * 0.05;
  return {
    width,
    height,
    factor: FACTOR,
    exposure: meter(view.render(new Mesh(), []).picture, (light.night ? 0.6 : 1) * random.range(0.7, 1.3)),
    noise: light.night ? random.range(3, 8) : random.range(0.5, 4),
    blur: random.pick([0.3, 0.4, 0.5, 0.6, 0.9]),
    vignette: random.range(0, 0.3),
    white: [1 + warm, 1, 1 - warm],
    saturation: random.chance(0.05) ? 0 : random.range(0.65, 1.25),
    seed: random.int(1e6),
  };
}

interface Spot extends Stand {
  radius: number;
}

const WEIGHTS: readonly [ClassName, number][] = [
  ['person', 0.36],
  ['car', 0.17],
  ['bicycle', 0.13],
  ['dog', 0.11],
  ['cat', 0.07],
  ['motorcycle', 0.06],
  ['truck', 0.05],
  ['bus', 0.05],
];

function pickClass(random: Random): ClassName {
  let r = random.next();
  for (const [name, weight] of WEIGHTS) {
    r -= weight;
    if (r < 0) return name;
  }
  return 'person';
}

/** Nought to eight things, each at a place that suits it. */
function populate(random: Random, camera: Camera, layout: Layout): Thing[] {
  const wanted = random.pick([0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8]);
  const spots: Spot[] = [];
  const things: Thing[] = [];
  for (let i = 0; i < wanted; i++) {
    const name = pickClass(random);
    const made = makeThing(random.fork(), name, (radius, kind, range) => {
      const spot = findSpot(random, camera, layout, spots, radius, kind, range);
      if (spot) spots.push(spot);
      return spot;
    });
    if (made) things.push(made);
  }
  return things;
}

type Find = (radius: number, kind: 'foot' | 'wheels', range: readonly [number, number]) => Stand | undefined;

function findSpot(
  random: Random,
  camera: Camera,
  layout: Layout,
  taken: readonly Spot[],
  radius: number,
  kind: 'foot' | 'wheels',
  range: readonly [number, number],
): Spot | undefined {
  for (let attempt = 0; attempt < 60; attempt++) {
    const ground = camera.ground(random.range(-0.06, 1.06) * camera.width, random.range(0.25, 1.02) * camera.height);
    if (!ground) continue;
    let [x, y] = ground;
    const lane = layout.roadFar / 2;
    let heading = random.chance(0.5) ? 0 : Math.PI;
    if (layout.square) heading = random.range(0, Math.PI * 2);
    else if (kind === 'wheels') {
      if (y < layout.roadNear || y > layout.roadFar) continue;
      const parked = random.chance(0.25);
      const side = y < 0 ? -1 : 1;
      y = parked ? side * (layout.roadFar - 1.05) : side * lane + random.normal() * 0.2;
      heading = (side < 0 ? 0 : Math.PI) + random.normal() * 0.04;
      // Turning out of a drive or into one, now and then.
      if (!parked && random.chance(0.22)) heading += random.normal() * 0.7;
    } else {
      const onRoad = y > layout.roadNear && y < layout.roadFar;
      if (onRoad && random.chance(0.5)) continue;
      if (y > layout.houses - 0.5) continue;
      if (onRoad) heading = random.pick([Math.PI / 2, -Math.PI / 2]);
      heading += random.chance(0.3) ? random.range(-Math.PI, Math.PI) : random.normal() * 0.15;
    }
    if (y > layout.houses - radius * 0.4) continue;
    const distance = Math.hypot(x - camera.position[0], y - camera.position[1]);
    if (distance < range[0] || distance > range[1]) continue;
    x = Math.max(layout.from + 2, Math.min(layout.to - 2, x));
    // Things may stand before one another as seen from here, but not inside one another.
    if (taken.some((s) => Math.hypot(s.x - x, s.y - y) < s.radius + radius)) continue;
    return { x, y, z: groundHeight(layout, y), heading, radius };
  }
  return undefined;
}

function manner(random: Random): Manner {
  const standing = random.chance(0.2);
  return {
    ...PLAIN,
    energy: standing ? random.range(0, 0.15) : random.range(0.75, 1.25),
    lean: random.range(-0.02, 0.1),
    turn: random.normal() * 0.35,
    nod: random.range(-0.1, 0.35),
    leftElbow: random.chance(0.15) ? random.range(1.2, 2.1) : random.range(0.15, 0.5),
    rightElbow: random.chance(0.15) ? random.range(1.2, 2.1) : random.range(0.15, 0.5),
  };
}

function makeThing(random: Random, name: ClassName, find: Find): Thing | undefined {
  const gone = random.range(0, 40);
  const rider = (): Look => {
    const look = randomLook(random);
    if (look.build.height < 1.5) look.build = { ...look.build, height: 1.68, headSize: 1 };
    if (random.chance(0.4)) look.hair = 'helmet';
    return look;
  };
  switch (name) {
    case 'person': {
      const spot = find(0.35, 'foot', [3, 24]);
      if (!spot) return undefined;
      const look = randomLook(random);
      return random.chance(0.06)
        ? {
            ...sitter(look, spot, random.normal() * 0.3),
            extra: (mesh) => drawBench(mesh, [spot.x, spot.y, spot.z], spot.heading),
          }
        : walker(look, spot, gone, manner(random));
    }
    case 'bicycle': {
      const parked = random.chance(0.25);
      const spot = find(bicycleHalfLength, parked ? 'foot' : random.chance(0.7) ? 'wheels' : 'foot', [3.5, 22]);
      if (!spot) return undefined;
      const bicycle = randomBicycle(random);
      return parked
        ? parkedBicycle(bicycle, spot, random.range(-0.15, 0.15))
        : cyclist(rider(), bicycle, spot, gone, random.normal() * 0.3);
    }
    case 'motorcycle': {
      const spot = find(1.05, 'wheels', [4, 22]);
      if (!spot) return undefined;
      const ridden = random.chance(0.65);
      return motorcyclist(
        ridden ? rider() : undefined,
        randomMotorcycle(random),
        spot,
        gone,
        ridden ? random.normal() * 0.05 : 0.12,
      );
    }
    case 'car': {
      const look = randomCar(random);
      const spot = find(carSize(look.kind).halfLength * 0.8, 'wheels', [5, 32]);
      return spot && car(look, spot, gone);
    }
    case 'truck': {
      const look = randomTruck(random);
      const spot = find(truckSize(look).halfLength * 0.8, 'wheels', [7, 36]);
      return spot && truck(look, spot, gone);
    }
    case 'bus': {
      const look = randomBus(random);
      const spot = find(look.length * 0.42, 'wheels', [10, 40]);
      return spot && bus(look, spot, gone);
    }
    case 'cat': {
      const spot = find(0.35, 'foot', [2, 9]);
      return spot && animal(randomCat(random), spot, gone, random.chance(0.3) ? 0 : 1, random.normal() * 0.4);
    }
    case 'dog': {
      const spot = find(0.6, 'foot', [2.5, 14]);
      if (!spot) return undefined;
      const look = randomDog(random);
      const dog = animal(look, spot, gone, look.sitting || random.chance(0.15) ? 0 : 1, random.normal() * 0.3);
      if (look.sitting || random.chance(0.45)) return dog;
      // With somebody a step behind and beside it.
      const owner = randomLook(random);
      const c = Math.cos(spot.heading);
      const s = Math.sin(spot.heading);
      const side = random.pick([-0.65, 0.65]);
      const place: Stand = { ...spot, x: spot.x - c * 0.8 - s * side, y: spot.y - s * 0.8 + c * side };
      const person = walker({ ...owner, bag: owner.bag === 'suitcase' ? 'none' : owner.bag }, place, gone, PLAIN);
      const hand: Vec3 = [
        place.x + c * 0.25 + s * Math.sign(side) * 0.2,
        place.y + s * 0.25 - c * Math.sign(side) * 0.2,
        place.z + owner.build.height * 0.47,
      ];
      const collar: Vec3 = [
        spot.x + c * look.height * 0.7,
        spot.y + s * look.height * 0.7,
        spot.z + look.height * 1.15,
      ];
      return {
        parts: [...dog.parts, ...person.parts],
        contacts: [...dog.contacts, ...person.contacts],
        extra: lead(hand, collar),
      };
    }
  }
}
