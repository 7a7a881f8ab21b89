import type { ClassName } from './classes.js';
import { type AnimalLook, animalStride, drawAnimal } from './figures/animal.js';
import { type BicycleLook, bicycleHalfLength, bicycleSeat, drawBicycle } from './figures/bicycle.js';
import { type CarLook, carSize, drawCar } from './figures/car.js';
import { type BusLook, drawBus, drawTruck, type TruckLook, truckSize } from './figures/heavy.js';
import type { Look } from './figures/look.js';
import { drawMotorcycle, type MotorcycleLook, motorcycleHalfLength, motorcycleSeat } from './figures/motorcycle.js';
import { drawPerson } from './figures/person.js';
import { type Gait, ride, sit, strideLength, walk } from './figures/pose.js';
import { leather } from './material.js';
import type { Mesh } from './mesh.js';
import type { Vec3 } from './vector.js';
import type { Contact } from './view.js';

/** Something that stands in the scene at one moment: one or more labelled parts (a cyclist is a person and a bicycle). */
export interface Thing {
  parts: { class: ClassName; draw: (mesh: Mesh) => void }[];
  /** Drawn, but no object of its own (a lead). */
  extra?: (mesh: Mesh) => void;
  contacts: Contact[];
}

export interface Stand {
  x: number;
  y: number;
  /** Height of the ground there, metres. */
  z: number;
  /** Radians left from +x. */
  heading: number;
}

const at = (s: Stand): Vec3 => [s.x, s.y, s.z];

/** A walker's habits, apart from where he is. */
export interface Manner {
  energy: number;
  lean: number;
  turn: number;
  nod: number;
  /** Bend of the elbows, radians: a phone or a strap. */
  leftElbow: number;
  rightElbow: number;
}

export const PLAIN: Manner = { energy: 1, lean: 0.03, turn: 0, nod: 0.05, leftElbow: 0.3, rightElbow: 0.3 };

/** `walked` metres since the start set the place in the stride. */
export function walker(look: Look, stand: Stand, walked: number, manner: Manner = PLAIN): Thing {
  const loaded = look.bag === 'shopping' || look.bag === 'suitcase';
  const gait: Gait = {
    phase: walked / strideLength(look.build, Math.max(0.3, manner.energy)),
    energy: manner.energy,
    leftArm: manner.leftElbow > 0.9 ? 0.1 : 1,
    rightArm: loaded || manner.rightElbow > 0.9 ? 0.15 : 1,
    lean: manner.lean,
    leftElbow: manner.leftElbow,
    rightElbow: loaded ? 0.1 : manner.rightElbow,
    turn: manner.turn,
    nod: manner.nod,
  };
  return {
    parts: [
      {
        class: 'person',
        draw: (mesh) => drawPerson(mesh.place(at(stand), stand.heading), look, walk(look.build, gait)),
      },
    ],
    contacts: [{ ...stand, rx: 0.42, ry: 0.28 }],
  };
}

export function sitter(look: Look, stand: Stand, turn: number): Thing {
  return {
    parts: [
      {
        class: 'person',
        draw: (mesh) =>
          drawPerson(
            mesh.place(at(stand), stand.heading),
            {
              ...look,
              bag: 'none',
              top: look.top === 'coat' ? 'jacket' : look.top,
              bottom: look.bottom === 'skirt' || look.bottom === 'dress' ? 'leggings' : look.bottom,
            },
            sit(look.build, 0.45, turn),
          ),
      },
    ],
    contacts: [{ ...stand, rx: 0.5, ry: 0.4 }],
  };
}

/** Riders wear nothing that hangs into the wheels. */
function riding(look: Look): Look {
  return {
    ...look,
    bag: look.bag === 'backpack' ? 'backpack' : 'none',
    top: look.top === 'coat' ? 'jacket' : look.top,
    bottom: look.bottom === 'skirt' || look.bottom === 'dress' ? 'leggings' : look.bottom,
  };
}

