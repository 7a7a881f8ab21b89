"""Precision and recall over thresholds, on pictures that training did not see: what `minScore` is chosen by.

Not on val: that is for choosing a checkpoint, and what was chosen on it cannot be measured on it.
"""

import dataclasses

import numpy as np

from evaluate import chosen
from minspnet.data import Store
from minspnet.evaluation import run_over
from minspnet.runtime import predictor, session
from minspnet.scoring import precision_and_recall
from minspnet.settings import option, parse


@dataclasses.dataclass(frozen=True)
class Settings:
    model: str = option(dataclasses.MISSING, "ONNX file")
    size: str = option("256x256", "input, width x height")
    store: str = option("training/cache/train", "packed pictures with their labels")
    every: int = option(60, "every so manieth picture: those that training's --held-out-every kept apart")


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    store = Store(settings.store)
    indices = chosen(store, (), settings.every)
    entries = [store.entries[index] for index in indices]
    width, height = (int(side) for side in settings.size.split("x"))
    images = (np.asarray(store.image(index)) for index in indices)
    results = run_over(predictor(session(settings.model)), images, width, height)
    print(f"{settings.model} at {settings.size} on {len(entries)} held-out training pictures")
    print("minScore precision recall     F1")
    for min_score in np.arange(0.15, 0.7, 0.05):
        precision, recall = precision_and_recall(entries, results, min_score)
        balance = 2 * precision * recall / max(1e-9, precision + recall)
        print(f"{min_score:8.2f} {precision:9.3f} {recall:6.3f} {balance:6.3f}")


if __name__ == "__main__":
    main()
