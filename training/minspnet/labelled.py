"""Pictures of one thing each: mini-imagenet's, and the objects cut out of edge8's pictures.

What is made of them lies in training/cache as plain arrays, so that a run starts in a second.
"""

import collections
import dataclasses
import gzip
import json
from pathlib import Path

import cv2
import numpy as np

from .augment import FILL, Placement, degrade, paste, recolour
from .data import CLASSES, NOT_OURS_SIDE, Store, kept_apart, read_images
from .detect import fit

LEAST_SIDE = 28  # pixels of an object's shorter side, below which its crop says too little
MARGIN = 0.08  # of an object's sides, that its crop shows around it
MOST = 400  # crops of a class: twice as many as mini-imagenet has of one
CROP_SIDE = 112  # pixels of a crop's longer side, as it is kept


@dataclasses.dataclass(frozen=True)
class Labelled:
    """Pictures (a list or an array of uint8 RGB [h, w, 3]), labels int64 [n], names of the classes."""

    pictures: object
    labels: np.ndarray
    names: tuple[str, ...]
    sources: dict[str, int]  # how many pictures are of which source

    def __len__(self):
        return len(self.labels)

    def then(self, other):
        """Both, the classes of `other` behind ours."""
        labels = np.concatenate([self.labels, other.labels + len(self.names)])
        sources = self.sources | other.sources
        return Labelled([*self.pictures, *other.pictures], labels, self.names + other.names, sources)


def mini_imagenet(index, split, part, cache=None):
    """The pictures of a split's part ("base": "train", "val"; "validation": "support-query")."""
    document = json.loads(gzip.decompress(Path(index).read_bytes()))
    wnids = [wnid for wnid, row in document["classes"].items() if row["split"] == split]
    rows = [row for row in document["images"] if row["class"] in wnids and row["part"] == part]
    labels = np.array([wnids.index(row["class"]) for row in rows])
    names = tuple(document["classes"][wnid]["name"] for wnid in wnids)
    kept = Path(cache) / f"mini-imagenet-{split}-{part}.npy" if cache else None
    if kept and kept.exists():
        return Labelled(np.load(kept), labels, names, {"mini-imagenet": len(rows)})
    side = {"shard": "images-00.tar", "width": NOT_OURS_SIDE, "height": NOT_OURS_SIDE}
    pictures = np.stack(list(read_images(index, [row | side for row in rows])))
    if kept:
        np.save(kept, pictures)
    return Labelled(pictures, labels, names, {"mini-imagenet": len(rows)})


def object_crops(store, seed=0, most=MOST, held_out_sources=(), held_out_every=0):
    """The objects that people drew in a store's pictures, at most `most` of a class, chosen by the seed."""
    places = [[] for _ in CLASSES]
    for index, entry in enumerate(store.entries):
        if kept_apart(entry, index, held_out_sources, held_out_every):
            continue
        for x1, y1, x2, y2, number in (row for row in entry["boxes"] if len(row) == 5):
            if min(x2 - x1, y2 - y1) >= LEAST_SIDE:
                places[int(number)].append((index, (x1, y1, x2, y2)))
    rng = np.random.default_rng(seed)
    pictures, labels, sources = [], [], collections.Counter()
    for number, found in enumerate(places):
        for choice in sorted(rng.permutation(len(found))[:most]):
            index, box = found[choice]
            pictures.append(cut(store.image(index), box))
            labels.append(number)
            sources[store.entries[index]["source"]] += 1
    return Labelled(pictures, np.array(labels, np.int64), CLASSES, dict(sources))


def cut(image, box):
    """A box of a picture with MARGIN around it, its longer side at most CROP_SIDE."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box
    dx, dy = (x2 - x1) * MARGIN, (y2 - y1) * MARGIN
    left, top = max(0, round(x1 - dx)), max(0, round(y1 - dy))
    crop = image[top : min(height, round(y2 + dy)), left : min(width, round(x2 + dx))]
    scale = CROP_SIDE / max(crop.shape[:2])
    if scale >= 1:
        return crop.copy()
    size = [max(1, round(side * scale)) for side in crop.shape[1::-1]]
    return cv2.resize(crop, size, interpolation=cv2.INTER_AREA)


def place_part(rng, width, height, side, least=0.25, letterbox=0.4):
    """A random part of a picture of these sides on a square input.

    Some keep their shape and lie at the top left with grey beside them, as the runtime lays a picture; the
    others fill the square (random resized crops, arXiv 1409.4842). `least` is the smallest part of the area.
    """
    framed = rng.random() < letterbox
    area = rng.uniform(max(least, 0.5) if framed else least, 1.0)
    bend = np.exp(rng.uniform(-1, 1) * np.log(2.0 if framed else 4 / 3) / 2)
    across, down = min(1.0, np.sqrt(area) * bend), min(1.0, np.sqrt(area) / bend)  # parts of each side
    if framed:
        scale = side / max(across * width, down * height)
        shown = (max(1, round(across * width * scale)), max(1, round(down * height * scale)))
    else:
        shown = (side, side)
    whole = (max(1, round(shown[0] / across)), max(1, round(shown[1] / down)))
    left = -int(rng.integers(0, max(0, whole[0] - shown[0]) + 1))
    top = -int(rng.integers(0, max(0, whole[1] - shown[1]) + 1))
    region = (0, 0, min(side, shown[0]), min(side, shown[1]))
    return Placement(left, top, *whole, bool(rng.random() < 0.5), region)


def draw(rng, picture, side, least=0.25):
    """One training input of a picture: uint8 [side, side, 3]."""
    canvas = np.full((side, side, 3), FILL, np.uint8)
    placement = place_part(rng, picture.shape[1], picture.shape[0], side, least)
    paste(canvas, picture, placement, lambda pixels: recolour(rng, pixels))
    return degrade(rng, canvas) if rng.random() < 0.3 else canvas


def whole(pictures, side):
    """Pictures as the runtime lays them: uint8 [n, side, side, 3]."""
    return np.stack([fit(picture, side, side)[0] for picture in pictures])


def training_set(settings):
    """The base classes and the objects, for training: the classes of edge8 come last."""
    base = mini_imagenet(settings.mini_imagenet, "base", "train", settings.cache)
    store = Store(Path(settings.cache) / "train")
    held_out = {"held_out_sources": ("traffic-cameras",), "held_out_every": 60}
    return base.then(object_crops(store, settings.seed, **held_out)) if settings.objects else base


def validation_set(settings):
    """The same classes, pictures that training did not see: `base`'s val part, the objects of edge8's val."""
    base = mini_imagenet(settings.mini_imagenet, "base", "val", settings.cache)
    store = Store(Path(settings.cache) / "val")
    return base.then(object_crops(store, most=60)) if settings.objects else base
