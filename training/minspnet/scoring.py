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
