// biome-ignore-all lint/style/noNonNullAssertion: a seen part names one that the cast has
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Camera } from './camera.js';
import { CLASSES, type ClassName } from './classes.js';
import { ClipWriter } from './encode.js';
import { randomDog } from './figures/animal.js';
import { randomBicycle } from './figures/bicycle.js';
import { randomCar } from './figures/car.js';
import { randomTruck } from './figures/heavy.js';
import { randomLook } from './figures/look.js';
import { type Weather, weather } from './light.js';
import { Mesh } from './mesh.js';
import { takePicture } from './picture.js';
import { Random } from './random.js';
import { type Course, follow, type Role } from './scene.js';
import { randomGround } from './scenery/ground.js';
import type { Layout } from './scenery/layout.js';
import { buildStreet, type Fixture } from './scenery/street.js';
import { meter } from './sensor.js';
import { streak } from './streak.js';
import { animal, car, cyclist, PLAIN, truck, walker } from './things.js';
import { View } from './view.js';

const SIZE = { width: 640, height: 360, fps: 10, seconds: 20 } as const;
/** Less of an object in sight than this, or smaller than so many pixels, and it is not in the truth of that frame. */
const LEAST_VISIBLE = 0.2;
const LEAST_SIDE = 4;

/** What a drawn clip shows, and from where. */
interface Kind {
  weather: Weather;
  square?: boolean;
  wet?: number;
  noise: number;
  /** Streaks of rain a picture. */
  drops?: number;
  position: readonly [number, number, number];
  pitch: number;
  yaw?: number;
  fov: number;
  lane?: number;
  fixtures?: readonly Fixture[];
  cast: (random: Random) => Role[];
}

/** The kinds of clips by name; each is another case that trackers and detectors fail at. */
const KINDS: Record<string, Kind> = {
  // People of 50 to 130 pixels cross a square in all directions.
  crossing: { ...square(), cast: (random) => people(random, 13, acrossSquare) },
  // Twos and threes side by side, who meet others.
  groups: { ...square(), cast: (random) => groups(random, 6) },
  // Behind tree trunks and lamp posts.
  posts: {
    weather: 'bright',
    noise: 1.5,
    position: [0, -9, 2.6],
    pitch: -0.08,
    fov: 0.95,
    fixtures: [-7.5, -4.5, -1.5, 1.5, 4.5, 7.5].flatMap((x): Fixture[] => [
      { kind: 'tree', x, y: 4.1, height: 8 },
      { kind: 'lamp', x: x + 1.4, y: 3.8, height: 6 },
      { kind: 'lamp', x: x + 0.6, y: -3.7, height: 6 },
    ]),
    cast: (random) => [...people(random, 8, along(4.6, 6, 9)), ...people(random, 3, along(-5.2, -4.2, 7))],
  },
  'two-way': {
    weather: 'sunny',
    noise: 1,
    position: [0, -13, 4.3],
    pitch: -0.2,
    yaw: 0.1,
    fov: 1.05,
    cast: (random) => [
      ...people(random, 6, along(-5.4, -4)),
      ...people(random, 5, along(4.6, 6)),
      ...vehicles(random, 6, [6, 10], 36),
    ],
  },
  // Cars of 20 to 40 pixels (40 to 80 of a picture 1280 wide) on four lanes.
  motorway: {
    weather: 'overcast',
    noise: 1.5,
    position: [0, -52, 11],
    pitch: -0.16,
    fov: 0.85,
    lane: 7.4,
    cast: (random) => vehicles(random, 22, [20, 32], 60, [-5.6, -1.9, 1.9, 5.6]),
  },
  night: {
    weather: 'dusk',
    noise: 6,
    position: [0, -12, 3.8],
    pitch: -0.18,
    fov: 1.05,
    cast: quietStreet,
  },
  rain: {
    weather: 'overcast',
    wet: 0.8,
    noise: 3,
    drops: 260,
    position: [0, -12, 3.8],
    pitch: -0.18,
    fov: 1.05,
    cast: quietStreet,
  },
  // People of 15 to 30 pixels.
  far: {
    weather: 'bright',
    noise: 1.5,
    position: [0, -38, 7],
    pitch: -0.13,
    fov: 0.8,
    cast: (random) => [...people(random, 5, along(-5.4, -4, 17)), ...people(random, 6, along(4.6, 6, 19))],
  },
  crowd: { ...square(), weather: 'overcast', cast: (random) => people(random, 22, acrossSquare) },
  mixed: {
    weather: 'evening',
    noise: 2,
    position: [0, -13, 3.4],
    pitch: -0.16,
    fov: 1,
    cast: (random) => [
      ...people(random, 5, along(-5.4, -4.2)),
      ...cyclists(random, 4),
      ...dogs(random, 3),
      ...vehicles(random, 3, [6, 9], 36),
    ],
  },
};

