"""Heads: what a network says about a picture. Layers only; no loss, no suppression, no drawing."""

import math

import torch
from torch import nn
from torch.nn import functional

from .blocks import ConvNorm, depthwise

STRIDES = (8, 16, 32)


class ObjectHead(nn.Module):
    """Which objects each cell of three maps answers for: [B, C, H / s, W / s] -> logits of the same sizes."""

    def __init__(self, channels, classes):
        super().__init__()
        self.towers = nn.ModuleList(
            nn.Sequential(depthwise(channels, relu=False), ConvNorm(channels, channels)) for _ in STRIDES
        )
        self.logits = nn.ModuleList(nn.Conv2d(channels, classes, 1) for _ in STRIDES)
        for conv in self.logits:
            # At the start nearly every cell is background (RetinaNet, arXiv 1708.02002, section 4.1).
            nn.init.constant_(conv.bias, -math.log((1 - 0.01) / 0.01))
            nn.init.normal_(conv.weight, std=0.01)

    def features(self, maps):
        """The three maps that the last convolutions see."""
        return [tower(x) for tower, x in zip(self.towers, maps, strict=True)]

    def forward(self, maps):
        return [conv(x) for conv, x in zip(self.logits, self.features(maps), strict=True)]


class DetectionHead(ObjectHead):
    """Anchor-free: a cell of each stride gives class logits and the distances to its box's four sides.

    Three maps [B, C, H / s, W / s] -> logits [B, classes, N] and distances [B, 4, N] (left, top,
    right, bottom from the cell's centre, in input pixels), N = the cells of stride 8, then 16, then
    32, each row by row. After FCOS (arXiv 1904.01355), without its centreness.
    """

    def __init__(self, channels, classes):
        super().__init__(channels, classes)
        self.distances = nn.ModuleList(nn.Conv2d(channels, 4, 1) for _ in STRIDES)
        for conv in self.distances:
            nn.init.constant_(conv.bias, 1.0)
            nn.init.normal_(conv.weight, std=0.01)

    @property
    def widths(self):
        """Channels of each stride's last map; pruning may have made them differ."""
        return [conv.in_channels for conv in self.logits]

    def predict(self, features):
        """Logits and distances from `features`."""
        logits = [conv(x).flatten(2) for conv, x in zip(self.logits, features, strict=True)]
        distances = [
            functional.softplus(conv(x).flatten(2)) * stride
            for conv, x, stride in zip(self.distances, features, STRIDES, strict=True)
        ]
        return torch.cat(logits, 2), torch.cat(distances, 2)

    def forward(self, maps):
        return self.predict(self.features(maps))


class ClassificationHead(nn.Module):
    """One answer for the whole picture: pooled features [B, C] -> logits [B, classes].

    A layer of 256, ReLU, dropout, a layer of classes; the softmax is the loss's or the user's.
    """

    def __init__(self, channels, classes, hidden=256, dropout=0.2):
        super().__init__()
        self.hidden = nn.Linear(channels, hidden)
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(hidden, classes)

    def forward(self, pooled):
        return self.logits(self.dropout(torch.relu(self.hidden(pooled))))


class SegmentationHead(nn.Module):
    """One answer for a square of 8 pixels: the stride-8 map [B, C, h, w] -> logits [B, classes, h, w].

    Two separable convolutions with kernels of 5, which see 32 more pixels on each side. Between them comes
    what an ObjectHead says: what an object is shows at its middle and from afar, where it ends shows in the
    fine map. Who asks for pixels enlarges the logits bilinearly (align_corners false).
    """

    def __init__(self, channels, objects, classes, width=128):
        super().__init__()
        joined = width + len(STRIDES) * objects
        self.first = nn.Sequential(depthwise(channels, 5, relu=False), ConvNorm(channels, width))
        self.second = nn.Sequential(depthwise(joined, 5, relu=False), ConvNorm(joined, width))
        self.logits = nn.Conv2d(width, classes, 1)

    def forward(self, fine, said):
        """`said`: an ObjectHead's logits at strides 8, 16 and 32."""
        near, middle, far = said
        far = functional.interpolate(functional.interpolate(far, scale_factor=2.0), scale_factor=2.0)
        middle = functional.interpolate(middle, scale_factor=2.0)
        return self.logits(self.second(torch.cat([self.first(fine), near, middle, far], 1)))


def cell_centres(height, width, device=None):
    """Centres and strides of all cells of an input, in the order of the outputs: [N, 2] (x, y), [N]."""
    centres, strides = [], []
    for stride in STRIDES:
        rows, columns = height // stride, width // stride
        y, x = torch.meshgrid(
            (torch.arange(rows, device=device) + 0.5) * stride,
            (torch.arange(columns, device=device) + 0.5) * stride,
            indexing="ij",
        )
        centres.append(torch.stack([x, y], 2).reshape(-1, 2))
        strides.append(torch.full((rows * columns,), float(stride), device=device))
    return torch.cat(centres), torch.cat(strides)


def to_boxes(distances, centres):
    """Distances [B, 4, N] and centres [N, 2] -> corner boxes [B, N, 4] in input pixels."""
    distances = distances.transpose(1, 2)
    return torch.cat([centres - distances[..., :2], centres + distances[..., 2:]], -1)
