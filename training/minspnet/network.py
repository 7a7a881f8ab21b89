"""MINSPNET: stem, stages, fusion, head. A variant is a row of VARIANTS."""

import dataclasses

import torch
from torch import nn
from torch.nn import functional

from .blocks import ABlock, BBlock, ConvNorm, Mix, SpatialAttention
from .data import COUNT
from .heads import ClassificationHead, DetectionHead, ObjectHead, SegmentationHead


@dataclasses.dataclass(frozen=True)
class Stage:
    """A B block to `width` channels at half the size, then `blocks` A blocks."""

    width: int
    blocks: int
    expansion: float = 2.0
    kernel: int = 3
    gate: bool = False  # squeeze-excite; in eight bits it costs more than a pointwise layer


@dataclasses.dataclass(frozen=True)
class Variant:
    """Four stages reach strides 4, 8, 16 and 32; fusion joins the last three."""

    stem: int
    stages: tuple[Stage, Stage, Stage, Stage]
    fusion: int
    attention: bool = False  # spatial attention on the fused stride-8 map


# Chosen by the latency of their eight-bit graphs in ONNX Runtime (training/README.md has the table):
# depthwise layers and gates are the dear ones there, so blocks are few and wide, and gates sit only
# where maps are small.
VARIANTS = {
    "minspnet-s": Variant(
        stem=16,
        stages=(
            Stage(32, 0),
            Stage(64, 2),
            Stage(128, 3, kernel=5),
            Stage(192, 2, kernel=5, gate=True),
        ),
        fusion=80,
    ),
    "minspnet-m": Variant(
        stem=24,
        stages=(
            Stage(48, 0),
            Stage(112, 3),
            Stage(224, 4, kernel=5),
            Stage(320, 3, kernel=5, gate=True),
        ),
        fusion=144,
    ),
    "minspnet-n": Variant(
        stem=16,
        stages=(
            Stage(24, 0),
            Stage(48, 1),
            Stage(96, 2, kernel=5),
            Stage(144, 1, kernel=5, gate=True),
        ),
        fusion=64,
    ),
}


# Input sizes (width x height) that ship; the larger networks are for the larger ones too.
SIZES = ("192x192", "256x256", "320x192", "320x320", "416x256")
SQUARES = ("96x96", "64x64", "128x128", "160x160")  # a classifier's, the usual one first


class Backbone(nn.Module):
    """[B, 3, H, W] (RGB, 0..1) -> the maps of strides 8, 16 and 32."""

    def __init__(self, variant):
        super().__init__()
        self.stem = ConvNorm(3, variant.stem, 3, stride=2)
        self.stages = nn.ModuleList()
        inputs = variant.stem
        for stage in variant.stages:
            blocks = [
                ABlock(stage.width, stage.expansion, stage.kernel, stage.gate) for _ in range(stage.blocks)
            ]
            self.stages.append(nn.Sequential(BBlock(inputs, stage.width), *blocks))
            inputs = stage.width

    def forward(self, images):
        x = self.stem(images)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps[1:]


class Fusion(nn.Module):
    """Joins the three maps top-down, then bottom-up: widths of the stages -> `channels` each.

    The path aggregation of PANet (arXiv 1803.01534) by concatenation, with separable convolutions.
    """

    def __init__(self, widths, channels, attention=False):
        super().__init__()
        self.lateral = nn.ModuleList(ConvNorm(width, channels) for width in widths)
        self.down = nn.ModuleList(Mix(2 * channels, channels) for _ in range(2))
        self.shrink = nn.ModuleList(BBlock(channels, channels) for _ in range(2))
        self.up = nn.ModuleList(Mix(2 * channels, channels) for _ in range(2))
        self.attention = SpatialAttention() if attention else nn.Identity()

    def forward(self, maps):
        fine, middle, coarse = (conv(x) for conv, x in zip(self.lateral, maps, strict=True))
        middle = self.down[0](middle, functional.interpolate(coarse, scale_factor=2.0))
        fine = self.attention(self.down[1](fine, functional.interpolate(middle, scale_factor=2.0)))
        middle = self.up[0](self.shrink[0](fine), middle)
        coarse = self.up[1](self.shrink[1](middle), coarse)
        return fine, middle, coarse