export const TRAFFIC = Object.keys(KINDS);

function square(): Omit<Kind, 'cast'> {
  return { weather: 'sunny', square: true, noise: 1.5, position: [0, -13, 3.6], pitch: -0.2, fov: 1 };
}

/** The same on every street, so that what night and rain cost can be told apart from what happens there. */
function quietStreet(random: Random): Role[] {
  return [
    ...people(random, 5, along(-5.4, -4)),
    ...people(random, 4, along(4.6, 6)),
    ...vehicles(random, 4, [6, 9], 36),
  ];
}

function role(id: string, course: Course, at: Role['at']): Role {
  return { ids: [id], course, at };
}

type Way = (random: Random) => Course['path'];

/** From one side of the square's visible part to another. */
const acrossSquare: Way = (random) => {
  const left = (): [number, number] => [-12, random.range(-5, 8)];
  const right = (): [number, number] => [12, random.range(-5, 8)];
  const front = (): [number, number] => [random.range(-4, 4), -14];
  const back = (): [number, number] => [random.range(-9, 9), 10];
  const ends = random.pick([
    [left, right],
    [right, left],
    [left, right],
    [right, left],
    [left, back],
    [right, front],
    [back, left],
  ]);
  return [ends[0]!(), ends[1]!()];
};

/** Along the street between two distances from its middle, either way. */
function along(near: number, far: number, reach = 11): Way {
  return (random) => {
    const y = random.range(near, far);
    const path: Course['path'] = [
      [-reach, y],
      [reach, y],
    ];
    return random.chance(0.5) ? path : path.toReversed();
  };
}

/** Spread over the clip: some are on their way when it begins. */
function startOf(random: Random, path: Course['path'], speed: number): number {
  const [from, to] = [path[0]!, path.at(-1)!];
  return random.range((-0.6 * Math.hypot(to[0] - from[0], to[1] - from[1])) / speed, SIZE.seconds - 5);
}

function people(random: Random, count: number, way: Way): Role[] {
  return Array.from({ length: count }, (_, i) => {
    const path = way(random);
    const speed = random.range(1.05, 1.75);
    const look = randomLook(random);
    const start = startOf(random, path, speed);
    return role(`person-${i}-${path[0]![1].toFixed(1)}`, { start, speed, path }, (stand, gone) =>
      walker(look, stand, gone, { ...PLAIN, turn: 0.1 }),
    );
  });
}

function groups(random: Random, count: number): Role[] {
  return Array.from({ length: count }, (_, group) => {
    const path = acrossSquare(random);
    const speed = random.range(1.05, 1.5);
    const start = startOf(random, path, speed);
    return Array.from({ length: 2 + random.int(2) }, (_, i) => {
      const look = randomLook(random);
      const aside = path.map(([x, y]): [number, number] => [x + 0.2 * i, y + 0.75 * i]);
      return role(`person-${group}-${i}`, { start: start + random.range(0, 0.3), speed, path: aside }, (stand, gone) =>
        walker(look, stand, gone),
      );
    });
  }).flat();
}

function vehicles(
  random: Random,
  count: number,
  speeds: readonly [number, number],
  reach: number,
  lanes: readonly number[] = [-1.65, 1.65],
): Role[] {
  return Array.from({ length: count }, (_, i) => {
    const y = lanes[i % lanes.length]!;
    const speed = random.range(...speeds);
    const path: Course['path'] = [
      [y < 0 ? -reach : reach, y],
      [y < 0 ? reach : -reach, y],
    ];
    // One after the other in each lane.
    const start = (Math.floor(i / lanes.length) * lanes.length * SIZE.seconds) / count + random.range(-1, 0.6);
    if (random.chance(0.12)) {
      const look = randomTruck(random);
      return role(`truck-${i}`, { start, speed: speeds[0], path }, (stand, gone) => truck(look, stand, gone));
    }
    const look = randomCar(random, random.pick(['hatchback', 'suv', 'sedan', 'estate']));
    return role(`car-${i}`, { start, speed, path }, (stand, gone) => car(look, stand, gone));
  });
}

