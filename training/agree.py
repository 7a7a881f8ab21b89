"""Do the runtime and Python find the same boxes? Compares `minspnet detect --json` lines with our own run.

Each side decodes and scales the pictures with its own library (FFmpeg there, OpenCV here), so a score may
differ in its second digit; a box above `min_score` there should lie within a pixel or so of one here.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np

from evaluate import read_detections
from minspnet.data import Store
from minspnet.evaluation import run_over
from minspnet.runtime import predictor, session
from minspnet.settings import option, parse


@dataclasses.dataclass(frozen=True)
class Settings:
    detections: str = option(dataclasses.MISSING, "the runtime's JSON lines")
    model: str = option(dataclasses.MISSING, "the ONNX file that the runtime used")
    size: str = option("256x256", "input, width x height")
    store: str = option("training/cache/val", "packed pictures")
    min_score: float = option(0.4, "boxes to compare")


def nearest(box, number, boxes, classes):
    """The largest corner difference to the nearest box of the same class, in pixels."""
    same = boxes[classes == number]
    return np.abs(same - box).max(1).min() if len(same) else np.inf


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    store = Store(settings.store)
    files = [json.loads(line)["file"] for line in Path(settings.detections).read_text().splitlines()]
    indices = [i for i, entry in enumerate(store.entries) if any(f.endswith(entry["file"]) for f in files)]
    theirs = read_detections(settings.detections, [store.entries[index] for index in indices])
    width, height = (int(side) for side in settings.size.split("x"))
    images = (np.asarray(store.image(index)) for index in indices)
    ours = run_over(predictor(session(settings.model)), images, width, height)
    differences = np.array(
        [
            nearest(box, number, our_boxes, our_classes)
            for (boxes, classes, scores), (our_boxes, our_classes, _) in zip(theirs, ours, strict=True)
            for box, number, score in zip(boxes, classes, scores, strict=True)
            if score >= settings.min_score
        ]
    )
    print(f"{len(differences)} boxes from {settings.min_score} on in {len(indices)} pictures; in pixels:")
    for part in (0.5, 0.9, 0.99, 1):
        print(f"  {part:4.0%} within {np.quantile(differences, part):.2f}")


if __name__ == "__main__":
    main()
