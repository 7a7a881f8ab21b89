"""Training batches: a step's batch depends on the seed and the step alone, so a run can stop anywhere."""

import dataclasses

import numpy as np
import torch

from .augment import FILL, degrade, paste, place, recolour
from .data import CLASSES, EVERY, Store, kept_apart, to_picture
from .heads import cell_centres

SMALLEST = 3.0  # pixels: what is smaller than this on the canvas is ignored
LEAST_VISIBLE = 0.25  # what is cut below this part of itself is ignored


class Collection:
    """Several stores with their labels, and how often each picture is drawn."""

    def __init__(self, folders, held_out_sources=(), held_out_every=0, held_out=False):
        """Of what `kept_apart` names only `held_out` ones are taken."""
        self.stores = [Store(folder) for folder in folders]
        self.pictures, self.places = [], []
        for number, store in enumerate(self.stores):
            for index, entry in enumerate(store.entries):
                if kept_apart(entry, index, held_out_sources, held_out_every) == held_out:
                    self.pictures.append(to_picture(entry))
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


class Canvas:
    """One training picture in the making."""

    def __init__(self, cells, width, height):
        """cells: centres [n, 2] and strides [n] of the size, as numpy arrays."""
        self.centres, self.strides = cells
        self.pixels = np.full((height, width, 3), FILL, np.uint8)
        self.boxes, self.classes, self.weights = [], [], []
        self.ignored = np.zeros(len(self.centres), np.uint8)  # one bit a class

    def add(self, picture, image, placement, change):
        paste(self.pixels, image, placement, change)
        boxes, visible = placement.clip(placement.boxes(picture.boxes))
        sides = (boxes[:, 2:] - boxes[:, :2]).min(1, initial=np.inf)
        kept = (visible >= LEAST_VISIBLE) & (sides >= SMALLEST)
        self.boxes.append(boxes[kept])
        self.classes.append(picture.classes[kept])
        self.weights.append(picture.weights[kept])
        gone = ~kept & (visible > 0)
        ignore, shown = placement.clip(placement.boxes(picture.ignore))
        self._ignore(boxes[gone], picture.classes[gone])
        self._ignore(ignore[shown > 0], picture.ignore_classes[shown > 0])

    def _ignore(self, boxes, classes):
        """No negative loss for any cell whose square meets such a box, at every stride."""
        x, y = self.centres.T
        half = self.strides / 2
        for (x1, y1, x2, y2), number in zip(boxes, classes, strict=True):
            meets = (x + half > x1) & (x - half < x2) & (y + half > y1) & (y - half < y2)
            self.ignored[meets] |= 255 if number == EVERY else 1 << int(number)


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
            placement,
            lambda pixels: recolour(rng, pixels),
        )
    canvas.pixels = degrade(rng, canvas.pixels)
    return canvas


class Batches(torch.utils.data.Dataset):
    """Item `step` is the whole batch of that step, as a dict of tensors.

    pixels uint8 [B, H, W, 3]; boxes [B, M, 4], classes [B, M] (-1: no box), weights [B, M]; ignored uint8
    [B, N] (bit c: no negative loss for class c).
    """

    def __init__(self, collection, batch, seed, look_at, part=0, parts=1):
        """`look_at(step, rng)` gives a step's Look; this process makes part `part` of `parts` of a batch."""
        self.collection, self.batch, self.seed, self.look_at = collection, batch, seed, look_at
        self.part, self.parts = part, parts
        self._cells = {}

    def __getitem__(self, step):
        look = self.look_at(step, np.random.default_rng((self.seed, step)))
        size = (look.width, look.height)
        if size not in self._cells:
            self._cells[size] = [part.numpy() for part in cell_centres(look.height, look.width)]
        canvases = [
            draw_canvas(np.random.default_rng((self.seed, step, i)), self.collection, look, self._cells[size])
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
    for name in ("pixels", "ignored"):
        batch[name] = np.stack([getattr(canvas, name) for canvas in canvases])
    return {name: torch.from_numpy(array) for name, array in batch.items()}