function cyclists(random: Random, count: number): Role[] {
  return Array.from({ length: count }, (_, i) => {
    const look = randomLook(random);
    const bicycle = randomBicycle(random);
    const path = along(-2.8, 2.8, 14)(random);
    const course = { start: startOf(random, path, 4), speed: random.range(3.2, 5), path };
    return { ids: [`bicycle-${i}`, `cyclist-${i}`], course, at: (s, gone) => cyclist(look, bicycle, s, gone) } as Role;
  });
}

function dogs(random: Random, count: number): Role[] {
  return Array.from({ length: count }, (_, i) => {
    const look = { ...randomDog(random), sitting: false };
    const path = along(-5, -4)(random);
    const course = { start: startOf(random, path, 1.4), speed: random.range(1.1, 2), path };
    return role(`dog-${i}`, course, (stand, gone) => animal(look, stand, gone, 1));
  });
}

/** A track of the truth: its box in each frame in which it is to be seen, [x, y, width, height] in pixels. */
interface TruthTrack {
  id: string;
  class: ClassName;
  boxes: Record<number, [number, number, number, number]>;
}

/** Draws the clip of a kind, `<kind>.mp4`, and its truth, `<kind>.truth.json`, into a folder. The seed is the clip. */
export async function renderTraffic(name: string, seed: number, out: string): Promise<void> {
  const kind = KINDS[name];
  if (kind === undefined) throw new RangeError(`no clip is called ${name}: ${TRAFFIC.join(', ')}`);
  const random = new Random(seed * 7919 + TRAFFIC.indexOf(name));
  const { width, height, fps } = SIZE;
  const layout = layoutOf(kind);
  const { position, pitch, yaw = 0, fov } = kind;
  const camera = new Camera({ position: [...position], yaw, pitch, horizontalFov: fov, width, height });
  const ground = { ...randomGround(random.fork()), wet: kind.wet ?? 0 };
  const scenery = buildStreet(random.fork(), layout, ground, kind.fixtures ?? [], { texture: 20, leaves: 0.6 });
  const view = new View(camera, weather(kind.weather, -2.2, 0.8), scenery.mesh, scenery.contacts, {
    focus: [0, 2, 0],
    reach: 46,
    shadowSize: 1024,
  });
  const exposure = meter(view.render(new Mesh(), []).picture, kind.weather === 'dusk' ? 0.55 : 1);
  const roles = kind.cast(random.fork());
  await mkdir(out, { recursive: true });
  const writer = await ClipWriter.open(join(out, `${name}.mp4`), width, height, fps, 23);
  const pixels = new Uint8ClampedArray(width * height * 4);
  const tracks = new Map<string, TruthTrack>();
  const frames = fps * SIZE.seconds;
  for (let frame = 0; frame < frames; frame++) {
    const cast = roles.flatMap(({ ids, course, at }) => {
      const gone = (frame / fps - course.start) * course.speed;
      const stand = follow(course.path, gone, layout);
      return stand ? [{ ids, thing: at(stand, gone) }] : [];
    });
    const things = cast.map(({ thing }) => thing);
    const look = { width, height, factor: 1, exposure, noise: kind.noise, blur: 0.35, vignette: 0.15 };
    const sensor = { ...look, white: [1, 1, 1] as const, saturation: 1, seed: seed * 1000 + frame };
    for (const { thing, part, class: className, box, visible } of takePicture(view, things, sensor, pixels)) {
      const [left, top, right, bottom] = box;
      if (visible < LEAST_VISIBLE || Math.min(right - left, bottom - top) < LEAST_SIDE) continue;
      const id = cast[thing]!.ids[part]!;
      const track = tracks.get(id) ?? { id, class: className, boxes: {} };
      tracks.set(id, track);
      track.boxes[frame] = [left, top, right - left, bottom - top];
    }
    if (kind.drops) streak(pixels, width, height, kind.drops, new Random(seed * 31 + frame));
    await writer.write(pixels);
  }
  await writer.close();
  const truth = { fps, width, height, frames, tracks: [...tracks.values()], ignore: [], annotatedClasses: CLASSES };
  await writeFile(join(out, `${name}.truth.json`), JSON.stringify(truth));
}

function layoutOf({ square: isSquare = false, lane = 3.3 }: Kind): Layout {
  return {
    roadNear: -lane,
    roadFar: lane,
    pavementNear: -lane - 3.3,
    pavementFar: lane + 2.9,
    houses: isSquare ? 12 : lane + 4.9,
    kerb: 0.13,
    verge: 'paved',
    square: isSquare,
    from: -60,
    to: 60,
  };
}
