"""What a score means: precision and recall over thresholds, and per class the probability that a detection of
a score is right and the score from which on 90 % are, on pictures that training did not see.

Not on val: that is for choosing a checkpoint, and what was chosen on it cannot be measured on it.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np

from evaluate import chosen
from minspnet.calibration import calibrate, calibration_error, probability
from minspnet.data import CLASSES, Store
from minspnet.evaluation import run_over
from minspnet.measured import record_calibration
from minspnet.runtime import predictor, session
from minspnet.scoring import judge, together
from minspnet.settings import option, parse, to_size

LEAST_SCORE = 0.05  # of the detections that the probabilities are fitted to


@dataclasses.dataclass(frozen=True)
class Settings:
    model: str = option(dataclasses.MISSING, "ONNX file")
    sizes: tuple[str, ...] = option(("256x256", "320x192"), "inputs, width x height; judged together")
    stores: tuple[str, ...] = option(
        ("training/cache/train", "training/cache/streets"), "packed pictures with people's labels"
    )
    every: int = option(60, "every so manieth picture: those that training's --held-out-every kept apart")
    record: str = option("", "JSON file to note the calibration in, for the card")
    card: str = option("", "card to write it into at once")


def judge_held_out(settings):
    """Detections in the held-out pictures of all stores, at all sizes, judged."""
    opened, parts = predictor(session(settings.model)), []
    for folder in settings.stores:
        store = Store(folder)
        indices = chosen(store, (), settings.every)
        entries = [store.entries[index] for index in indices]
        for size in settings.sizes:
            images = (np.asarray(store.image(index)) for index in indices)
            results = run_over(opened, images, *to_size(size), LEAST_SCORE)
            parts.append(judge(entries, results, to_size(size)))
        print(f"{len(entries)} held-out pictures of {folder}")
    return together(parts)


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    judged = judge_held_out(settings)
    print(f"{settings.model} at {' and '.join(settings.sizes)}")
    print("minScore precision recall     F1")
    for min_score in np.arange(0.15, 0.7, 0.05):
        precision, recall = judged.precision(min_score), judged.recall(min_score)
        balance = 2 * precision * recall / max(1e-9, precision + recall)
        print(f"{min_score:8.2f} {precision:9.3f} {recall:6.3f} {balance:6.3f}")
    rows = calibrate(judged)
    print("class      labels detections temperature   bias minScore precision recall  error: before after")
    for number, (name, row) in enumerate(rows.items()):
        mine = judged.of_class(number)
        errors = (calibration_error(p, mine.right) for p in (mine.scores, probability(mine.scores, row)))
        least = row["minScore"]
        print(
            f"{name:10s} {len(mine.found):6d} {len(mine.scores):10d} {row['temperature']:11.3f} "
            f"{row['bias']:6.2f} {least:8.3f} {mine.precision(least):9.3f} {mine.recall(least):6.3f}  "
            "       {:.3f} {:.3f}".format(*errors)
        )
    least = np.array([rows[name]["minScore"] for name in CLASSES])
    kept = judged.scores >= least[judged.classes]
    print(
        f"each class from its minScore on: {judged.right[kept].mean():.3f} right, "
        f"{(judged.found >= least[judged.label_classes]).mean():.3f} found"
    )
    if settings.record:
        record_calibration(settings.record, rows)
    if settings.card:
        path = Path(settings.card)
        path.write_text(json.dumps(json.loads(path.read_text()) | {"calibration": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
