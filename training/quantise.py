"""Quantise a checkpoint to the INT8 file: static, per channel, calibrated on training pictures."""

import dataclasses
import logging
from pathlib import Path

import numpy as np

from minspnet.checkpoints import fused, load
from minspnet.data import Store
from minspnet.detect import fit
from minspnet.graph import quantise, to_onnx
from minspnet.labelled import mini_imagenet
from minspnet.network import Classifier
from minspnet.settings import option, parse, to_size


@dataclasses.dataclass(frozen=True)
class Settings:
    checkpoint: str = option(dataclasses.MISSING, "the network, a run's best.pt")
    name: str = option(dataclasses.MISSING, "the model's name")
    models: str = option("models", "folder of the models")
    stores: tuple[str, ...] = option(
        ("training/cache/train", "training/cache/more", "training/cache/streets"), "calibration pictures"
    )
    pictures: int = option(1024, "how many of them, evenly spread")
    mini_imagenet: str = option("../shared/datasets/mini-imagenet/index.json.gz", "a classifier's pictures")
    sizes: tuple[str, ...] = option(
        (), "of the calibration inputs, width x height, in turn; none: all that ship"
    )
    activations: str = option("u8", "u8 or s8")
    method: str = option("minmax", "minmax, percentile or entropy")
    exclude: tuple[str, ...] = option((), "nodes that stay in float")


def training_pictures(settings, network):
    """What the network was trained on: as many pictures, and how to read one by its number."""
    if isinstance(network, Classifier):
        pictures = mini_imagenet(settings.mini_imagenet, "base", "train").pictures
        return len(pictures), pictures.__getitem__
    stores = [Store(folder) for folder in settings.stores]
    places = [(store, index) for store in stores for index in range(len(store))]
    return len(places), lambda number: places[number][0].image(places[number][1])


def calibration_pictures(available, image, count, sizes):
    """Pictures laid on inputs of these sizes in turn, as the runtime lays them, evenly spread over all."""
    for turn, number in enumerate(np.linspace(0, available - 1, count).astype(int)):
        yield fit(image(number), *sizes[turn % len(sizes)])[0]


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    logging.getLogger().setLevel(logging.ERROR)  # the quantiser advises what graph.quantise already does
    network = load(settings.checkpoint)["network"]
    path = Path(settings.models) / settings.name / f"{settings.name}.int8.onnx"
    sizes = [to_size(size) for size in settings.sizes or network.sizes]
    pictures = calibration_pictures(*training_pictures(settings, network), settings.pictures, sizes)
    quantise(to_onnx(fused(network)), pictures, path, settings.activations, settings.method, settings.exclude)
    print(f"{path}: {path.stat().st_size} bytes ({settings.activations}, {settings.method})")


if __name__ == "__main__":
    main()
