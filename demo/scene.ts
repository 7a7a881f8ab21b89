// biome-ignore-all lint/style/noNonNullAssertion: paths are literal and have two points or more
import { Camera } from './camera.js';
import { hex } from './colour.js';
import { randomDog } from './figures/animal.js';
import { randomBicycle } from './figures/bicycle.js';
import { randomCar } from './figures/car.js';
import { type Look, randomLook } from './figures/look.js';
import { weather } from './light.js';
import { Random } from './random.js';
import { randomGround } from './scenery/ground.js';
import { groundHeight, type Layout } from './scenery/layout.js';
import { buildStreet, type Fixture } from './scenery/street.js';
import { animal, car, cyclist, lead, type Manner, PLAIN, type Stand, type Thing, walker } from './things.js';
import type { Vec3 } from './vector.js';
import { View } from './view.js';

export const CLIP = { width: 640, height: 360, fps: 15, seconds: 28, factor: 2, seed: 20 } as const;

/** Part of a path that somebody follows: metres and the time it starts, seconds. */
export interface Course {
  start: number;
  /** Metres a second. */
  speed: number;
  path: readonly (readonly [number, number])[];
}

/** Somebody in the clip, with the names its labelled parts have in the ground truth. */
export interface Role {
  ids: readonly string[];
  course: Course;
  at: (stand: Stand, gone: number) => Thing;
}

export interface ClipScene {
  camera: Camera;
  view: View;
  /** Everybody in view at a time, with the names of their parts. */
  cast: (time: number) => { ids: readonly string[]; thing: Thing }[];
  layout: Layout;
}

export const CLIP_LAYOUT: Layout = {
  roadNear: -3.3,
  roadFar: 3.3,
  pavementNear: -6.6,
  pavementFar: 6.2,
  houses: 8.2,
  kerb: 0.13,
  crossing: 4.6,
  verge: 'grass',
  square: false,
  from: -34,
  to: 52,
};

const FIXTURES: readonly Fixture[] = [
  { kind: 'tree', x: -3.2, y: 4.1, height: 7.5 },
  { kind: 'tree', x: 8.6, y: 4.1, height: 7 },
  { kind: 'tree', x: 17.5, y: 4.1, height: 8 },
  { kind: 'tree', x: 27, y: 4.1, height: 8 },
  { kind: 'lamp', x: 1.4, y: 3.75, height: 6.2 },
  { kind: 'lamp', x: 21, y: 3.75, height: 6.2 },
  { kind: 'bench', x: 12.6, y: 5.9, heading: -Math.PI / 2 },
  { kind: 'bin', x: 10.9, y: 5.8 },
  { kind: 'sign', x: 2.7, y: 3.7 },
  { kind: 'bollard', x: 6.7, y: 3.75 },
  { kind: 'bollard', x: 6.7, y: -3.7 },
  { kind: 'lamp', x: 0.7, y: -5.2, height: 6.4 },
  { kind: 'bush', x: -5.5, y: 7.2, height: 0.8 },
  { kind: 'bush', x: 6.2, y: 7.4, height: 0.6 },
  { kind: 'pot', x: 3.4, y: 7.5 },
];

export function buildClip(factor: number = CLIP.factor): ClipScene {
  const random = new Random(CLIP.seed);
  const camera = new Camera({
    position: [0, -13, 4.3],
    yaw: 0.2,
    pitch: -0.2,
    horizontalFov: 1.05,
    width: CLIP.width * factor,
    height: CLIP.height * factor,
  });
  const light = weather('sunny', -2.35, 0.82);
  const ground = { ...randomGround(random.fork()), asphalt: 96, slab: 152, warm: 7, wet: 0, slabSize: 0.75 };
  const scenery = buildStreet(random.fork(), CLIP_LAYOUT, ground, FIXTURES, {
    texture: factor > 1 ? 40 : 24,
    leaves: 1,
  });
  const view = new View(camera, light, scenery.mesh, scenery.contacts, {
    focus: [6, 0, 0],
    reach: 64,
    shadowSize: 2048,
  });
  const roles = cast(random.fork());
  return {
    camera,
    view,
    layout: CLIP_LAYOUT,
    cast: (time) =>
      roles.flatMap((role) => {
        const gone = (time - role.course.start) * role.course.speed;
        const stand = follow(role.course.path, gone, CLIP_LAYOUT);
        return stand ? [{ ids: role.ids, thing: role.at(stand, gone) }] : [];
      }),
  };
}

