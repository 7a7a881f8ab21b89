"""Which cells answer for which box: task-aligned assignment (TOOD, arXiv 2108.07755), as in YOLOv8."""

import torch

CANDIDATES = 10  # cells a box


def pairwise_iou(a, b):
    """Corner boxes [B, M, 4] and [B, N, 4] -> IoU [B, M, N]."""
    low = torch.maximum(a[:, :, None, :2], b[:, None, :, :2])
    high = torch.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    area_a = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(-1)
    area_b = (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1)
    return shared / (area_a[:, :, None] + area_b[:, None] - shared + 1e-7)


@torch.no_grad()
def assign(scores, predicted, boxes, classes, centres, strides):
    """Choose each box's cells by how well they already do, and how good they should be.

    scores [B, N, C] and predicted [B, N, 4] are the network's; boxes [B, M, 4] and classes [B, M] (-1: none)
    the labels; centres [N, 2], strides [N] the cells.
    Returns the wished scores [B, N, C] (0..1), each cell's box index [B, N] and whether it has one [B, N].
    """
    real = classes >= 0
    overlap = pairwise_iou(boxes, predicted)
    theirs = scores.transpose(1, 2).gather(1, classes.clamp(min=0)[..., None].expand(-1, -1, scores.shape[1]))
    # Inside the box; a box smaller than a cell and a half reaches as far as one that size.
    middle, half = (boxes[..., :2] + boxes[..., 2:]) / 2, (boxes[..., 2:] - boxes[..., :2]) / 2
    reach = torch.maximum(half[:, :, None], 0.75 * strides[:, None])
    inside = ((centres - middle[:, :, None]).abs() < reach).all(-1) & real[..., None]

    alignment = theirs.sqrt() * overlap**3 * inside
    # Before anything overlaps all alignments are 0; the tiny term then lets the nearest cells begin.
    nearness = 1 / (1 + (centres - middle[:, :, None]).square().sum(-1))
    ranked = alignment + 1e-9 * nearness * inside
    count = min(CANDIDATES, ranked.shape[2])
    threshold = ranked.topk(count, dim=2).values[..., -1:]
    chosen = inside & (ranked >= threshold)

    # A cell that several boxes want goes to the one it overlaps most.
    owner = torch.where(chosen, overlap + 1e-6, -1).max(1)
    positive = owner.values > 0
    mine = torch.zeros_like(chosen).scatter_(1, owner.indices[:, None], positive[:, None])

    alignment = alignment * mine
    best = alignment.amax(2, keepdim=True)
    best_overlap = (overlap * mine).amax(2, keepdim=True)
    quality = (alignment / (best + 1e-9) * best_overlap).sum(1)
    wished = torch.zeros_like(scores)
    number = classes.gather(1, owner.indices).clamp(min=0)
    wished.scatter_(2, number[..., None], (quality * positive)[..., None])
    return wished, owner.indices, positive
