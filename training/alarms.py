"""False alarms: how often a network tells of something in pictures that show nothing of ours.

    python training/alarms.py --name minspnet-s

The pictures are those that training kept apart because neither people nor teachers saw anything in them
(`kept_apart`), and mini-imagenet's of things and animals that are none of ours. An alarm is a detection from
the card's `minScore` on; those from each class's own on are counted besides.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np

from minspnet.data import CLASSES, Store, kept_apart, shows_nothing
from minspnet.evaluation import run_over
from minspnet.measured import record_alarms
from minspnet.runtime import predictor, session
from minspnet.settings import option, parse, to_size


@dataclasses.dataclass(frozen=True)
class Settings:
    name: str = option(dataclasses.MISSING, "the model's name")
    models: str = option("models", "folder of the models")
    precision: str = option("int8", "fp32 or int8")
    min_score: float = option(0.0, "score of an alarm; 0 for the card's")
    sizes: tuple[str, ...] = option(("256x256", "320x192"), "inputs, width x height")
    stores: tuple[str, ...] = option(
        ("training/cache/more", "training/cache/mini-imagenet"), "packed pictures"
    )
    record: str = option("", "JSON file to note the result in, for the card")


def negatives(store):
    """Indices of a store's pictures that show nothing and that training did not see."""
    for index, entry in enumerate(store.entries):
        if entry["source"] == "mini-imagenet" or (shows_nothing(entry) and kept_apart(entry, index, (), 60)):
            yield index


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    folder = Path(settings.models) / settings.name
    card = json.loads((folder / "card.json").read_text())
    min_score = settings.min_score or card["minScore"]
    own = np.array([card.get("calibration", {}).get(name, card)["minScore"] for name in CLASSES])
    predict = predictor(session(folder / f"{settings.name}.{settings.precision}.onnx"))
    for path in settings.stores:
        store = Store(path)
        indices = list(negatives(store))
        for size in settings.sizes:
            images = (np.asarray(store.image(index)) for index in indices)
            results = run_over(predict, images, *to_size(size))
            classes = np.concatenate([row[1] for row in results])
            scores = np.concatenate([row[2] for row in results])
            told, told_by_class = scores >= min_score, scores >= own[classes]
            per_class = {name: int((classes[told] == number).sum()) for number, name in enumerate(CLASSES)}
            row = {
                "set": f"{Path(path).name}-negatives",
                "size": list(to_size(size)),
                "precision": settings.precision,
                "pictures": len(indices),
                "minScore": min_score,
                "per1000": round(1000 * int(told.sum()) / len(indices), 1),
                "per1000ByClassScores": round(1000 * int(told_by_class.sum()) / len(indices), 1),
                "perClass": {name: count for name, count in per_class.items() if count},
            }
            print(json.dumps(row), flush=True)
            if settings.record:
                record_alarms(settings.record, row)


if __name__ == "__main__":
    main()