export function cyclist(look: Look, bicycle: BicycleLook, stand: Stand, rolled: number, turn = 0): Thing {
  const crank = rolled * 1.35;
  return {
    parts: [
      { class: 'bicycle', draw: (mesh) => drawBicycle(mesh.place(at(stand), stand.heading), bicycle, rolled, crank) },
      {
        class: 'person',
        draw: (mesh) =>
          drawPerson(
            mesh.place(at(stand), stand.heading),
            riding(look),
            ride(look.build, bicycleSeat(bicycle, crank), turn),
          ),
      },
    ],
    contacts: [{ ...stand, rx: bicycleHalfLength, ry: 0.28 }],
  };
}

export function parkedBicycle(bicycle: BicycleLook, stand: Stand, lean: number): Thing {
  return {
    parts: [
      {
        class: 'bicycle',
        draw: (mesh) => drawBicycle(mesh.place(at(stand), stand.heading, 1, lean), bicycle, 0.3, 0.7),
      },
    ],
    contacts: [{ ...stand, rx: bicycleHalfLength, ry: 0.22 }],
  };
}

export function motorcyclist(
  look: Look | undefined,
  motorcycle: MotorcycleLook,
  stand: Stand,
  rolled: number,
  lean = 0,
): Thing {
  const parts: Thing['parts'] = [
    {
      class: 'motorcycle',
      draw: (mesh) => drawMotorcycle(mesh.place(at(stand), stand.heading, 1, lean), motorcycle, rolled),
    },
  ];
  if (look) {
    const dressed: Look = { ...riding(look), hair: 'motohelmet', hairColour: motorcycle.colour };
    parts.push({
      class: 'person',
      draw: (mesh) =>
        drawPerson(
          mesh.place(at(stand), stand.heading, 1, lean),
          dressed,
          ride(look.build, motorcycleSeat(motorcycle), 0),
        ),
    });
  }
  return { parts, contacts: [{ ...stand, rx: motorcycleHalfLength, ry: 0.36 }] };
}

export function car(look: CarLook, stand: Stand, rolled: number): Thing {
  const { halfLength, halfWidth } = carSize(look.kind);
  // A pickup is what the data sets call a truck.
  return {
    parts: [
      {
        class: look.kind === 'pickup' ? 'truck' : 'car',
        draw: (mesh) => drawCar(mesh.place(at(stand), stand.heading), look, rolled),
      },
    ],
    contacts: [{ ...stand, rx: halfLength + 0.12, ry: halfWidth + 0.14 }],
  };
}

export function bus(look: BusLook, stand: Stand, rolled: number): Thing {
  return {
    parts: [{ class: 'bus', draw: (mesh) => drawBus(mesh.place(at(stand), stand.heading), look, rolled) }],
    contacts: [{ ...stand, rx: look.length / 2 + 0.15, ry: 1.45 }],
  };
}

export function truck(look: TruckLook, stand: Stand, rolled: number): Thing {
  const { halfLength, halfWidth } = truckSize(look);
  return {
    parts: [{ class: 'truck', draw: (mesh) => drawTruck(mesh.place(at(stand), stand.heading), look, rolled) }],
    contacts: [{ ...stand, rx: halfLength + 0.15, ry: halfWidth + 0.15 }],
  };
}

export function animal(look: AnimalLook, stand: Stand, walked: number, moving: number, turn = 0): Thing {
  return {
    parts: [
      {
        class: look.kind,
        draw: (mesh) =>
          drawAnimal(mesh.place(at(stand), stand.heading), look, walked / animalStride(look), moving, turn),
      },
    ],
    contacts: [{ ...stand, rx: look.height * 0.95, ry: look.height * 0.35 }],
  };
}

/** A lead from a hand to a collar, hanging a little; both in world coordinates. */
export function lead(from: Vec3, to: Vec3): (mesh: Mesh) => void {
  return (mesh) => {
    mesh.place([0, 0, 0]).paint(leather, [0.05, 0.03, 0.03]);
    const middle: Vec3 = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2, (from[2] + to[2]) / 2 - 0.14];
    mesh.tube([from, middle, to], [0.009, 0.009, 0.009], { segments: 5, smooth: 5 });
  };
}