class Detector(nn.Module):
    """The network that ships: images [B, 3, H, W] (RGB, 0..1; H, W multiples of 32) -> the head's outputs."""

    # The names of its outputs in a file, with what is free in their shapes.
    outputs = {"logits": {2: "N"}, "distances": {2: "N"}}  # noqa: RUF012
    sizes = SIZES

    def __init__(self, variant, classes=COUNT):
        super().__init__()
        self.variant = variant
        self.backbone = Backbone(variant)
        widths = [stage.width for stage in variant.stages[1:]]
        self.fusion = Fusion(widths, variant.fusion, variant.attention)
        self.head = DetectionHead(variant.fusion, classes)

    def forward(self, images):
        return self.head(self.fusion(self.backbone(images)))

    def features(self, images):
        """The head's last maps, for distillation; `head.predict` makes the outputs of them."""
        return self.head.features(self.fusion(self.backbone(images)))


class Classifier(nn.Module):
    """What a picture shows: images [B, 3, H, W] (RGB, 0..1) -> logits [B, classes], embedding [B, D]."""

    outputs = {"logits": {}, "embedding": {}}  # noqa: RUF012
    sizes = SQUARES

    def __init__(self, variant, classes, dropout=0.2):
        super().__init__()
        self.variant = variant
        self.backbone = Backbone(variant)
        widths = [stage.width for stage in variant.stages[1:]]
        self.embedding = Embedding(sum(widths[number] for number in EMBEDDED))
        self.head = ClassificationHead(widths[-1], classes, dropout=dropout)

    def forward(self, images):
        pooled = [x.mean((2, 3)) for x in self.backbone(images)]
        return self.head(pooled[-1]), self.embedding([pooled[number] for number in EMBEDDED])


EMBEDDED = (0, 1)  # of the maps of strides 8, 16, 32: chosen by few-shot accuracy (training/README.md)


class Embedding(nn.Module):
    """Pooled maps [B, C_i] -> one embedding [B, D] of length 1, in which classes lie apart.

    `fit` finds the directions in which pictures of one class differ and makes them count less (within-class
    covariance normalisation, Hatch et al., Interspeech 2006). Until then it is the maps side by side.
    """

    def __init__(self, size):
        super().__init__()
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("matrix", torch.eye(size))

    def forward(self, pooled):
        return functional.normalize((embed(pooled) - self.centre) @ self.matrix)

    @torch.no_grad()
    def fit(self, joined, labels, ridge=0.3):
        """Of `embed`'s answers [n, D] and their labels [n]; `ridge` of the mean variance is added to each."""
        joined = joined.double()
        classes = labels.unique()
        within = torch.cat([x - x.mean(0) for x in (joined[labels == number] for number in classes)])
        covariance = within.T @ within / len(within)
        covariance += torch.eye(len(covariance)) * covariance.trace() / len(covariance) * ridge
        matrix = torch.linalg.cholesky(torch.linalg.inv(covariance))
        self.matrix.copy_(matrix / matrix.diagonal().mean())
        self.centre.copy_(joined.mean(0))


def embed(pooled):
    """Pooled maps [B, C_i] -> [B, sum of C_i]: each made to length 1, so that none outweighs another."""
    joined = torch.cat([functional.normalize(x) for x in pooled], 1)
    return joined / len(pooled) ** 0.5


class Segmenter(nn.Module):
    """What each place shows: images [B, 3, H, W] (RGB, 0..1; H, W multiples of 32) -> logits at stride 8.

    [B, classes, H / 8, W / 8], the background first. A detector without its boxes, whose answers a
    segmentation head makes outlines of.
    """

    outputs = {"logits": {2: "rows", 3: "columns"}}  # noqa: RUF012
    sizes = SIZES

    def __init__(self, variant, classes=COUNT + 1):
        super().__init__()
        self.variant = variant
        self.backbone = Backbone(variant)
        widths = [stage.width for stage in variant.stages[1:]]
        self.fusion = Fusion(widths, variant.fusion, variant.attention)
        self.objects = ObjectHead(variant.fusion, COUNT)
        self.head = SegmentationHead(variant.fusion, COUNT, classes)

    def forward(self, images):
        maps = self.fusion(self.backbone(images))
        return self.head(maps[0], self.objects(maps))


def take_body(network, detector):
    """Give a classifier or a segmenter the weights of all that it shares with a detector."""
    shared = {"backbone": detector.backbone, "fusion": detector.fusion, "objects": detector.head}
    for name, part in network.named_children():
        if name in shared:
            theirs = shared[name].state_dict()
            part.load_state_dict({key: theirs[key] for key in part.state_dict()})
    return network


def to_images(pixels):
    """uint8 [B, H, W, 3] -> float32 [B, 3, H, W], 0..1. The batch norm behind the stem does the rest."""
    return pixels.permute(0, 3, 1, 2).to(torch.float32) / 255
