"""A segmenter's loss, its labels in a picture, and its score: intersections over unions."""

import numpy as np
import torch
from torch.nn import functional

from .detect import fit
from .masks import NAMES, UNCLEAR

STRIDE = 8  # pixels of the input to a logit
OVERLAP = 0.5  # weight of the overlap's loss beside the cross entropy


def segmentation_loss(logits, labels, unknown, overlap=OVERLAP):
    """Cross entropy and soft overlap. logits [B, C, h, w], labels [B, h, w], unknown bool [B, C].

    A class that nobody labelled in a picture may be anywhere in its background, so there the background's
    probability is the sum of both. UNCLEAR counts for nothing.
    """
    clear = labels != UNCLEAR
    targets = torch.where(clear, labels, 0).long()
    log_p = functional.log_softmax(logits, 1)
    allowed = unknown.clone()
    allowed[:, 0] = True
    log_background = log_p.masked_fill(~allowed[:, :, None, None], -torch.inf).logsumexp(1)
    log_target = torch.where(targets == 0, log_background, log_p.gather(1, targets[:, None])[:, 0])
    cross_entropy = -(log_target * clear).sum() / clear.sum().clamp(min=1)
    # Soft Dice (V-Net, arXiv 1606.04797) over the batch, of the classes that are in it: IoU's own view, to
    # which a bus counts as much as the road.
    counted = clear[:, None] & ~(unknown[:, :, None, None] & (targets == 0)[:, None])
    p = log_p.exp() * counted
    wanted = functional.one_hot(targets, logits.shape[1]).permute(0, 3, 1, 2) * clear[:, None]
    shared, both = (p * wanted).sum((0, 2, 3)), (p + wanted).sum((0, 2, 3))
    present = wanted.sum((0, 2, 3)) > 0
    present[0] = False
    dice = (1 - 2 * shared / (both + 1))[present]
    return cross_entropy + overlap * (dice.mean() if len(dice) else 0.0)


def labels_of(logits, scaled, size):
    """Logits float [C, h, w] of an input whose picture covers scaled (width, height) -> labels uint8 of the
    picture's own size (width, height): bilinear to the input, cut, bilinear to the picture, the best one."""
    full = functional.interpolate(
        torch.as_tensor(logits)[None], scale_factor=STRIDE, mode="bilinear", align_corners=False
    )
    seen = full[:, :, : scaled[1], : scaled[0]]
    seen = functional.interpolate(seen, size=size[::-1], mode="bilinear", align_corners=False)
    return seen[0].argmax(0).to(torch.uint8).numpy()


class Confusion:
    """Pixels by true and said label, over pictures."""

    def __init__(self):
        self.counts = np.zeros((len(NAMES), len(NAMES)), np.int64)

    def add(self, true, said, unknown):
        """Label maps of a picture; where the truth is UNCLEAR nothing counts, and neither does a class that
        nobody labelled there, said in the background."""
        counts = (true != UNCLEAR) & ~((true == 0) & unknown[said])
        pairs = true[counts].astype(np.int64) * len(NAMES) + said[counts]
        self.counts += np.bincount(pairs, minlength=len(NAMES) ** 2).reshape(self.counts.shape)

    def iou(self):
        """{name: intersection over union} of the labels that are there."""
        right = np.diag(self.counts)
        union = self.counts.sum(0) + self.counts.sum(1) - right
        there = self.counts.sum(1) > 0
        return {name: float(right[i] / union[i]) for i, name in enumerate(NAMES) if there[i]}


def judge(predict, collection, width, height):
    """IoU by class over a collection. predict: uint8 [1, H, W, 3] -> logits [1, C, H / 8, W / 8]."""
    confusion = Confusion()
    for number, picture in enumerate(collection.pictures):
        pixels, scale = fit(collection.image(number), width, height)
        scaled = (round(picture.width * scale[0]), round(picture.height * scale[1]))
        said = labels_of(predict(pixels[None])[0], scaled, (picture.width, picture.height))
        confusion.add(picture.label_map(), said, picture.unknown)
    return confusion.iou()
