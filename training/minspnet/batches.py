"""Training batches: a step's batch depends on the seed and the step alone, so a run can stop anywhere."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import torch

from . import teacher
from .augment import FILL, paste, place, recolour
from .data import CLASSES, EVERY, Store, to_picture
from .heads import cell_centres
from .teacher import Answers

SMALLEST = 3.0  # pixels: what is smaller than this on the canvas is ignored
LEAST_VISIBLE = 0.25  # what is cut below this part of itself is ignored
FEATURE_SCALES = (0.3, 0.85)  # canvas pixels per teacher pixel for which their features compare


class Collection:
    """Several stores with their labels and the teacher's answers, and how often each picture is drawn."""

    def __init__(self, folders, held_out_sources=(), held_out_every=0, held_out=False):
        """Of `held_out_sources`, and of every `held_out_every`-th picture, only `held_out` ones are taken."""
        self.stores = [Store(folder) for folder in folders]
        self.answers, self.pictures, self.places = [], [], []
        for number, store in enumerate(self.stores):
            taught_path = Path(store.folder) / "teacher-boxes.json"
            asked = taught_path.exists()
            taught = json.loads(taught_path.read_text()) if asked else [None] * len(store)
            self.answers.append(Answers(store.folder, len(store)) if asked else None)
            for index, entry in enumerate(store.entries):
                apart = held_out_every > 0 and index % held_out_every == 0 and "labelled" in entry
                if (apart or entry["source"] in held_out_sources) != held_out:
                    continue
                self.pictures.append(to_picture(entry, taught[index]))
                self.places.append((number, index))
        if not self.pictures:
            raise ValueError(
                f"no picture is left to train on in {[str(store.folder) for store in self.stores]}"
            )
        self._cumulative = np.cumsum(repeat_factors(self.pictures))

    def __len__(self):
        return len(self.pictures)

    def draw(self, rng):
        """A picture's number, rare classes more often."""
        return int(np.searchsorted(self._cumulative, rng.random() * self._cumulative[-1], side="right"))

    def image(self, number):
        store, index = self.places[number]
        return self.stores[store].image(index)

    def answer(self, number):
        """The teacher's (scores, boxes, features) of a picture, or None."""
        store, index = self.places[number]
        answers = self.answers[store]
        return answers and (answers.scores[index], answers.boxes[index], answers.features[index])


def repeat_factors(pictures, threshold=0.2, empty=0.5):
    """How often to draw each picture: sqrt(threshold / its rarest class's share of pictures), at least 1.

    LVIS's repeat-factor sampling (arXiv 1908.03195); pictures that show nothing are drawn less.
    """
    present = np.zeros((len(pictures), len(CLASSES)), bool)
    for row, picture in enumerate(pictures):
        present[row, picture.classes] = True
    share = np.maximum(present.mean(0), 1e-6)
    factors = np.where(present, np.maximum(1, np.sqrt(threshold / share)), 0).max(1)
    return np.where(present.any(1), factors, empty)


@dataclasses.dataclass(frozen=True)
class Look:
    """How a batch is drawn: input width and height, the part of mosaics, the range of the pictures' scale."""

    width: int
    height: int
    mosaic: float
    scale: tuple[float, float]  # the longest side, as a part of BASE pixels
    plain: float = 0.0  # part of pictures placed as the runtime places them


BASE = 224


class Cells:
    """The cells of an input size: centres, and which cell of the teacher answers to a place."""

    def __init__(self, width, height):
        centres, strides = cell_centres(height, width)
        self.centres = centres.numpy()
        level = (np.log2(strides.numpy()) - 3).astype(int)
        grids = np.array(teacher.GRIDS)
        starts = np.concatenate([[0], np.cumsum(grids * grids)])
        self._grid, self._start = grids[level], starts[level]

    def __len__(self):
        return len(self.centres)

    def teacher_cells(self, fractions, which):
        """The teacher's cell for each place [n, 2] shown at the cells `which` [n]."""
        grid = self._grid[which]
        column, row = (fractions * grid[:, None]).astype(int).clip(0, grid[:, None] - 1).T
        return self._start[which] + row * grid + column


