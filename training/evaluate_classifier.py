"""Top-1 of a classifier's files on pictures that training did not see, of mini-imagenet and of edge8.

    python training/evaluate_classifier.py --models models/minspnet-s-cls/*.onnx --sizes 96x96 --record …

A picture is laid on the input as the runtime lays it. With --record the temperature that makes probabilities
of the logits is noted as well (arXiv 1706.04599), fitted on the same pictures in the last file at the first
size.
"""

import dataclasses
from pathlib import Path

import numpy as np

from minspnet.calibration import calibration_error
from minspnet.labelled import validation_set, whole
from minspnet.measured import record_accuracy, record_value
from minspnet.runtime import predictor, session
from minspnet.settings import option, parse, to_size

OBJECTS = 8  # the last classes


@dataclasses.dataclass(frozen=True)
class Settings:
    models: tuple[str, ...] = option((), "ONNX files to run")
    sizes: tuple[str, ...] = option(("96x96",), "input sizes, width x height, squares")
    mini_imagenet: str = option("../shared/datasets/mini-imagenet/index.json.gz", "its index")
    objects: bool = option(True, "edge8's objects as well, the last eight classes")
    cache: str = option("training/cache", "folder of the stores")
    record: str = option("", "JSON file to note the result in, for the card")


def probabilities(logits, temperature=1.0):
    scaled = logits / temperature
    scaled = np.exp(scaled - scaled.max(1, keepdims=True))
    return scaled / scaled.sum(1, keepdims=True)


def fit_temperature(logits, labels):
    """The temperature of least log loss, of a hundred from .2 to 5."""
    rows = np.arange(len(labels))
    candidates = np.exp(np.linspace(np.log(0.2), np.log(5), 100))
    losses = [-np.log(probabilities(logits, t)[rows, labels] + 1e-12).mean() for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    labelled = validation_set(settings)
    base = labelled.labels < len(labelled.names) - OBJECTS * settings.objects
    sets = {"mini-imagenet-base-val": base} | ({"edge8-val-objects": ~base} if settings.objects else {})
    for model in settings.models:
        predict = predictor(session(model))
        for size in map(to_size, settings.sizes):
            inputs = whole(labelled.pictures, size[0])
            logits = np.concatenate([predict(pixels[None])[0] for pixels in inputs])
            temperature = fit_temperature(logits, labelled.labels)
            p = probabilities(logits, temperature)
            right = p.argmax(1) == labelled.labels
            error = calibration_error(p.max(1), right)
            print(
                f"{model} {size[0]}x{size[1]}: temperature {temperature:.2f}, calibration error {error:.3f}"
            )
            for name, members in sets.items():
                row = {"set": name, "size": list(size), "precision": Path(model).suffixes[-2].lstrip(".")}
                row |= {"measuredBy": "python", "pictures": int(members.sum())}
                row["top1"] = round(float(right[members].mean()), 4)
                print(f"  {name}: top-1 {row['top1']:.4f} of {row['pictures']}", flush=True)
                if settings.record:
                    record_accuracy(settings.record, row)
            if settings.record and size == to_size(settings.sizes[0]) and model == settings.models[-1]:
                record_value(settings.record, "temperature", round(temperature, 3))


if __name__ == "__main__":
    main()
