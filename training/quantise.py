"""Quantise a checkpoint to the INT8 file: static, per channel, calibrated on training pictures."""

import dataclasses
import logging
from pathlib import Path

import numpy as np

from minspnet.checkpoints import fused, load
from minspnet.data import Store
from minspnet.detect import fit
from minspnet.graph import quantise, to_onnx
from minspnet.network import SIZES
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
    sizes: tuple[str, ...] = option(SIZES, "of the calibration inputs, width x height, in turn")
    activations: str = option("u8", "u8 or s8")
    method: str = option("minmax", "minmax, percentile or entropy")
    exclude: tuple[str, ...] = option((), "nodes that stay in float")


def calibration_pictures(stores, count, sizes):
    """Pictures laid on inputs of these sizes in turn, as the runtime lays them, from all over the stores."""
    places = [(store, index) for store in stores for index in range(len(store))]
    for turn, number in enumerate(np.linspace(0, len(places) - 1, count).astype(int)):
        store, index = places[number]
        yield fit(store.image(index), *sizes[turn % len(sizes)])[0]


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    logging.getLogger().setLevel(logging.ERROR)  # the quantiser advises what graph.quantise already does
    network = load(settings.checkpoint)["network"]
    path = Path(settings.models) / settings.name / f"{settings.name}.int8.onnx"
    sizes = [to_size(size) for size in settings.sizes]
    pictures = calibration_pictures([Store(folder) for folder in settings.stores], settings.pictures, sizes)
    quantise(to_onnx(fused(network)), pictures, path, settings.activations, settings.method, settings.exclude)
    print(f"{path}: {path.stat().st_size} bytes ({settings.activations}, {settings.method})")


if __name__ == "__main__":
    main()
