"""Draw training pictures as the network sees them, with their labels and the cells that answer for each box.

People's labels are green, a teacher's red, ignored cells violet dots; with a checkpoint, the cells that
the assignment gave to a box are yellow dots, the larger the coarser the stride.
"""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import torch

from minspnet.assign import assign
from minspnet.batches import Batches, Collection, Look
from minspnet.checkpoints import load
from minspnet.data import CLASSES
from minspnet.heads import cell_centres, to_boxes
from minspnet.network import to_images
from minspnet.settings import option, parse

GREEN, RED, VIOLET, YELLOW = (80, 220, 80), (60, 60, 235), (200, 60, 160), (60, 220, 240)
ZOOM = 2


@dataclasses.dataclass(frozen=True)
class Settings:
    output: str = option("training/runs/view.png", "picture to write")
    checkpoint: str = option("", "network whose assignment to draw")
    stores: tuple[str, ...] = option(("train", "more", "streets"), "stores under the cache folder")
    cache: str = option("training/cache", "folder of the stores")
    size: int = option(224, "side of a canvas")
    mosaic: float = option(0.4, "part of mosaics")
    seed: int = option(7, "which pictures")


def corners(box):
    return [round(float(value) * ZOOM) for value in box]


def draw(batch, index, assigned):
    """One canvas of a batch, enlarged, BGR."""
    pixels = cv2.cvtColor(batch["pixels"][index].numpy(), cv2.COLOR_RGB2BGR)
    image = cv2.resize(pixels, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_NEAREST)
    centres, strides = cell_centres(*pixels.shape[:2])
    labels = zip(batch["boxes"][index], batch["classes"][index], batch["weights"][index], strict=True)
    for box, number, weight in labels:
        if number >= 0:
            x1, y1, x2, y2 = corners(box)
            cv2.rectangle(image, (x1, y1), (x2, y2), GREEN if weight == 1 else RED, 2)
            cv2.putText(image, CLASSES[number], (x1 + 2, y1 + 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, GREEN)
    for cell in torch.nonzero(batch["ignored"][index]).flatten():
        cv2.circle(image, tuple(corners(centres[cell])), 1, VIOLET, -1)
    for cell in torch.nonzero(assigned[index]).flatten():
        cv2.circle(image, tuple(corners(centres[cell])), int(strides[cell]) // 6, YELLOW, -1)
    return image


def assignment(batch, network):
    """Which cells answer for a box: bool [B, N]."""
    images = to_images(batch["pixels"])
    centres, strides = cell_centres(*images.shape[2:])
    with torch.inference_mode():
        logits, distances = network(images)
    scores, boxes = logits.sigmoid().transpose(1, 2), to_boxes(distances, centres)
    return assign(scores, boxes, batch["boxes"], batch["classes"], centres, strides)[2]


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    collection = Collection([Path(settings.cache) / name for name in settings.stores])
    look = Look(settings.size, settings.size, settings.mosaic, (0.75, 1.7))
    batch = Batches(collection, 16, settings.seed, lambda step, rng: look)[0]
    assigned = torch.zeros(batch["ignored"].shape, dtype=torch.bool)
    if settings.checkpoint:
        assigned = assignment(batch, load(settings.checkpoint)["network"])
    tiles = [draw(batch, index, assigned) for index in range(16)]
    rows = [np.hstack(tiles[start : start + 4]) for start in range(0, 16, 4)]
    cv2.imwrite(settings.output, np.vstack(rows))
    print(settings.output)


if __name__ == "__main__":
    main()