class Canvas:
    """One training picture in the making."""

    def __init__(self, cells, width, height):
        self.cells = cells
        self.pixels = np.full((height, width, 3), FILL, np.uint8)
        self.boxes, self.classes, self.weights = [], [], []
        count = len(cells)
        self.ignored = np.zeros(count, np.uint8)  # one bit a class
        self.taught = np.zeros(count, bool)
        self.feature_taught = np.zeros(count, bool)
        self.teacher_scores = np.zeros((count, len(CLASSES)), np.uint8)
        self.teacher_boxes = np.zeros((count, 4), np.float32)
        self.teacher_features = np.zeros((count, teacher.CHANNELS), np.uint8)

    def add(self, picture, image, answer, placement, change):
        paste(self.pixels, image, placement, change)
        boxes, visible = placement.clip(placement.boxes(picture.boxes))
        sides = (boxes[:, 2:] - boxes[:, :2]).min(1, initial=np.inf)
        kept = (visible >= LEAST_VISIBLE) & (sides >= SMALLEST)
        self.boxes.append(boxes[kept])
        self.classes.append(picture.classes[kept])
        self.weights.append(picture.weights[kept])
        gone = ~kept & (visible > 0)
        ignore, _ = placement.clip(placement.boxes(picture.ignore))
        self._ignore(boxes[gone], picture.classes[gone])
        self._ignore(ignore, picture.ignore_classes)
        if answer:
            self._teach(answer, placement)

    def _ignore(self, boxes, classes):
        x, y = self.cells.centres.T
        for (x1, y1, x2, y2), number in zip(boxes, classes, strict=True):
            inside = (x > x1) & (x < x2) & (y > y1) & (y < y2)
            self.ignored[inside] |= 255 if number == EVERY else 1 << int(number)

    def _teach(self, answer, placement):
        scores, boxes, features = answer
        fractions, shown = placement.fractions(self.cells.centres)
        which = np.flatnonzero(shown)
        theirs = self.cells.teacher_cells(fractions[which], which)
        # Its boxes reach over the picture's edge now and then; a label never does.
        inside = np.clip(boxes[theirs].astype(np.float32), 0, 1)
        placed, visible = placement.clip(placement.boxes(inside))
        self.teacher_scores[which] = scores[theirs]
        self.teacher_boxes[which] = placed
        # Where it speaks of a thing that is mostly cut away here, its answer does not hold.
        self.taught[which] = (visible >= LEAST_VISIBLE) | (scores[theirs].max(1) < 25)
        ratio = np.sqrt(placement.width * placement.height) / teacher.SIDE
        if FEATURE_SCALES[0] < ratio < FEATURE_SCALES[1]:
            self.teacher_features[which] = features[theirs]
            self.feature_taught[which] = True


def draw_canvas(rng, collection, look, cells):
    """One training picture: a mosaic of four, or one picture."""
    canvas = Canvas(cells, look.width, look.height)
    fate = rng.random()
    if fate < look.mosaic:
        x, y = round(look.width * rng.uniform(0.3, 0.7)), round(look.height * rng.uniform(0.3, 0.7))
        regions = [
            (0, 0, x, y), (x, 0, look.width, y), (0, y, x, look.height), (x, y, look.width, look.height)
        ]  # fmt: skip
        longest = BASE * np.exp(rng.uniform(*np.log(look.scale), size=4)) * 0.8
    else:
        regions = [(0, 0, look.width, look.height)]
        longest = BASE * np.exp(rng.uniform(*np.log(look.scale), size=1))
    for region, long_side in zip(regions, longest, strict=True):
        number = collection.draw(rng)
        picture = collection.pictures[number]
        if fate > 1 - look.plain:
            fit = min(look.width / picture.width, look.height / picture.height)
            long_side = fit * max(picture.width, picture.height)
        placement = place(rng, picture, region, long_side)
        canvas.add(
            picture,
            collection.image(number),
            collection.answer(number),
            placement,
            lambda pixels: recolour(rng, pixels),
        )
    return canvas


class Batches(torch.utils.data.Dataset):
    """Item `step` is the whole batch of that step, as a dict of tensors.

    pixels uint8 [B, H, W, 3]; boxes [B, M, 4], classes [B, M] (-1: no box), weights [B, M]; ignored uint8
    [B, N] (bit c: no negative loss for class c); teacher_scores uint8 [B, N, 8], teacher_boxes
    [B, N, 4], taught bool [B, N], teacher_features uint8 [B, N, 96], feature_taught bool [B, N].
    """

    def __init__(self, collection, batch, seed, look_at, part=0, parts=1):
        """`look_at(step, rng)` gives a step's Look; this process makes part `part` of `parts` of a batch."""
        self.collection, self.batch, self.seed, self.look_at = collection, batch, seed, look_at
        self.part, self.parts = part, parts
        self._cells = {}

    def __getitem__(self, step):
        look = self.look_at(step, np.random.default_rng((self.seed, step)))
        size = (look.width, look.height)
        cells = self._cells.setdefault(size, None) or Cells(*size)
        self._cells[size] = cells
        canvases = [
            draw_canvas(np.random.default_rng((self.seed, step, i)), self.collection, look, cells)
            for i in range(self.part, self.batch, self.parts)
        ]
        return stack(canvases)


def stack(canvases):
    """Canvases of one size -> a batch."""
    counts = [sum(len(boxes) for boxes in canvas.boxes) for canvas in canvases]
    most = max(1, *counts)
    boxes = np.zeros((len(canvases), most, 4), np.float32)
    classes = np.full((len(canvases), most), -1, np.int64)
    weights = np.zeros((len(canvases), most), np.float32)
    for row, (canvas, count) in enumerate(zip(canvases, counts, strict=True)):
        boxes[row, :count] = np.concatenate(canvas.boxes)
        classes[row, :count] = np.concatenate(canvas.classes)
        weights[row, :count] = np.concatenate(canvas.weights)
    batch = {"boxes": boxes, "classes": classes, "weights": weights}
    for name in (
        "pixels", "ignored", "taught", "feature_taught",
        "teacher_scores", "teacher_boxes", "teacher_features",
    ):  # fmt: skip
        batch[name] = np.stack([getattr(canvas, name) for canvas in canvases])
    return {name: torch.from_numpy(array) for name, array in batch.items()}
