"""COCO's average precision where not every class is labelled in every picture (pycocotools)."""

import contextlib
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


def precision_and_recall(entries, results, min_score, overlap=0.5):
    """Of the detections from `min_score` on: the part that is right, and the part of the boxes found.

    Judged like `score`: by class, only where it is labelled, nothing on ignored boxes.
    """
    right = wrong = boxes = 0
    for entry, (found, classes, scores) in zip(entries, results, strict=True):
        for number, name in enumerate(CLASSES):
            if name not in entry.get("labelled", CLASSES):
                continue
            truth = [box[:4] for box in entry["boxes"] if box[4] == number]
            boxes += len(truth)
            chosen = np.flatnonzero((classes == number) & (scores >= min_score))
            for index in chosen[np.argsort(-scores[chosen], kind="stable")]:
                overlaps = [_iou(found[index], box) for box in truth]
                if overlaps and max(overlaps) >= overlap:
                    truth.pop(int(np.argmax(overlaps)))
                    right += 1
                elif not any(_covered(found[index], box) >= overlap for box in entry["ignore"]):
                    wrong += 1
    return right / max(1, right + wrong), right / max(1, boxes)


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
