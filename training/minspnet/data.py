"""Manifests of labelled pictures, and the packed store of their pixels.

A manifest is edge8's JSON form (plain or gzipped): `{classes, images: [{file, shard, width, height,
source, boxes, ignore, labelled}]}`. Boxes are `[x1, y1, x2, y2, class]` in pixels; a sixth number is
an older teacher's score. `shard` names a tar beside the manifest; without it `file` is a path beside it.

The store holds every picture decoded (uint8 RGB, one after the other in one flat file), so that
training reads pixels at memory speed and all its processes share one copy through the page cache. Its entries
carry what the manifest's do, and `light`, the mean of the picture's bytes; where a teacher was asked also
`teacher`, its boxes with scores.
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
SURE = 0.4  # a teacher's box from here on is a label (79 % of .4 to .5 are right); below it nobody knows
DARK = 40.0  # mean byte below which a teacher that sees nothing says nothing
NEGATIVES_EVERY = 6  # every so manieth picture that shows nothing is kept out of training
# Classes that one thing may be taken for: person; two wheels; four and more; pets.
KIND = np.array([0, 1, 2, 1, 2, 2, 3, 3])
PETS = 3
# Animals that teachers take for cats and dogs: nothing there is one, or only what the teacher is sure of.
WILD = ("kangaroos", "raccoons", "lions")
SOME_WILD = ("bsds500", "imagenet-samples", "imagen-samples", "caltech101", "pacs-photo", "ade20k-val")
SURE_PET = 0.8


@dataclasses.dataclass(frozen=True)
class Picture:
    """What training knows of one picture. Boxes are corners in fractions of the picture."""

    source: str
    width: int
    height: int
    boxes: np.ndarray  # float32 [n, 4]
    classes: np.ndarray  # int64 [n]
    weights: np.ndarray  # float32 [n], of the loss: 1 for a person's label, the score for a teacher's
    ignore: np.ndarray  # float32 [m, 4]: neither positive nor negative for ...
    ignore_classes: np.ndarray  # int64 [m]: ... this class, or EVERY


# Mini-ImageNet's classes whose pictures show none of ours, and hardly ever a person.
NOT_OURS = (
    "house finch", "American robin", "triceratops", "green mamba", "harvestman (daddy longlegs)",
    "toucan", "jellyfish", "ladybug", "rock beauty (fish)", "trash can", "barrel", "beer bottle",
    "chime", "clog (shoe)", "cocktail shaker", "dishcloth", "dome", "filing cabinet", "fire screen",
    "frying pan", "hair slide (hair clip)", "lipstick", "pencil box", "photocopier", "prayer rug",
    "reel", "slot machine", "solar dish", "spider web", "tile roof", "upright piano", "wok",
    "worm fence", "consomme", "hot dog", "orange (fruit)", "cliff", "bolete (mushroom)",
    "ear (of corn)",
)  # fmt: skip
NOT_OURS_SIDE = 84  # pixels


def read_negatives(document):
    """Entries of mini-imagenet's index: the pictures of `base`'s validation part that show none of ours."""
    shown = {wnid for wnid, row in document["classes"].items() if row["name"] in NOT_OURS}
    return [
        {
            "file": row["file"],
            "shard": "images-00.tar",
            "width": NOT_OURS_SIDE,
            "height": NOT_OURS_SIDE,
            "source": "mini-imagenet",
            "boxes": [],
            "ignore": [],
            "labelled": list(CLASSES),
        }
        for row in document["images"]
        if row["class"] in shown and row["part"] == "val"
    ]


def read_manifest(path):
    """The entries of a manifest, as they stand in the file; of mini-imagenet's index see `read_negatives`."""
    path = Path(path)
    data = path.read_bytes()
    document = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    if isinstance(document.get("classes"), dict):
        return read_negatives(document)
    if tuple(document.get("classes", CLASSES)) != CLASSES:
        raise ValueError(f"{path}: classes are {document['classes']}, expected {list(CLASSES)}")
    return document["images"]


