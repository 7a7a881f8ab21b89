"""Export a checkpoint as the FP32 file, and prove on real pictures that it says what PyTorch says."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import torch

from minspnet.checkpoints import fused, load
from minspnet.data import Store
from minspnet.detect import fit
from minspnet.evaluation import torch_predictor
from minspnet.graph import to_onnx, with_pixels
from minspnet.runtime import predictor, session
from minspnet.settings import option, parse, to_size

TOLERANCE = 1e-3


@dataclasses.dataclass(frozen=True)
class Settings:
    checkpoint: str = option(dataclasses.MISSING, "the network, a run's best.pt")
    name: str = option(dataclasses.MISSING, "the model's name")
    models: str = option("models", "folder of the models")
    store: str = option("training/cache/val", "pictures for the parity check")
    pictures: int = option(100, "how many of them")


def difference(checked, reference, store, count, sizes):
    """The largest difference of what two networks say of a store's pictures, relative to 1 + its size."""
    worst = 0.0
    for turn, number in enumerate(np.linspace(0, len(store) - 1, count).astype(int)):
        pixels = fit(store.image(int(number)), *sizes[turn % len(sizes)])[0][None]
        for ours, theirs in zip(checked(pixels), reference(pixels), strict=True):
            worst = max(worst, float((np.abs(ours - theirs) / (1 + np.abs(theirs))).max()))
    return worst


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    network = load(settings.checkpoint)["network"]
    folder = Path(settings.models) / settings.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{settings.name}.fp32.onnx"
    onnx.save(with_pixels(to_onnx(fused(network))), path)
    sizes = [to_size(size) for size in network.sizes]
    two = predictor(session(path)), torch_predictor(network)
    worst = difference(*two, Store(settings.store), settings.pictures, sizes)
    print(f"{path}: {path.stat().st_size} bytes; against PyTorch on {settings.pictures} pictures:")
    print(f"  what they say differs by at most {worst:.2e} of 1 + its size")
    if worst > TOLERANCE:
        path.unlink()
        raise SystemExit(f"more than {TOLERANCE}: not exported")


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
