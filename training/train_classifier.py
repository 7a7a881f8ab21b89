"""Train the classifier on mini-imagenet's base classes and the objects of edge8; the same command resumes it.

    python training/train_classifier.py --folder training/runs/cls --init training/runs/s.pt --steps 9000

The head is the seed's: pooling, a layer of 256, ReLU, dropout, a layer of classes. Labels are smoothed,
pictures mixed (MixUp, arXiv 1710.09412) or cut into each other (CutMix, arXiv 1905.04899). What chooses the
checkpoint is few-shot accuracy on mini-imagenet's 16 validation classes, which training never sees.
"""

import dataclasses

import cv2
import numpy as np
import torch
from torch.nn import functional

from minspnet import fewshot, peers
from minspnet.checkpoints import load
from minspnet.labelled import draw, mini_imagenet, training_set, validation_set, whole
from minspnet.loop import Loop, LoopSettings
from minspnet.network import EMBEDDED, VARIANTS, Classifier, embed, take_body, to_images
from minspnet.settings import option, parse

FITTED = 2400  # training pictures that the embedding is fitted on


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(LoopSettings):
    network: str = option("minspnet-s", "name in VARIANTS, or of a peer (peers.py)")
    init: str = option("", "checkpoint of a detector or classifier to start from; none for random weights")
    mini_imagenet: str = option("../shared/datasets/mini-imagenet/index.json.gz", "its index")
    objects: bool = option(True, "edge8's objects as eight more classes")
    side: int = option(96, "side of the input it ends at")
    early_side: int = option(0, "side during the first two thirds; 0 for the same")
    smoothing: float = option(0.1, "of the labels, spread over all classes")
    dropout: float = option(0.2, "before the last layer")
    mix: float = option(0.6, "part of the batches that MixUp or CutMix changes, half each")
    body: float = option(1.0, "part of the rate at which the backbone learns")
    least: float = option(0.3, "smallest part of a picture's area that a training input shows")


def make_network(settings, classes):
    torch.manual_seed(settings.seed)
    if settings.network not in VARIANTS:
        return peers.make(settings.network, classes)
    started = load(settings.init)["network"] if settings.init else None
    if isinstance(started, Classifier):
        return started.requires_grad_(True)
    network = Classifier(VARIANTS[settings.network], classes, settings.dropout)
    return take_body(network, started) if started else network


class Batches:
    """A step's batch depends on the seed and the step alone."""

    def __init__(self, settings, labelled):
        self.settings, self.labelled = settings, labelled
        self._orders = {}

    def __call__(self, step):
        settings = self.settings
        rng = np.random.default_rng((settings.seed, step))
        early = settings.early_side and step < settings.steps * 2 // 3
        side = settings.early_side if early else settings.side
        numbers = [self._number(step * settings.batch + i) for i in range(settings.batch)]
        inputs = np.stack([draw(rng, self.labelled.pictures[n], side, settings.least) for n in numbers])
        images = to_images(torch.from_numpy(inputs))
        targets = functional.one_hot(
            torch.from_numpy(self.labelled.labels[numbers]), len(self.labelled.names)
        )
        return mix(rng, images, targets.float(), settings.mix)

    def _number(self, place):
        """Every picture once an epoch, each epoch in its own order."""
        epoch, place = divmod(place, len(self.labelled))
        if epoch not in self._orders:
            order = np.random.default_rng((self.settings.seed, epoch, 7)).permutation(len(self.labelled))
            self._orders = {epoch - 1: self._orders.get(epoch - 1, order), epoch: order}
        return self._orders[epoch][place]


def mix(rng, images, targets, part):
    """MixUp or CutMix of a batch with itself turned by one, in `part` of the cases: images, soft targets."""
    if rng.random() >= part:
        return images, targets
    others, theirs = images.roll(1, 0), targets.roll(1, 0)
    share = rng.beta(1.0, 1.0)  # of the other picture
    if rng.random() < 0.5:
        share = min(share, 1 - share)
        return images * (1 - share) + others * share, targets * (1 - share) + theirs * share
    height, width = images.shape[2:]
    rows, columns = round(height * share**0.5), round(width * share**0.5)
    top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
    images = images.clone()
    images[:, :, top : top + rows, left : left + columns] = others[
        :, :, top : top + rows, left : left + columns
    ]
    share = rows * columns / (height * width)
    return images, targets * (1 - share) + theirs * share


@torch.inference_mode()
def run_over(network, inputs, at_once=64):
    """Logits and embeddings of inputs uint8 [n, H, W, 3], as numpy arrays."""
    said = [
        network(to_images(torch.from_numpy(part)))
        for part in np.array_split(inputs, -(-len(inputs) // at_once))
    ]
    return [torch.cat(parts).numpy() for parts in zip(*said, strict=True)]


@torch.inference_mode()
def joined_of(network, inputs, at_once=64):
    """What the embedding is made of, of inputs uint8 [n, H, W, 3]: [n, D]."""
    parts = []
    for part in np.array_split(inputs, -(-len(inputs) // at_once)):
        maps = network.backbone(to_images(torch.from_numpy(part)))
        parts.append(embed([maps[number].mean((2, 3)) for number in EMBEDDED]))
    return torch.cat(parts)


def looker(settings, labelled):
    """Top-1 on the classes it knows, few-shot accuracy on those it does not: what judges a checkpoint.

    Before, the embedding is fitted on pictures of the classes that it learns.
    """
    some = np.linspace(0, len(labelled) - 1, FITTED).astype(int)
    fitted_inputs = whole([labelled.pictures[number] for number in some], settings.side)
    fitted_labels = torch.from_numpy(labelled.labels[some])
    known = validation_set(settings)
    unknown = mini_imagenet(settings.mini_imagenet, "validation", "support-query", settings.cache)
    known_inputs = whole(known.pictures, settings.side)
    unknown_inputs = whole(unknown.pictures, settings.side)
    base = known.labels < len(known.names) - 8 * settings.objects

    def look(network):
        if isinstance(network, Classifier):
            network.embedding.fit(joined_of(network, fitted_inputs), fitted_labels)
        right = run_over(network, known_inputs)[0].argmax(1) == known.labels
        embedding = run_over(network, unknown_inputs)[1]
        shots = {
            f"{k}-shot": round(
                float(fewshot.accuracies(embedding, unknown.labels, k, fewshot.nearest_mean, 60).mean()), 4
            )
            for k in (1, 5, 10)
        }
        objects = {"objects": round(float(right[~base].mean()), 4)} if settings.objects else {}
        return {"score": shots["10-shot"], "top1": round(float(right[base].mean()), 4), **objects, **shots}

    return look


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    torch.set_num_threads(settings.threads)
    cv2.setNumThreads(1)
    labelled = training_set(settings)
    network = make_network(settings, len(labelled.names))
    rates = [(network.backbone, settings.body)] if isinstance(network, Classifier) else []
    loop = Loop(settings, network, rates).resume()
    parameters = sum(p.numel() for p in loop.network.parameters())
    print(f"{len(labelled)} pictures of {len(labelled.names)} classes, {parameters} parameters", flush=True)

    def loss_of(network, batch):
        images, targets = batch
        images = images.contiguous(memory_format=torch.channels_last)
        return functional.cross_entropy(network(images)[0], targets, label_smoothing=settings.smoothing)

    loop.run(
        Batches(settings, labelled),
        loss_of,
        looker(settings, labelled),
        {"classes": labelled.names, "sources": labelled.sources},
    )


if __name__ == "__main__":
    main()
