"""Manifests of labelled pictures, and the packed store of their pixels.

A manifest is edge8's JSON form (plain or gzipped): `{classes, images: [{file, shard, width, height,
source, boxes, ignore, labelled}]}`. Boxes are `[x1, y1, x2, y2, class]` in pixels; a sixth number is
a teacher's score. `shard` names a tar beside the manifest; without it `file` is a path beside the manifest.

The store holds every picture decoded (uint8 RGB, one after the other in one flat file), so that
training reads pixels at memory speed and all its processes share one copy through the page cache.
"""

import contextlib
import dataclasses
import gzip
import json
import tarfile
from pathlib import Path

import cv2
import numpy as np

CLASSES = ("person", "bicycle", "car", "motorcycle", "bus", "truck", "cat", "dog")
COUNT = len(CLASSES)
EVERY = -1  # in Picture.ignore_classes
MISSED = 0.5  # a teacher's box this sure that no label answers to was probably overlooked
SURE = 0.4  # a teacher's box from this score on is a label; below it, nobody knows: ignored


@dataclasses.dataclass(frozen=True)
class Picture:
    """What training knows of one picture. Boxes are corners in fractions of the picture."""

    source: str
    width: int
    height: int
    boxes: np.ndarray  # float32 [n, 4]
    classes: np.ndarray  # int64 [n]
    weights: np.ndarray  # float32 [n]: 1 for a person's label, the score for a teacher's
    ignore: np.ndarray  # float32 [m, 4]: neither positive nor negative for ...
    ignore_classes: np.ndarray  # int64 [m]: ... this class, or EVERY


def read_manifest(path):
    """The entries of a manifest, as they stand in the file."""
    path = Path(path)
    data = path.read_bytes()
    document = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    if tuple(document.get("classes", CLASSES)) != CLASSES:
        raise ValueError(f"{path}: classes are {document['classes']}, expected {list(CLASSES)}")
    return document["images"]


def to_picture(entry, teacher_boxes=None):
    """Turn a manifest entry into a Picture, with the teacher's boxes where people labelled nothing.

    A class outside `labelled` is unknown in the picture, so there the teacher's word counts, as it does
    for rows that carry a score. For labelled classes a sure box of the teacher that no label
    answers to is a likely miss of the labeller, and ignored.
    """
    known = np.array([name in entry.get("labelled", CLASSES) for name in CLASSES])
    if teacher_boxes is None and not known.all():
        raise ValueError(f"{entry['file']}: not all classes are labelled and no teacher was asked")
    taught = np.array(teacher_boxes or [], np.float32).reshape(-1, 6)
    rows = np.array([row if len(row) == 6 else [*row, 1.0] for row in entry["boxes"]], np.float32).reshape(
        -1, 6
    )
    teacher_knows = ~known[taught[:, 4].astype(int)]
    missed = taught[~teacher_knows & (taught[:, 5] >= MISSED)]
    missed = missed[unanswered(missed, rows)]
    rows = np.concatenate([rows, taught[teacher_knows]])
    sure = rows[:, 5] >= SURE
    ignore = np.array([[*box[:4], EVERY] for box in entry["ignore"]], np.float32).reshape(-1, 5)
    ignore = np.concatenate([ignore, rows[~sure, :5], missed[:, :5]])
    size = np.array([entry["width"], entry["height"]] * 2, np.float32)
    return Picture(
        source=entry["source"],
        width=entry["width"],
        height=entry["height"],
        boxes=rows[sure, :4] / size,
        classes=rows[sure, 4].astype(np.int64),
        weights=rows[sure, 5],
        ignore=ignore[:, :4] / size,
        ignore_classes=ignore[:, 4].astype(np.int64),
    )


def unanswered(candidates, labels, overlap=0.4):
    """Which candidates (rows [x1, y1, x2, y2, class, ...]) no label of their class overlaps: bool [n]."""
    first = np.maximum(candidates[:, None, :2], labels[None, :, :2])
    last = np.minimum(candidates[:, None, 2:4], labels[None, :, 2:4])
    shared = np.clip(last - first, 0, None).prod(-1)
    area_a = (candidates[:, 2:4] - candidates[:, :2]).prod(-1)
    area_b = (labels[:, 2:4] - labels[:, :2]).prod(-1)
    iou = shared / (area_a[:, None] + area_b[None] - shared + 1e-6)
    same = candidates[:, None, 4] == labels[None, :, 4]
    return ~((iou >= overlap) & same).any(1)


def read_files(manifest, entries):
    """Yield each entry's file as bytes, in order."""
    folder = Path(manifest).parent
    with contextlib.ExitStack() as opened:
        tars = {}
        for entry in entries:
            shard = entry.get("shard")
            if shard is None:
                yield (folder / entry["file"]).read_bytes()
                continue
            if shard not in tars:
                tars[shard] = opened.enter_context(tarfile.open(folder / shard))
            yield tars[shard].extractfile(entry["file"]).read()


def read_images(manifest, entries):
    """Yield each entry's picture as uint8 RGB [height, width, 3], in order."""
    for entry, data in zip(entries, read_files(manifest, entries), strict=True):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f"{manifest}: {entry['file']} cannot be decoded")
        if image.shape[:2] != (entry["height"], entry["width"]):
            raise ValueError(f"{manifest}: {entry['file']} is {image.shape[1]}x{image.shape[0]}")
        yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


class Store:
    """Decoded pictures of one manifest: `pixels.bin` and `index.json` in a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.entries = json.loads((self.folder / "index.json").read_text())
        self._pixels = np.memmap(self.folder / "pixels.bin", np.uint8, "r")
        sizes = [entry["width"] * entry["height"] * 3 for entry in self.entries]
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        if self._starts[-1] != len(self._pixels):
            raise ValueError(f"{self.folder}: pixels.bin does not fit index.json; pack again")

    def __len__(self):
        return len(self.entries)

    def image(self, index):
        """uint8 RGB [height, width, 3], a read-only view."""
        entry = self.entries[index]
        flat = self._pixels[self._starts[index] : self._starts[index + 1]]
        return flat.reshape(entry["height"], entry["width"], 3)


def pack(manifest, folder):
    """Decode a manifest's pictures into a Store. The index is written last, so half a store never opens."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    entries = read_manifest(manifest)
    with open(folder / "pixels.bin", "wb") as file:
        for image in read_images(manifest, entries):
            file.write(image.tobytes())
    (folder / "index.json").write_text(json.dumps(entries))
    return Store(folder)
