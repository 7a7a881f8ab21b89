"""What pooled features cost as one more output of the detector's own graph: the ratio of two files' latency.

    python training/embed_cost.py --checkpoint training/runs/restored.pt

Both files are made of the same network in the same way and timed in one interleaved run of one thread. How
good those features are: fewshot.py --checkpoints … --layers.
"""

import copy
import dataclasses
import tempfile
from pathlib import Path

import numpy as np

from latency import interleaved
from minspnet.checkpoints import fused, load
from minspnet.graph import quantise, to_onnx
from minspnet.network import EMBEDDED, Detector, embed
from minspnet.runtime import session
from minspnet.settings import option, parse, to_size


@dataclasses.dataclass(frozen=True)
class Settings:
    checkpoint: str = option(dataclasses.MISSING, "a detector")
    sizes: tuple[str, ...] = option(("256x256",), "input sizes, width x height")
    rounds: int = option(400, "of the latency run, after 20 of warm-up")


class EmbeddingDetector(Detector):
    """A detector that also gives its backbone's pooled maps, of length 1."""

    outputs = Detector.outputs | {"embedding": {}}

    def forward(self, images):
        maps = self.backbone(images)
        pooled = embed([maps[number].mean((2, 3)) for number in EMBEDDED])
        return *self.head(self.fusion(maps)), pooled


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    plain = fused(load(settings.checkpoint)["network"])
    embedding = copy.deepcopy(plain)
    embedding.__class__ = EmbeddingDetector
    # What a graph costs does not depend on the ranges of its maps.
    noise = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.onnx" for name in ("plain", "embedding")]
        for network, path in zip((plain, embedding), paths, strict=True):
            quantise(to_onnx(network), noise, path, method="minmax")
        opened = [session(path) for path in paths]
    for width, height in map(to_size, settings.sizes):
        pixels = np.random.default_rng(1).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        calls = [lambda run=one.run, pixels=pixels: run(None, {"pixels": pixels}) for one in opened]
        times = interleaved(calls, settings.rounds, 20) * 1e3
        alone, more = np.median(times, axis=1)
        # Of the rounds' own ratios, which a busy machine disturbs less than the ratio of the medians.
        ratio = np.median(times[1] / times[0])
        print(f"{width}x{height}: {alone:.2f} ms, with the embedding {more:.2f} ms, ratio {ratio:.4f}")


if __name__ == "__main__":
    main()
