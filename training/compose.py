"""Compose pictures of what the data lacks, out of cut-outs of its own pictures.

    python training/compose.py --output training/cache/composed
    python training/pack.py --manifests training/cache/composed/{objects,arms,from-above}.json --teacher ''

`objects` shows bottles, vases and the like on plain tables: none of our classes, but upright, and a network
that knew only our classes took them for people. `arms` shows the same with an arm that reaches in, and says
that an arm is no person. `from-above` shows cars stretched as a steep camera sees them. No teacher is asked
about them: it takes the arm for a person, and the car for a suitcase.
"""

import dataclasses
import json
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np

from minspnet.collage import CAR, cut, overlap, still_life, street_from_above
from minspnet.data import CLASSES, Store, kept_apart
from minspnet.settings import option, parse
from minspnet.teacher import Teacher

# COCO's: hydrant, parking meter, backpack, umbrella, suitcase, bottle, glass, cup, plant, vase, teddy.
UPRIGHT = (10, 12, 24, 25, 28, 39, 40, 41, 58, 75, 77)
BOTTLE = 39
DOUBT = 0.2  # a teacher's box from this score on may be one of our things


@dataclasses.dataclass(frozen=True)
class Settings:
    output: str = option(dataclasses.MISSING, "folder for the pictures and the two manifests")
    cache: str = option("training/cache", "folder of the stores")
    stores: tuple[str, ...] = option(("train", "more"), "stores that things are cut from")
    teacher: str = option(
        "../shared/peers/picodet-s-416", "the teacher's .param and .bin, who names the things"
    )
    every: int = option(1, "cut from every so manieth picture; 4 is enough where time is short")
    objects: int = option(1600, "pictures of things")
    arms: int = option(1200, "pictures of things that an arm reaches for")
    from_above: int = option(500, "pictures of cars from above")
    held_out_sources: tuple[str, ...] = option(("traffic-cameras",), "sources kept out of training")
    held_out_every: int = option(60, "every so manieth labelled picture is kept out as well")
    seed: int = option(1, "of everything drawn")
    processes: int = option(2, "processes that cut")


def whole(box, width, height):
    """Whether a box ends inside the picture, not at its edge."""
    return box[0] > 2 and box[1] > 2 and box[2] < width - 2 and box[3] < height - 2


def usable(store, settings):
    """Indices of the pictures that may be trained on."""
    for index, entry in enumerate(store.entries):
        if not kept_apart(entry, index, settings.held_out_sources, settings.held_out_every):
            yield index


def cut_some(job):
    """One process's share of a store: ([RGBA, is a bottle] of things, RGBA of cars)."""
    folder, settings, first = job
    cv2.setNumThreads(1)
    store = Store(folder)
    teacher = Teacher(settings.teacher)
    things, cars = [], []
    for index in list(usable(store, settings))[:: settings.every][first :: settings.processes]:
        entry = store.entries[index]
        width, height = entry["width"], entry["height"]
        named = [box for box in entry["boxes"] if box[4] == CAR and len(box) == 5]
        for box in named:
            shape = (box[2] - box[0]) / max(1.0, box[3] - box[1])
            alone = sum(overlap(box, other) for other in entry["boxes"]) == 1
            if box[3] - box[1] >= 70 and 0.8 <= shape <= 1.5 and alone and whole(box, width, height):
                car = cut(store.image(index), box[:4])
                if car is not None:
                    cars.append(car)
        image = store.image(index)
        # A hand or a cat would come along.
        ours = entry["boxes"] + entry["ignore"] + [row for row in entry["teacher"] if row[5] >= DOUBT]
        for number, score, box in teacher.others(image, UPRIGHT):
            alone = not any(overlap(box, other) for other in ours)
            if score >= 0.4 and box[3] - box[1] >= 30 and alone and whole(box, width, height):
                thing = cut(image, box)
                if thing is not None:
                    things.append((thing, number == BOTTLE))
    return things, cars


def write(folder, name, pictures):
    """JPEGs and the manifest that lists them. pictures: (uint8 RGB, boxes) each."""
    images = []
    for number, (picture, boxes) in enumerate(pictures):
        file = f"{name}/{number:05d}.jpg"
        (folder / name).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / file), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
        height, width = picture.shape[:2]
        images.append(
            {
                "file": file,
                "width": width,
                "height": height,
                "source": f"composed-{name}",
                "boxes": boxes,
                "ignore": [],
            }
        )
    (folder / f"{name}.json").write_text(json.dumps({"classes": CLASSES, "images": images}))
    print(f"{name}: {len(images)} pictures", flush=True)


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    things, bottles, cars = [], [], []
    for name in settings.stores:
        jobs = [(Path(settings.cache) / name, settings, first) for first in range(settings.processes)]
        with Pool(settings.processes) as pool:
            for found, found_cars in pool.map(cut_some, jobs):
                things += [thing for thing, _ in found]
                bottles += [thing for thing, bottle in found if bottle]
                cars += found_cars
    print(f"cut out: {len(things)} things, of them {len(bottles)} bottles; {len(cars)} cars", flush=True)
    rng = np.random.default_rng(settings.seed)
    folder = Path(settings.output)
    for name, count, arms in (("objects", settings.objects, 0), ("arms", settings.arms, 2)):
        drawn = (still_life(rng, bottles if rng.random() < 0.5 else things, arms) for _ in range(count))
        write(folder, name, ((picture, []) for picture in drawn))
    write(folder, "from-above", (street_from_above(rng, cars) for _ in range(settings.from_above)))


if __name__ == "__main__":
    main()
