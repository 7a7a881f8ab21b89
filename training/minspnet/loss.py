"""What training minimises: labels through assignment, and a parent's dense answers."""

import torch
from torch import nn
from torch.nn import functional

from .assign import assign
from .heads import cell_centres, to_boxes


def giou_loss(a, b):
    """1 - generalised IoU (arXiv 1902.09630) of corner boxes [..., 4], pair by pair."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    hull = hull.prod(-1)
    return 1 - shared / (union + 1e-7) + (hull - union) / (hull + 1e-7)


def detection_loss(logits, boxes, batch, centres, strides):
    """Labels: logits [B, N, C], predicted boxes [B, N, 4] -> class loss, box loss, wished scores [B, N, C].

    Classes: cross-entropy against the wished quality, weighted by it, and by the wrong score where
    nothing is wished (varifocal loss, arXiv 2008.13367). Boxes: GIoU on the cells that have one. A label's
    weight weighs what its cells lose; it does not lower what is wished of them.
    """
    scores = logits.detach().sigmoid()
    labels = (batch["boxes"], batch["classes"])
    wished, owner, positive = assign(scores, boxes.detach(), *labels, centres, strides)
    bits = 2 ** torch.arange(logits.shape[2], device=logits.device)
    ignored = (batch["ignored"][..., None].to(torch.int64) & bits) > 0
    negative = 0.75 * scores**1.5 * ~ignored
    trust = batch["weights"].gather(1, owner)[..., None]
    weight = torch.where(wished > 0, wished * trust, negative)
    entropy = functional.binary_cross_entropy_with_logits(logits, wished, reduction="none")
    total = (wished * trust).sum().clamp(min=1.0)
    class_loss = (entropy * weight).sum() / total

    target = batch["boxes"].gather(1, owner[..., None].expand(-1, -1, 4))
    quality = (wished * trust).sum(2)[positive]
    box_loss = (giou_loss(boxes[positive], target[positive]) * quality).sum() / total
    return class_loss, box_loss, wished


def parent_loss(logits, boxes, wished, their_boxes, labelled):
    """A parent's answers at every cell -> class loss, box loss.

    Classes: quality focal loss (arXiv 2006.04388) with its scores `wished` [B, N, C] (0..1) as the target, or
    with what the labels wish, `labelled` [B, N, C], where that is more: its "no" does not count there.
    Boxes: GIoU to its boxes [B, N, 4], weighted by its best score.
    """
    target = torch.maximum(wished, labelled)
    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    surprise = (logits.detach().sigmoid() - target).abs() ** 1.5
    best = wished.amax(2)
    total = best.sum().clamp(min=1.0)
    class_loss = (entropy * surprise).sum() / total
    sure = best > 0.2
    pairs = giou_loss(boxes[sure], their_boxes[sure])
    return class_loss, (pairs * best[sure]).sum() / total


class TrainingLoss(nn.Module):
    """All of it, with its weights. Only training holds one; nothing of it ships."""

    def __init__(self, box=2.0):
        super().__init__()
        self.box = box
        self.parent = 1.0  # weight of the parent's answers; a run lowers it towards its end

    def forward(self, network, images, batch):
        """-> the loss, and its parts by name (detached)."""
        logits, distances = network(images)
        centres, strides = cell_centres(*images.shape[2:], device=images.device)
        logits, boxes = logits.float().transpose(1, 2), to_boxes(distances.float(), centres)
        parts = {}
        parts["class"], parts["box"], wished = detection_loss(logits, boxes, batch, centres, strides)
        loss = parts["class"] + self.box * parts["box"]
        if "parent_scores" in batch:
            answers = (batch["parent_scores"], batch["parent_boxes"], wished)
            parts["parent_class"], parts["parent_box"] = parent_loss(logits, boxes, *answers)
            loss = loss + self.parent * (parts["parent_class"] + self.box * parts["parent_box"])
        return loss, {name: part.detach() for name, part in parts.items()}
