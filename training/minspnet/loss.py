"""What training minimises: labels through assignment, and the dense answers of teacher and parent."""

import torch
from torch import nn
from torch.nn import functional

from . import teacher
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
    """Labels: logits [B, N, C], predicted boxes [B, N, 4] -> class loss, box loss.

    Classes: cross-entropy against the wished quality, weighted by it, and by the wrong score where
    nothing is wished (varifocal loss, arXiv 2008.13367). Boxes: GIoU on the cells that have one.
    """
    scores = logits.detach().sigmoid()
    wished, owner, positive = assign(
        scores, boxes.detach(), batch["boxes"], batch["classes"], batch["weights"], centres, strides
    )
    bits = 2 ** torch.arange(logits.shape[2], device=logits.device)
    ignored = (batch["ignored"][..., None].to(torch.int64) & bits) > 0
    negative = 0.75 * scores**1.5 * ~ignored
    weight = torch.where(wished > 0, wished, negative)
    entropy = functional.binary_cross_entropy_with_logits(logits, wished, reduction="none")
    total = wished.sum().clamp(min=1.0)
    class_loss = (entropy * weight).sum() / total

    target = batch["boxes"].gather(1, owner[..., None].expand(-1, -1, 4))
    quality = wished.sum(2)[positive]
    box_loss = (giou_loss(boxes[positive], target[positive]) * quality).sum() / total
    return class_loss, box_loss


def teacher_loss(logits, boxes, wished, their_boxes, taught):
    """A teacher's answers at every cell it speaks of -> class loss, box loss.

    Classes: quality focal loss (arXiv 2006.04388) with its scores `wished` [B, N, C] (0..1) as the target.
    Boxes: GIoU to its boxes [B, N, 4], weighted by its best score. taught: [B, N], 1 where it speaks.
    """
    entropy = functional.binary_cross_entropy_with_logits(logits, wished, reduction="none")
    surprise = (logits.detach().sigmoid() - wished).abs() ** 1.5
    best = wished.amax(2) * taught
    total = best.sum().clamp(min=1.0)
    class_loss = (entropy * surprise * taught[..., None]).sum() / total
    sure = best > 0.2
    pairs = giou_loss(boxes[sure], their_boxes[sure])
    return class_loss, (pairs * best[sure]).sum() / total


class FeatureMimic(nn.Module):
    """The student's head features, mapped by one pointwise layer a stride, should tell the teacher's.

    Features of the layer before the teacher's last convolution, each channel standardised over the
    training pictures (PKD, arXiv 2207.02039, compares standardised features too). They carry what the
    teacher knows of all of COCO's 80 classes, which is what a small training set lacks.
    """

    def __init__(self, widths, mean, std):
        """mean, std: float32 [3, 96], of the teacher's eight-bit features at each stride."""
        super().__init__()
        self.adapt = nn.ModuleList(nn.Conv2d(width, teacher.CHANNELS, 1) for width in widths)
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, maps, batch):
        """maps: three of [B, C, h, w] -> the mean squared difference, cells with objects counted more."""
        start, losses, total = 0, 0.0, 0.0
        for level, x in enumerate(maps):
            count = x.shape[2] * x.shape[3]
            cells = slice(start, start + count)
            start += count
            ours = self.adapt[level](x).flatten(2).transpose(1, 2)
            theirs = batch["teacher_features"][:, cells].to(ours.dtype)
            theirs = (theirs - self.mean[level]) / self.std[level]
            best = batch["teacher_scores"][:, cells].amax(2).to(ours.dtype) / 255
            weight = batch["feature_taught"][:, cells] * (1 + 4 * best)
            losses = losses + ((ours - theirs).square().mean(2) * weight).sum()
            total = total + weight.sum()
        return losses / total.clamp(min=1.0)


class TrainingLoss(nn.Module):
    """All of it, with its weights. Only training holds one; nothing of it ships."""

    def __init__(self, mimic, box=2.0, teach=1.0, feature=1.0):
        super().__init__()
        self.mimic, self.box, self.teach, self.feature = mimic, box, teach, feature

    def forward(self, network, images, batch):
        """-> the loss, and its parts by name (detached)."""
        maps = network.features(images)
        logits, distances = network.head.predict(maps)
        centres, strides = cell_centres(*images.shape[2:], device=images.device)
        logits, boxes = logits.float().transpose(1, 2), to_boxes(distances.float(), centres)
        parts = {}
        parts["class"], parts["box"] = detection_loss(logits, boxes, batch, centres, strides)
        loss = parts["class"] + self.box * parts["box"]
        if self.teach > 0:
            wished = batch["teacher_scores"].to(logits.dtype) / 255
            answers = (wished, batch["teacher_boxes"], batch["taught"])
            parts["teacher_class"], parts["teacher_box"] = teacher_loss(logits, boxes, *answers)
            loss = loss + self.teach * (parts["teacher_class"] + self.box * parts["teacher_box"])
        if "parent_scores" in batch:
            answers = (batch["parent_scores"], batch["parent_boxes"], torch.ones_like(batch["taught"]))
            parts["parent_class"], parts["parent_box"] = teacher_loss(logits, boxes, *answers)
            loss = loss + parts["parent_class"] + self.box * parts["parent_box"]
        if self.feature > 0:
            parts["feature"] = self.mimic(maps, batch)
            loss = loss + self.feature * parts["feature"]
        return loss, {name: part.detach() for name, part in parts.items()}