def to_picture(entry):
    """Turn a store's entry into a Picture: people's labels first, then the teacher's, then nothing.

    A class outside `labelled` is unknown in the picture, so there the teacher's word counts. For labelled
    classes it does not, but a sure box of the teacher that no label answers to is a likely miss of the
    labeller, and ignored. Boxes of an older teacher, which carry a score, are ignored too, where the newer
    one does not say the same.
    """
    asked = "teacher" in entry
    labelled = entry.get("labelled", () if asked else CLASSES)
    known = np.array([name in labelled for name in CLASSES])
    if not asked and not known.all():
        raise ValueError(f"{entry['file']}: not all classes are labelled and no teacher was asked")
    people = to_rows([[*row, 1.0] for row in entry["boxes"] if len(row) == 5])
    older = to_rows([row for row in entry["boxes"] if len(row) == 6])
    taught = tame(to_rows(entry.get("teacher", [])), entry["source"])
    taught = taught[unanswered(taught, people)]
    first = np.array([unanswered(taught[i : i + 1], taught[:i], 0.7)[0] for i in range(len(taught))], bool)
    speaks = ~known[taught[:, 4].astype(int)]
    sure = first & (taught[:, 5] >= SURE)
    labels = np.concatenate([people, taught[speaks & sure]])
    doubts = np.concatenate(
        [
            taught[speaks & ~sure],
            taught[~speaks & (taught[:, 5] >= MISSED)],
            older[unanswered(older, labels)],
        ]
    )
    everywhere = [0, 0, entry["width"], entry["height"]]
    dark = np.flatnonzero(~known) if entry.get("light", 255) < DARK else []
    unclear = [[*box[:4], EVERY] for box in entry["ignore"]] + [[*everywhere, number] for number in dark]
    ignore = np.concatenate([np.array(unclear, np.float32).reshape(-1, 5), doubts[:, :5]])
    size = np.array([entry["width"], entry["height"]] * 2, np.float32)
    return Picture(
        source=entry["source"],
        width=entry["width"],
        height=entry["height"],
        boxes=labels[:, :4] / size,
        classes=labels[:, 4].astype(np.int64),
        weights=labels[:, 5],
        ignore=ignore[:, :4] / size,
        ignore_classes=ignore[:, 4].astype(np.int64),
    )


def to_rows(boxes):
    """Rows [x1, y1, x2, y2, class, score] as float32 [n, 6]."""
    return np.array(boxes, np.float32).reshape(-1, 6)


def tame(taught, source):
    """A teacher's rows without the wild animals that it takes for pets, or with doubts about them."""
    pets = KIND[taught[:, 4].astype(int)] == PETS
    if source in WILD:
        return taught[~pets]
    if source in SOME_WILD:
        taught = taught.copy()
        taught[pets & (taught[:, 5] < SURE_PET), 5] = 0.0
    return taught


def unanswered(candidates, labels, overlap=0.4):
    """Which candidates (rows [x1, y1, x2, y2, class, ...]) no label stands for: bool [n].

    A label does if it is of their class and overlaps them so much (IoU), or is of their kind and overlaps
    them by .7: then it says that the same thing is something else.
    """
    first = np.maximum(candidates[:, None, :2], labels[None, :, :2])
    last = np.minimum(candidates[:, None, 2:4], labels[None, :, 2:4])
    shared = np.clip(last - first, 0, None).prod(-1)
    area_a = (candidates[:, 2:4] - candidates[:, :2]).prod(-1)
    area_b = (labels[:, 2:4] - labels[:, :2]).prod(-1)
    iou = shared / (area_a[:, None] + area_b[None] - shared + 1e-6)
    a, b = candidates[:, None, 4].astype(int), labels[None, :, 4].astype(int)
    same = ((a == b) & (iou >= overlap)) | ((KIND[a] == KIND[b]) & (iou >= 0.7))
    return ~same.any(1)


def shows_nothing(entry):
    """Whether neither people nor teachers saw anything of ours in a picture."""
    if "labelled" in entry and len(entry["labelled"]) < COUNT:
        return False
    return "teacher" in entry and not (entry["boxes"] or entry["ignore"] or entry["teacher"])


def kept_apart(entry, index, sources, every):
    """Whether training must not see a store's entry.

    It does not see held-out sources, every so manieth picture that people labelled, and every
    NEGATIVES_EVERY-th of those that show nothing.
    """
    if entry["source"] in sources:
        return True
    if every <= 0:
        return False
    if "labelled" in entry:
        return index % every == 0
    return shows_nothing(entry) and index % NEGATIVES_EVERY == 0


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


def pack(manifest, folder, teacher=None):
    """Decode a manifest's pictures into a Store. The index is written last, so half a store never opens.

    teacher: {file: rows [x1, y1, x2, y2, class, score]} of a teacher, for the pictures it was asked about.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    entries = read_manifest(manifest)
    with open(folder / "pixels.bin", "wb") as file:
        for entry, image in zip(entries, read_images(manifest, entries), strict=True):
            file.write(image.tobytes())
            entry["light"] = round(float(image.mean()), 1)
            if teacher and entry["file"] in teacher:
                entry["teacher"] = teacher[entry["file"]]
    (folder / "index.json").write_text(json.dumps(entries))
    return Store(folder)
