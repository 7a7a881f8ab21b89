"""Outlines that people drew (edge8's masks.json.gz), and label maps made of them at any scale.

A label map is uint8 [h, w]: 0 background, then the classes from 1 on, UNCLEAR where nobody knows. Outlines
stay polygons until a training input is drawn, so a map is as sharp at every scale.
"""

import collections
import dataclasses
import gzip
import json
from pathlib import Path

import cv2
import numpy as np
import torch

from .augment import FILL, degrade, paste, place, recolour
from .batches import BASE, repeat_factors
from .data import CLASSES, COUNT, Store

UNCLEAR = 255
NAMES = ("background", *CLASSES)
SHIFT = 4  # binary places of a corner, for fillPoly
RARE = 0.4  # a class in a smaller share of the pictures is drawn more often (see repeat_factors)
FILLING = ("bus", "truck")  # classes that fill their boxes, and of which there are few outlines
INNER = 0.85  # of a box's sides: the ellipse that is surely the object
LEAST_SIDE = 24  # pixels of a box's shorter side, below which its ellipse says too little
BOXED = 0.5  # how often a picture with boxes alone is drawn, to one with outlines


@dataclasses.dataclass(frozen=True)
class Masked:
    """What training knows of a picture with outlines. Corners are fractions of the picture."""

    width: int
    height: int
    shapes: tuple[tuple[int, np.ndarray], ...]  # label and corners float32 [n, 2], the later over the earlier
    ignore: tuple[np.ndarray, ...]
    unknown: np.ndarray  # bool [1 + classes]: labels that may be anywhere in the background

    @property
    def boxes(self):
        """What `place` cuts around: corner boxes [n, 4] in fractions."""
        corners = [np.concatenate([shape.min(0), shape.max(0)]) for _, shape in self.shapes]
        return np.array(corners, np.float32).reshape(-1, 4)

    @property
    def classes(self):
        return np.array([label - 1 for label, _ in self.shapes], np.int64)

    def draw(self, left, top, width, height, canvas, flip=False):
        """Draw it on a label map, scaled to width x height with its corner at (left, top)."""

        def place_corners(corners):
            x = 1 - corners[:, 0] if flip else corners[:, 0]
            placed = np.stack([x * width + left, corners[:, 1] * height + top], 1)
            # Corners are counted from pixels' edges, fillPoly counts from their centres.
            return np.round((placed - 0.5) * (1 << SHIFT)).astype(np.int32)

        for corners in self.ignore:
            cv2.fillPoly(canvas, [place_corners(corners)], UNCLEAR, shift=SHIFT)
        for label, corners in self.shapes:
            cv2.fillPoly(canvas, [place_corners(corners)], label, shift=SHIFT)
        return canvas

    def label_map(self):
        """Its label map at its own size."""
        empty = np.zeros((self.height, self.width), np.uint8)
        return self.draw(0, 0, self.width, self.height, empty)


def to_masked(row, width, height):
    """A row of masks.json.gz."""

    def to_corners(flat):
        return np.array(flat, np.float32).reshape(-1, 2)

    known = {"background", *row["labelled"]}
    return Masked(
        width,
        height,
        tuple((1 + CLASSES.index(name), to_corners(flat)) for name, flat in row["polygons"]),
        tuple(to_corners(flat) for flat in row["ignore"]),
        np.array([name not in known for name in NAMES]),
    )


def from_boxes(entry):
    """A picture without outlines, or None where no bus and no truck is large enough.

    What lies outside all boxes is background, an ellipse in a vehicle's box is that vehicle, and the rest of
    the boxes is UNCLEAR.

    The weak labels of box supervision (BoxSup, arXiv 1503.01640), for classes that fill their boxes.
    """
    size = np.array([entry["width"], entry["height"]] * 2, np.float32)
    rows = [row for row in entry["boxes"] if CLASSES[int(row[4])] in (*FILLING, "car")]
    rows = [row for row in rows if min(row[2] - row[0], row[3] - row[1]) >= LEAST_SIDE]
    if not any(CLASSES[int(row[4])] in FILLING for row in rows):
        return None
    rows.sort(key=lambda row: (row[0] - row[2]) * (row[3] - row[1]))  # large first
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32) * INNER / 2
    shapes = []
    for row in rows:
        x1, y1, x2, y2 = np.array(row[:4], np.float32) / size
        centre, sides = np.array([x1 + x2, y1 + y2]) / 2, np.array([x2 - x1, y2 - y1])
        shapes.append((1 + int(row[4]), (centre + circle * sides).astype(np.float32)))
    unclear = [np.array(row[:4], np.float32) / size for row in [*entry["boxes"], *entry["ignore"]]]
    corners = tuple(np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]]) for x1, y1, x2, y2 in unclear)
    known = {"background", *entry["labelled"]}
    unknown = np.array([name not in known for name in NAMES])
    return Masked(entry["width"], entry["height"], tuple(shapes), corners, unknown)


