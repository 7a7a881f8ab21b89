"""Latency of ONNX files as a ratio to a peer's: one thread, interleaved, medians, nothing clipped.

python training/latency.py --models models/minspnet-s/*.onnx --sizes 256x256
python training/latency.py --variants minspnet-m --sizes 256x256 416x416      (before any training)
python training/latency.py --models models/minspnet-s-seg/*.onnx --peer models/minspnet-s/minspnet-s.int8.onnx
"""

import dataclasses
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from minspnet.checkpoints import fused
from minspnet.graph import quantise, to_onnx
from minspnet.measured import record_latency
from minspnet.network import VARIANTS, Detector
from minspnet.runtime import session
from minspnet.settings import option, parse, to_size


@dataclasses.dataclass(frozen=True)
class Settings:
    models: tuple[str, ...] = option((), "ONNX files to time")
    variants: tuple[str, ...] = option((), "names in VARIANTS to time in INT8, with random weights")
    sizes: tuple[str, ...] = option(("256x256",), "input sizes, width x height")
    peer: str = option(
        "../shared/peers/yolox_nano.onnx",
        "what to compare with: at its own input size, one of ours at each size",
    )
    runs: int = option(300, "rounds, after the warm-up")
    warmup: int = option(20, "rounds before them")
    record: str = option("", "JSON file to note the ratios in, for the card")


def of_random_weights(variant, folder):
    """The INT8 file of a variant that nobody trained: what it costs does not depend on its weights."""
    torch.manual_seed(0)
    path = Path(folder) / f"{variant}-untrained.int8.onnx"
    noise = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    quantise(to_onnx(fused(Detector(VARIANTS[variant]))), noise, path, method="minmax")
    return path


def feed_of(opened, size):
    """Something to run a session on: pixels of this size, or what a peer of its own size takes."""
    value = opened.get_inputs()[0]
    if value.type == "tensor(uint8)":
        pixels = np.random.default_rng(0).integers(0, 256, (1, size[1], size[0], 3), dtype=np.uint8)
        return {value.name: pixels}
    return {value.name: np.full(value.shape, 0.5, np.float32)}


def interleaved(calls, runs, warmup):
    """Time each call once a round: seconds [calls, runs]."""
    times = np.zeros((len(calls), runs))
    for number in range(-warmup, runs):
        for row, call in enumerate(calls):
            started = time.perf_counter()
            call()
            if number >= 0:
                times[row, number] = time.perf_counter() - started
    return times


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    with tempfile.TemporaryDirectory() as folder:
        untrained = [of_random_weights(variant, folder) for variant in settings.variants]
        files = [settings.peer, *settings.models, *untrained]
        opened = {Path(file).name.removesuffix(".onnx"): session(file) for file in files}
    peer, *models = opened
    for size in settings.sizes:
        feeds = [feed_of(one, to_size(size)) for one in opened.values()]
        calls = [
            lambda run=one.run, feed=feed: run(None, feed)
            for one, feed in zip(opened.values(), feeds, strict=True)
        ]
        times = interleaved(calls, settings.runs, settings.warmup) * 1e3
        medians = np.median(times, axis=1)
        for name, row, median in zip(opened, times, medians, strict=True):
            ratio = median / medians[0]
            low, high = np.percentile(row, 5), np.percentile(row, 95)
            print(f"{name:24s} {size} {median:7.2f} ms (5 % {low:.2f}, 95 % {high:.2f})  ratio {ratio:.3f}")
            if settings.record and name in models:
                row = {
                    "ratio": round(ratio, 3),
                    "ms": round(median, 2),
                    "peerMs": round(medians[0], 2),
                    "runs": settings.runs,
                }
                record_latency(settings.record, f"{name} {size} / {peer}", row)


if __name__ == "__main__":
    main()