/** Where somebody is who has gone `gone` metres along a path, corners rounded; undefined before its start and after its end. */
export function follow(path: Course['path'], gone: number, layout: Layout): Stand | undefined {
  const point = (d: number): [number, number] => {
    let left = Math.max(0, d);
    for (let i = 1; i < path.length; i++) {
      const [x0, y0] = path[i - 1]!;
      const [x1, y1] = path[i]!;
      const long = Math.hypot(x1 - x0, y1 - y0);
      if (left <= long || i === path.length - 1)
        return [x0 + ((x1 - x0) * left) / long, y0 + ((y1 - y0) * left) / long];
      left -= long;
    }
    return [0, 0];
  };
  let total = 0;
  for (let i = 1; i < path.length; i++)
    total += Math.hypot(path[i]![0] - path[i - 1]![0], path[i]![1] - path[i - 1]![1]);
  if (gone < 0 || gone > total) return undefined;
  const round = 0.5;
  const samples = [-1, -0.5, 0, 0.5, 1].map((k) => point(gone + k * round));
  const x = samples.reduce((s, p) => s + p[0], 0) / samples.length;
  const y = samples.reduce((s, p) => s + p[1], 0) / samples.length;
  const [bx, by] = point(gone - round);
  const [ax, ay] = point(gone + round);
  return { x, y, z: groundHeight(layout, y), heading: Math.atan2(ay - by, ax - bx) };
}

