"""Latency of ONNX files as a ratio to a peer's: one thread, interleaved, medians, nothing clipped."""

import dataclasses
import time
from pathlib import Path

import numpy as np

from minspnet.measured import record_latency
from minspnet.runtime import session
from minspnet.settings import option, parse, to_size


@dataclasses.dataclass(frozen=True)
class Settings:
    models: tuple[str, ...] = option((), "ONNX files to time")
    sizes: tuple[str, ...] = option(("256x256",), "input sizes, width x height")
    peer: str = option("../shared/peers/yolox_nano.onnx", "what to compare with, at its own input size")
    runs: int = option(300, "rounds, after the warm-up")
    warmup: int = option(20, "rounds before them")
    record: str = option("", "JSON file to note the ratios in, for the card")


def peer_input(opened):
    value = opened.get_inputs()[0]
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
    peer = session(settings.peer)
    feed = peer_input(peer)
    names, calls = [Path(settings.peer).stem], [lambda: peer.run(None, feed)]
    generator = np.random.default_rng(0)
    for model in settings.models:
        opened = session(model)
        for size in settings.sizes:
            width, height = to_size(size)
            pixels = generator.integers(0, 256, (1, height, width, 3), dtype=np.uint8)
            names.append(f"{Path(model).name.removesuffix('.onnx')} {size}")
            calls.append(lambda opened=opened, pixels=pixels: opened.run(None, {"pixels": pixels}))
    times = interleaved(calls, settings.runs, settings.warmup) * 1e3
    medians = np.median(times, axis=1)
    for name, row, median in zip(names, times, medians, strict=True):
        ratio = median / medians[0]
        low, high = np.percentile(row, 5), np.percentile(row, 95)
        print(f"{name:32s} {median:7.2f} ms (5 % {low:.2f}, 95 % {high:.2f})  ratio {ratio:.3f}")
        if settings.record and name != names[0]:
            row = {
                "ratio": round(ratio, 3),
                "ms": round(median, 2),
                "peerMs": round(medians[0], 2),
                "runs": settings.runs,
            }
            record_latency(settings.record, f"{name} / {names[0]}", row)


if __name__ == "__main__":
    main()
