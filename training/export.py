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
from minspnet.settings import option, parse

SIZES = ((256, 256), (320, 192), (416, 256))
TOLERANCE = 1e-3


@dataclasses.dataclass(frozen=True)
class Settings:
    checkpoint: str = option(dataclasses.MISSING, "the network, a run's best.pt")
    name: str = option(dataclasses.MISSING, "the model's name")
    models: str = option("models", "folder of the models")
    store: str = option("training/cache/val", "pictures for the parity check")
    pictures: int = option(100, "how many of them")


def difference(checked, reference, store, count):
    """The largest absolute difference of class scores, and of distances relative to 1 + their size."""
    worst_score = worst_distance = 0.0
    for number in np.linspace(0, len(store) - 1, count).astype(int):
        width, height = SIZES[number % len(SIZES)]
        pixels = fit(store.image(int(number)), width, height)[0][None]
        (a_logits, a_distances), (b_logits, b_distances) = checked(pixels), reference(pixels)
        scores = [1 / (1 + np.exp(-logits)) for logits in (a_logits, b_logits)]
        worst_score = max(worst_score, np.abs(scores[0] - scores[1]).max())
        relative = np.abs(a_distances - b_distances) / (1 + b_distances)
        worst_distance = max(worst_distance, relative.max())
    return worst_score, worst_distance


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    network = load(settings.checkpoint)["network"]
    folder = Path(settings.models) / settings.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{settings.name}.fp32.onnx"
    onnx.save(with_pixels(to_onnx(fused(network))), path)
    worst = difference(
        predictor(session(path)), torch_predictor(network), Store(settings.store), settings.pictures
    )
    print(f"{path}: {path.stat().st_size} bytes; against PyTorch on {settings.pictures} pictures:")
    print(f"  scores differ by at most {worst[0]:.2e}, distances by {worst[1]:.2e}")
    if max(worst) > TOLERANCE:
        path.unlink()
        raise SystemExit(f"more than {TOLERANCE}: not exported")


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
