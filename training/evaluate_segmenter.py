"""Intersection over union by class of a segmenter's files, on outlines that training did not see.

    python training/evaluate_segmenter.py --models models/minspnet-s-seg/*.onnx --sizes 256x256 --record …

A picture is laid on the input as the runtime lays it, its logits enlarged bilinearly to the picture's own
pixels. `miou` is the mean over the labels that a set has (on the streets all but cat and dog).
"""

import dataclasses
from pathlib import Path

import numpy as np

from minspnet.masks import MaskedCollection
from minspnet.measured import record_accuracy
from minspnet.runtime import predictor, session
from minspnet.segmentation import judge
from minspnet.settings import option, parse, to_size


@dataclasses.dataclass(frozen=True)
class Settings:
    models: tuple[str, ...] = option((), "ONNX files to run")
    sizes: tuple[str, ...] = option(("256x256",), "input sizes, width x height")
    sets: tuple[str, ...] = option(("val", "streets-val"), "stores under the cache folder")
    cache: str = option("training/cache", "folder of the stores")
    masks: str = option("../shared/datasets/edge8/masks.json.gz", "the outlines")
    record: str = option("", "JSON file to note the result in, for the card")


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    for name in settings.sets:
        collection = MaskedCollection(settings.masks, [Path(settings.cache) / name], "val")
        for model in settings.models:
            predict = predictor(session(model))
            for size in map(to_size, settings.sizes):
                iou = judge(lambda pixels, predict=predict: predict(pixels)[0], collection, *size)
                miou = float(np.mean(list(iou.values())))
                by_class = " ".join(f"{label} {value:.3f}" for label, value in iou.items())
                where = f"{model} {size[0]}x{size[1]} on {len(collection)} of {name}"
                print(f"{where}: mIoU {miou:.4f} ({by_class})", flush=True)
                if settings.record:
                    row = {
                        "set": f"edge8-{name}-masks" if name == "val" else f"{name}-masks",
                        "size": list(size),
                    }
                    row |= {"precision": Path(model).suffixes[-2].lstrip("."), "measuredBy": "python"}
                    per_class = {label: {"iou": round(value, 4)} for label, value in iou.items()}
                    record_accuracy(settings.record, row | {"miou": round(miou, 4), "perClass": per_class})


if __name__ == "__main__":
    main()