function cast(random: Random): Role[] {
  const look = (change: Partial<Look>): Look => ({ ...randomLook(random), stripes: false, ...change });
  const build = (height: number, girth: number, shoulders: number) => ({ height, girth, shoulders, headSize: 1 });
  const person = (id: string, course: Course, who: Look, manner: Partial<Manner> = {}): Role => ({
    ids: [id],
    course,
    at: (stand, gone) => walker(who, stand, gone, { ...PLAIN, ...manner }),
  });
  const vehicle = (
    id: string,
    course: Course,
    kind: 'hatchback' | 'suv' | 'sedan' | 'estate',
    colour: string,
    metallic: boolean,
  ): Role => {
    const c = { ...randomCar(random, kind), colour: hex(colour), metallic, lamps: false };
    return { ids: [id], course, at: (stand, gone) => car(c, stand, gone) };
  };
  const east = (y: number): Course['path'] => [
    [-13, y],
    [38, y],
  ];
  const west = (y: number): Course['path'] => [
    [38, y],
    [-13, y],
  ];
  const owner = look({
    build: build(1.68, 0.95, 0.96),
    hair: 'long',
    hairColour: hex('#46301f'),
    top: 'jacket',
    topColour: hex('#b33a32'),
    bottom: 'trousers',
    bottomColour: hex('#26344e'),
    bag: 'none',
    skin: hex('#e3b08c'),
    shoe: hex('#e9e7e2'),
  });
  const dog = {
    ...randomDog(random),
    height: 0.62,
    long: 1.02,
    girth: 1.05,
    coat: hex('#3a2517'),
    second: hex('#f0ece4'),
    pattern: 'patches' as const,
    ears: 'hanging' as const,
    muzzle: 1,
    fluff: 1.1,
    tail: 0.7,
    sitting: false,
    collar: hex('#b32424'),
  };
  const walkDog: Course = {
    start: 4.2,
    speed: 1.3,
    path: [
      [13, -4.4],
      [-8, -4.4],
    ],
  };
  const bicycle = { ...randomBicycle(random), upright: true, colour: hex('#224a80'), guards: true, basket: false };
  const rider = look({
    build: build(1.78, 1, 1.05),
    hair: 'short',
    hairColour: hex('#2a1c14'),
    top: 'longsleeve',
    topColour: hex('#dcb646'),
    bottom: 'trousers',
    bottomColour: hex('#3c3c40'),
    bag: 'backpack',
    bagColour: hex('#1b1d22'),
    skin: hex('#d09a74'),
    shoe: hex('#181818'),
  });
  return [
    person(
      'man-1',
      {
        start: 0.4,
        speed: 1.62,
        path: [
          [-9, 5.0],
          [22, 5.0],
        ],
      },
      look({
        build: build(1.82, 1.02, 1.08),
        hair: 'short',
        hairColour: hex('#17120f'),
        top: 'jacket',
        topColour: hex('#23324c'),
        bottom: 'trousers',
        bottomColour: hex('#85765c'),
        bag: 'none',
        skin: hex('#e3b08c'),
        shoe: hex('#2b2320'),
      }),
    ),
    vehicle('car-1', { start: 1.2, speed: 6.6, path: east(-1.65) }, 'hatchback', '#b3272a', false),
    person('woman-1', walkDog, owner, { rightElbow: 0.55 }),
    {
      ids: ['dog-1'],
      course: {
        ...walkDog,
        path: [
          [12.1, -3.75],
          [-8.9, -3.75],
        ],
      },
      at: (stand, gone) => {
        const thing = animal(dog, stand, gone, 1, -0.15);
        const hand: Vec3 = [stand.x + 0.72, -4.1, stand.z + 0.95];
        const collar: Vec3 = [stand.x - 0.42, stand.y, stand.z + 0.68];
        return { ...thing, extra: lead(hand, collar) };
      },
    },
    {
      ids: ['bicycle-1', 'cyclist-1'],
      course: {
        start: 7.4,
        speed: 4.3,
        path: [
          [30, 2.2],
          [-12, 2.2],
        ],
      },
      at: (stand, gone) => cyclist(rider, bicycle, stand, gone),
    },
    person(
      'man-2',
      {
        start: 10.2,
        speed: 1.5,
        path: [
          [4.7, -9.6],
          [4.7, 4.6],
          [22, 4.9],
        ],
      },
      look({
        build: build(1.77, 1.08, 1.06),
        hair: 'cap',
        hairColour: hex('#1d2530'),
        top: 'hoodie',
        topColour: hex('#586b3a'),
        bottom: 'trousers',
        bottomColour: hex('#1c2230'),
        bag: 'backpack',
        bagColour: hex('#8a2d2d'),
        skin: hex('#8a5a3c'),
        shoe: hex('#e9e7e2'),
      }),
    ),
    person(
      'woman-2',
      {
        start: 11.2,
        speed: 1.62,
        path: [
          [16.5, 5.3],
          [-9, 5.3],
        ],
      },
      look({
        build: build(1.66, 1, 0.97),
        hair: 'bun',
        hairColour: hex('#a8823f'),
        top: 'coat',
        topColour: hex('#d98a3c'),
        bottom: 'leggings',
        bottomColour: hex('#1a1a1c'),
        bag: 'shoulder',
        bagColour: hex('#6a4630'),
        skin: hex('#f0c8a8'),
        shoe: hex('#181818'),
      }),
    ),
    vehicle('car-2', { start: 17.3, speed: 6.4, path: west(1.7) }, 'suv', '#e9eaea', false),
    person(
      'man-3',
      {
        start: 15.8,
        speed: 1.45,
        path: [
          [-6.5, -4.6],
          [12, -4.6],
        ],
      },
      look({
        build: build(1.74, 1.15, 1.08),
        hair: 'bald',
        top: 'shirt',
        topColour: hex('#e8e6e0'),
        bottom: 'trousers',
        bottomColour: hex('#3b537a'),
        bag: 'shopping',
        bagColour: hex('#d8d0c0'),
        skin: hex('#b07a54'),
        shoe: hex('#6a4a34'),
      }),
    ),
    vehicle('car-3', { start: 20.6, speed: 7.4, path: east(-1.65) }, 'estate', '#2d5488', true),
  ];
}
