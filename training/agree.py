"""Do the runtime and Python find the same boxes? Compares `minspnet detect --json` lines with our own run.

Each side decodes and scales the pictures with its own library (FFmpeg there, OpenCV here), so on JPEGs scores
differ in their second digit, and now and then another of several overlapping boxes wins. On pictures that
`unpack.py --fit` laid out (--fitted), both see the same pixels, and the boxes must be the same.
"""

import dataclasses
import json
from pathlib import Path, PurePath

import numpy as np

from evaluate import read_detections
from minspnet.data import Store
from minspnet.detect import fit
from minspnet.evaluation import run_over
from minspnet.runtime import predictor, session
from minspnet.settings import option, parse, to_size


@dataclasses.dataclass(frozen=True)
class Settings:
    detections: str = option(dataclasses.MISSING, "the runtime's JSON lines")
    model: str = option(dataclasses.MISSING, "the ONNX file that the runtime used")
    size: str = option("256x256", "input, width x height")
    store: str = option("training/cache/val", "packed pictures")
    fitted: bool = option(False, "the runtime saw the PNGs of unpack.py --fit")
    min_score: float = option(0.4, "boxes to compare")


def nearest(box, number, boxes, classes):
    """The largest corner difference to the nearest box of the same class, in pixels."""
    same = boxes[classes == number]
    return np.abs(same - box).max(1).min() if len(same) else np.inf


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    store = Store(settings.store)
    width, height = to_size(settings.size)
    entries, images = store.entries, [store.image(index) for index in range(len(store))]
    if settings.fitted:
        images = [fit(image, width, height)[0] for image in images]
        entries = [
            entry
            | {"file": str(PurePath(entry["file"]).with_suffix(".png")), "width": width, "height": height}
            for entry in entries
        ]
    files = [json.loads(line)["file"] for line in Path(settings.detections).read_text().splitlines()]
    seen = [i for i, entry in enumerate(entries) if any(f.endswith(entry["file"]) for f in files)]
    theirs = read_detections(settings.detections, [entries[i] for i in seen])
    ours = run_over(predictor(session(settings.model)), (images[i] for i in seen), width, height)
    differences = np.array(
        [
            nearest(box, number, our_boxes, our_classes)
            for (boxes, classes, scores), (our_boxes, our_classes, _) in zip(theirs, ours, strict=True)
            for box, number, score in zip(boxes, classes, scores, strict=True)
            if score >= settings.min_score
        ]
    )
    print(f"{len(differences)} boxes from {settings.min_score} on in {len(seen)} pictures; in pixels:")
    for part in (0.5, 0.9, 0.99, 1):
        print(f"  {part:4.0%} within {np.quantile(differences, part):.2f}")


if __name__ == "__main__":
    main()