class MaskedCollection:
    """The pictures of several stores that have outlines, and with `boxes` those whose boxes will do."""

    def __init__(self, masks, folders, split, boxes=False, held_out_sources=("traffic-cameras",)):
        document = json.loads(gzip.decompress(Path(masks).read_bytes()))
        rows = {row["file"]: row for row in document["images"] if row["split"] == split}
        self.stores = [Store(folder) for folder in folders]
        self.pictures, self.places = [], []
        for number, store in enumerate(self.stores):
            for index, entry in enumerate(store.entries):
                if entry["file"] in rows:
                    self.pictures.append(to_masked(rows[entry["file"]], entry["width"], entry["height"]))
                    self.places.append((number, index))
        if not self.pictures:
            raise ValueError(f"none of {list(map(str, folders))} has a picture with outlines in {masks}")
        factors = repeat_factors(self.pictures, RARE)
        if boxes:
            factors = [
                *factors,
                *[BOXED] * self._add_boxed({row["file"] for row in document["images"]}, held_out_sources),
            ]
        self._cumulative = np.cumsum(factors)

    def _add_boxed(self, outlined, held_out_sources):
        """Add the pictures that boxes alone teach; how many."""
        before = len(self.pictures)
        for number, store in enumerate(self.stores):
            for index, entry in enumerate(store.entries):
                if entry["file"] in outlined or entry["source"] in held_out_sources:
                    continue
                picture = from_boxes(entry)
                if picture:
                    self.pictures.append(picture)
                    self.places.append((number, index))
        return len(self.pictures) - before

    def __len__(self):
        return len(self.pictures)

    def sources(self):
        """How many pictures are of which source."""
        return dict(
            collections.Counter(self.stores[store].entries[index]["source"] for store, index in self.places)
        )

    def draw(self, rng):
        """A picture's number, rare classes more often."""
        return int(np.searchsorted(self._cumulative, rng.random() * self._cumulative[-1], side="right"))

    def image(self, number):
        store, index = self.places[number]
        return self.stores[store].image(index)


def draw_input(rng, collection, look, stride):
    """One input: pixels uint8 [H, W, 3], labels uint8 [H / stride, W / stride], unknown bool [labels].

    One picture, or four side by side; beside them lies grey, which is background.
    """
    pixels = np.full((look.height, look.width, 3), FILL, np.uint8)
    # Drawn at full size, because fillPoly also fills what an outline only touches: half a pixel too much,
    # where it would be half of `stride`.
    labels = np.zeros((look.height, look.width), np.uint8)
    unknown = np.zeros(COUNT + 1, bool)
    width, height = look.width, look.height
    regions = [(0, 0, width, height)]
    fate = rng.random()
    if fate < look.mosaic:
        x, y = (round(side * rng.uniform(0.3, 0.7)) for side in (width, height))
        regions = [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)]
    for region in regions:
        number = collection.draw(rng)
        picture = collection.pictures[number]
        if fate > 1 - look.plain:
            long_side = max(picture.width, picture.height) * min(
                width / picture.width, height / picture.height
            )
        else:
            long_side = BASE * np.exp(rng.uniform(*np.log(look.scale))) * (0.8 if len(regions) > 1 else 1)
        placed = place(rng, picture, region, long_side)
        paste(pixels, collection.image(number), placed, lambda seen: recolour(rng, seen))
        x1, y1, x2, y2 = placed.visible()
        where = (placed.left, placed.top, placed.width, placed.height)
        drawn = picture.draw(*where, np.zeros_like(labels), placed.flip)
        labels[y1:y2, x1:x2] = drawn[y1:y2, x1:x2]
        unknown |= picture.unknown
    return degrade(rng, pixels), labels[stride // 2 :: stride, stride // 2 :: stride], unknown


def draw_batch(seed, step, size, collection, look, stride):
    """A step's batch, by the seed and the step alone: dict of pixels, labels, unknown."""
    rows = [draw_input(np.random.default_rng((seed, step, i)), collection, look, stride) for i in range(size)]
    arrays = zip(("pixels", "labels", "unknown"), map(np.stack, zip(*rows, strict=True)), strict=True)
    return {name: torch.from_numpy(array) for name, array in arrays}
