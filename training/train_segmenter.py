"""Train the segmenter on edge8's outlines, from a detector's body; the same command resumes it.

    python training/train_segmenter.py --folder training/runs/seg --init training/runs/s.pt --steps 4000

What chooses the checkpoint is the mean IoU at 256x256 of background, person, cat and dog on val and of car,
bus and truck on the streets' val.
"""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from minspnet.batches import Look
from minspnet.checkpoints import load
from minspnet.loop import Loop, LoopSettings
from minspnet.masks import MaskedCollection, draw_batch
from minspnet.network import VARIANTS, Segmenter, take_body, to_images
from minspnet.segmentation import STRIDE, judge, segmentation_loss
from minspnet.settings import option, parse

LABEL_STRIDE = 4  # pixels of the input to a label that training sees
JUDGED = {"val": ("background", "person", "cat", "dog"), "streets-val": ("car", "bus", "truck")}
# Until this part of a run: sizes, mosaics, scale of the longest side, part laid as the runtime lays pictures.
PHASES = (
    (0.5, Look(128, 128, 0.2, (0.4, 1.3))),
    (0.85, Look(192, 192, 0.2, (0.5, 1.6), 0.2)),
    (1.0, Look(256, 256, 0.0, (0.7, 1.6), 0.6)),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(LoopSettings):
    batch: int = option(16, "pictures a step")
    network: str = option("minspnet-s", "name in VARIANTS")
    init: str = option("", "checkpoint of a detector or segmenter to start from; none for random weights")
    masks: str = option("../shared/datasets/edge8/masks.json.gz", "the outlines")
    body: float = option(0.5, "part of the rate at which what comes from the detector learns; 0 freezes it")
    boxes: bool = option(False, "buses and trucks that have boxes alone as well")
    skip: float = option(0.0, "part of the phases to leave out; .5 for going on from a segmenter")
    frozen: bool = option(True, "leave the layers to stride 4 as they are: a fifth less time a step")


def make_network(settings):
    torch.manual_seed(settings.seed)
    started = load(settings.init)["network"] if settings.init else None
    if isinstance(started, Segmenter):
        return started.requires_grad_(True)
    network = Segmenter(VARIANTS[settings.network])
    return take_body(network, started) if started else network


def look_at(progress):
    return next(look for until, look in PHASES if progress < until or until == 1.0)


def loss_of(network, batch):
    images = to_images(batch["pixels"]).contiguous(memory_format=torch.channels_last)
    logits = functional.interpolate(
        network(images), scale_factor=STRIDE / LABEL_STRIDE, mode="bilinear", align_corners=False
    )
    return segmentation_loss(logits, batch["labels"], batch["unknown"])


def torch_predictor(network):
    @torch.inference_mode()
    def predict(pixels):
        return network(to_images(torch.from_numpy(pixels))).numpy()

    return predict


def looker(settings):
    sets = {name: MaskedCollection(settings.masks, [Path(settings.cache) / name], "val") for name in JUDGED}

    def look(network):
        results = {name: judge(torch_predictor(network), held, 256, 256) for name, held in sets.items()}
        scores = {
            f"{name} {label}": results[name][label] for name, labels in JUDGED.items() for label in labels
        }
        return {"score": float(np.mean(list(scores.values())))} | scores

    return look


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    torch.set_num_threads(settings.threads)
    cv2.setNumThreads(1)
    folders = [Path(settings.cache) / name for name in ("train", "streets")]
    collection = MaskedCollection(settings.masks, folders, "train", settings.boxes)
    network = make_network(settings)
    rates = [(part, settings.body) for part in (network.backbone, network.fusion, network.objects)]
    if settings.frozen:
        rates += [(network.backbone.stem, 0.0), (network.backbone.stages[0], 0.0)]
    loop = Loop(settings, network, rates).resume()
    print(
        f"{len(collection)} pictures, {sum(p.numel() for p in network.parameters())} parameters", flush=True
    )

    def batch_of(step):
        look = look_at(settings.skip + (1 - settings.skip) * step / settings.steps)
        return draw_batch(settings.seed, step, settings.batch, collection, look, LABEL_STRIDE)

    loop.run(batch_of, loss_of, looker(settings), {"sources": collection.sources()})


if __name__ == "__main__":
    main()
