"""How good detections are where not every class is labelled in every picture: COCO's average precision
(pycocotools), and what is right and what is found from a score on."""

import contextlib
import dataclasses
import io

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from .data import CLASSES


def score(entries, results):
    """AP of detections against a manifest's entries.

    results[i]: (boxes [n, 4], classes [n], scores [n]) of entries[i], in its pixels. A class is judged
    only in pictures that label it; detections on `ignore` boxes count neither way.
    Returns {"ap", "ap50", "perClass": {name: {"ap", "ap50", "boxes"}}}; a class without boxes is left out.
    """
    per_class = {}
    for number, name in enumerate(CLASSES):
        images = [i for i, entry in enumerate(entries) if name in entry.get("labelled", CLASSES)]
        truth, found = [], []
        for image in images:
            for box in entries[image]["boxes"]:
                if box[4] == number:
                    truth.append(_annotation(len(truth) + 1, image, box, crowd=0))
            for box in entries[image]["ignore"]:
                truth.append(_annotation(len(truth) + 1, image, box, crowd=1))
            boxes, classes, scores = results[image]
            for index in np.flatnonzero(classes == number):
                x1, y1, x2, y2 = (float(value) for value in boxes[index])
                found.append(
                    {
                        "image_id": image,
                        "category_id": 1,
                        "bbox": [x1, y1, x2 - x1, y2 - y1],
                        "score": float(scores[index]),
                    }
                )
        count = sum(not row["iscrowd"] for row in truth)
        if count == 0:
            continue
        ap, ap50 = _average_precision(images, truth, found) if found else (0.0, 0.0)
        per_class[name] = {"ap": ap, "ap50": ap50, "boxes": count}
    return {
        "ap": float(np.mean([row["ap"] for row in per_class.values()])),
        "ap50": float(np.mean([row["ap50"] for row in per_class.values()])),
        "perClass": per_class,
    }


@dataclasses.dataclass(frozen=True)
class Judged:
    """Detections that are right or wrong, and labels that were found or not.

    A detection on an `ignore` box is neither and left out. A label's side is its shorter one, in pixels of
    the network's input; `found` is the score of the detection that found it, 0 if none did.
    """

    classes: np.ndarray  # int [n] of the detections
    scores: np.ndarray  # float [n]
    right: np.ndarray  # bool [n]
    label_classes: np.ndarray  # int [m]
    sides: np.ndarray  # float [m]
    found: np.ndarray  # float [m]

    def precision(self, min_score):
        """The part of the detections from `min_score` on that is right."""
        chosen = self.scores >= min_score
        return float(self.right[chosen].sum() / max(1, chosen.sum()))

    def recall(self, min_score, smallest=0.0, largest=np.inf):
        """The part of the labels of such a side that detections from `min_score` on find."""
        chosen = (self.sides >= smallest) & (self.sides < largest)
        return float((self.found[chosen] >= min_score).sum() / max(1, chosen.sum()))

    def lowest_score(self, precision, least=1):
        """The lowest score from which on so many are right, at least `least` of them; or None."""
        order = np.argsort(-self.scores, kind="stable")
        right = np.cumsum(self.right[order])
        # Equal scores stand or fall together, so only the last of each may be a threshold.
        last = np.append(np.diff(self.scores[order]) < 0, True)
        enough = last & (right >= precision * np.arange(1, len(order) + 1)) & (right >= least)
        return float(self.scores[order][np.flatnonzero(enough)[-1]]) if enough.any() else None

    def of_class(self, number):
        mine, labels = self.classes == number, self.label_classes == number
        detections = (self.classes[mine], self.scores[mine], self.right[mine])
        return Judged(*detections, self.label_classes[labels], self.sides[labels], self.found[labels])


def judge(entries, results, size=None, overlap=0.5):
    """What of the results (see `score`) is right, and which labels they find: greedily, best score first.

    By class, only where it is labelled. size: width and height of the network's input, which labels' sides
    are measured on; without it, on the picture.
    """
    found, labels = [], []
    for entry, (boxes, classes, scores) in zip(entries, results, strict=True):
        scale = min(size[0] / entry["width"], size[1] / entry["height"]) if size else 1.0
        for number, name in enumerate(CLASSES):
            if name not in entry.get("labelled", CLASSES):
                continue
            truth = [box[:4] for box in entry["boxes"] if box[4] == number]
            found_by = np.zeros(len(truth))
            chosen = np.flatnonzero(classes == number)
            for index in chosen[np.argsort(-scores[chosen], kind="stable")]:
                overlaps = [
                    0.0 if taken else _iou(boxes[index], box)
                    for box, taken in zip(truth, found_by > 0, strict=True)
                ]
                right = bool(overlaps) and max(overlaps) >= overlap
                if right:
                    found_by[int(np.argmax(overlaps))] = scores[index]
                if right or not any(_covered(boxes[index], box) >= overlap for box in entry["ignore"]):
                    found.append((number, scores[index], right))
            sides = (scale * min(box[2] - box[0], box[3] - box[1]) for box in truth)
            labels += [(number, *row) for row in zip(sides, found_by, strict=True)]
    found = np.array(found, float).reshape(-1, 3)
    labels = np.array(labels, float).reshape(-1, 3)
    return Judged(
        classes=found[:, 0].astype(int),
        scores=found[:, 1],
        right=found[:, 2].astype(bool),
        label_classes=labels[:, 0].astype(int),
        sides=labels[:, 1],
        found=labels[:, 2],
    )


def together(parts):
    """Several sets judged as one."""
    fields = (field.name for field in dataclasses.fields(Judged))
    return Judged(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in fields})


def _shared(a, b):
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def _iou(a, b):
    return _shared(a, b) / max(1e-9, _area(a) + _area(b) - _shared(a, b))


def _covered(box, by):
    return _shared(box, by) / max(1e-9, _area(box))


def _annotation(number, image, box, crowd):
    x1, y1, x2, y2 = (float(value) for value in box[:4])
    side = [x1, y1, x2 - x1, y2 - y1]
    area = side[2] * side[3]
    return {
        "id": number, "image_id": image, "category_id": 1, "bbox": side, "area": area, "iscrowd": crowd
    }  # fmt: skip


def _average_precision(images, truth, found):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": image} for image in images],
            "annotations": truth,
            "categories": [{"id": 1}],
            "info": {},
        }
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(found), "bbox")
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
        evaluation.params.maxDets = [100]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, 0, 0, 0]
    return float(precision.mean()), float(precision[0].mean())
