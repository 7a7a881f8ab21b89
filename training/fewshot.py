"""Few-shot accuracy of embeddings on mini-imagenet's 16 validation classes, which training never sees.

    python training/fewshot.py --models models/minspnet-s-cls/minspnet-s-cls.int8.onnx --record …
    python training/fewshot.py --checkpoints training/runs/cls/best.pt --layers      (which maps to pool)

5 ways, 20 draws, the same ones for every row: mean and standard deviation over the draws. Raw pixels stand
beside.
"""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import torch

from minspnet import fewshot
from minspnet.checkpoints import load
from minspnet.labelled import mini_imagenet, whole
from minspnet.measured import record_value
from minspnet.network import Classifier, embed, to_images
from minspnet.runtime import predictor, session
from minspnet.settings import option, parse

SHOTS = (1, 5, 10)


@dataclasses.dataclass(frozen=True)
class Settings:
    models: tuple[str, ...] = option((), "ONNX files with an output named embedding")
    checkpoints: tuple[str, ...] = option((), "networks, instead of files")
    layers: bool = option(False, "of checkpoints: every choice of pooled maps, in place of their embedding")
    side: int = option(96, "side of the input")
    draws: int = option(fewshot.DRAWS, "how many")
    mini_imagenet: str = option("../shared/datasets/mini-imagenet/index.json.gz", "its index")
    cache: str = option("training/cache", "folder of the decoded pictures")
    record: str = option("", "JSON file to note the last model's rows in, for the card")


@torch.inference_mode()
def pooled_of(network, inputs):
    """The pooled maps of strides 8, 16 and 32, and of a classifier its layer of 256 as well: [n, C] each."""
    parts = []
    for part in np.array_split(inputs, -(-len(inputs) // 64)):
        pooled = [x.mean((2, 3)) for x in network.backbone(to_images(torch.from_numpy(part)))]
        known = isinstance(network, Classifier)
        hidden = [torch.relu(network.head.hidden(pooled[-1]))] if known else []
        parts.append([*pooled, *hidden])
    return [torch.cat(rows) for rows in zip(*parts, strict=True)]


def choices_of(path, network, inputs):
    """Embeddings of every choice of one or more pooled maps, by a name."""
    pooled = pooled_of(network, inputs)
    names = ("stride 8", "stride 16", "stride 32", "hidden")[: len(pooled)]
    numbers = range(len(pooled))
    for count in (1, 2, 3):
        for chosen in itertools.combinations(numbers, count):
            label = " + ".join(names[number] for number in chosen)
            yield f"{path} {label}", embed([pooled[number] for number in chosen]).numpy()


def embeddings(settings, inputs):
    """(name, float [n, D]) of everything that is asked for."""
    for path in settings.models:
        opened = session(path)
        place = [output.name for output in opened.get_outputs()].index("embedding")
        predict = predictor(opened)
        yield path, np.concatenate([predict(pixels[None])[place] for pixels in inputs])
    for path in settings.checkpoints:
        network = load(path)["network"]
        if settings.layers:
            yield from choices_of(path, network, inputs)
        else:
            with torch.inference_mode():
                parts = [network(to_images(torch.from_numpy(part)))[1] for part in np.array_split(inputs, 16)]
            yield path, torch.cat(parts).numpy()


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    torch.set_num_threads(1)
    unknown = mini_imagenet(settings.mini_imagenet, "validation", "support-query", settings.cache)
    inputs = whole(unknown.pictures, settings.side)
    rows = []
    # Choosing maps is done by the cheapest head alone.
    heads = {"nearest mean": fewshot.nearest_mean} if settings.layers else fewshot.HEADS
    for name, embedded in [("raw pixels", fewshot.pixels(unknown.pictures)), *embeddings(settings, inputs)]:
        print(f"{name} ({embedded.shape[1]} numbers)")
        for head, classify in heads.items():
            results = {
                k: fewshot.accuracies(embedded, unknown.labels, k, classify, settings.draws) for k in SHOTS
            }
            said = "  ".join(f"{k}-shot {x.mean():.3f} ±{x.std():.3f}" for k, x in results.items())
            print(f"  {head:13s} {said}", flush=True)
            rows += [
                {
                    "of": Path(name).name,
                    "head": head,
                    "ways": fewshot.WAYS,
                    "shots": k,
                    "draws": settings.draws,
                }
                | {"mean": round(float(x.mean()), 4), "deviation": round(float(x.std()), 4)}
                for k, x in results.items()
            ]
    if settings.record:
        record_value(settings.record, "fewShot", rows)


if __name__ == "__main__":
    main()
