"""The blocks that every variant is built from. Shapes are [batch, channels, height, width]."""

import torch
from torch import nn


class ConvNorm(nn.Module):
    """Convolution, batch norm and, if asked, ReLU: the only convolution of the network's body.

    Padding keeps the size at stride 1 and gives ceil(size / 2) at stride 2. `fuse` folds the norm
    into the convolution, as everyone does before inference (arXiv 1712.05877, section 3.2).
    """

    def __init__(self, inputs, outputs, kernel=1, stride=1, groups=1, relu=True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)
        self.activation = nn.ReLU(inplace=True) if relu else nn.Identity()

    def forward(self, x):
        return self.activation(self.norm(self.conv(x)))

    @torch.no_grad()
    def fuse(self):
        """Replace convolution and norm by one convolution with a bias."""
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        old = self.conv
        fused = nn.Conv2d(
            old.in_channels, old.out_channels, old.kernel_size, old.stride, old.padding, groups=old.groups
        )
        fused.weight.copy_(old.weight * scale.reshape(-1, 1, 1, 1))
        fused.bias.copy_(self.norm.bias - self.norm.running_mean * scale)
        self.conv, self.norm = fused, nn.Identity()


def depthwise(channels, kernel=3, stride=1, relu=True):
    """A convolution of each channel by itself."""
    return ConvNorm(channels, channels, kernel, stride, groups=channels, relu=relu)


class Gate(nn.Module):
    """Squeeze-and-excitation (arXiv 1709.01507) with MobileNetV3's hard sigmoid (arXiv 1905.02244).

    [B, C, H, W] -> the same, each channel scaled by 0..1 from the picture's channel means.
    """

    def __init__(self, channels, squeezed):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.excite = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        means = nn.functional.adaptive_avg_pool2d(x, 1)
        return x * nn.functional.hardsigmoid(self.excite(torch.relu(self.squeeze(means))))


class SpatialAttention(nn.Module):
    """CBAM's spatial half (arXiv 1807.06521) with a hard sigmoid, and a 3x3 kernel in place of 7x7.

    [B, C, H, W] -> the same, each place scaled by 0..1 from its mean and maximum over the channels.
    """

    def __init__(self, kernel=3):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2)

    def forward(self, x):
        seen = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * nn.functional.hardsigmoid(self.conv(seen))


class ABlock(nn.Module):
    """Pointwise expansion, depthwise, gate, pointwise projection, residual: [B, C, H, W] -> the same.

    The inverted residual of MobileNetV2 (arXiv 1801.04381), gated on the expanded channels as in
    MobileNetV3. No activation after the projection: the residual path stays linear.
    """

    def __init__(self, channels, expansion=2.0, kernel=3, gate=False):
        super().__init__()
        hidden = int(channels * expansion)
        self.expand = ConvNorm(channels, hidden)
        self.depthwise = depthwise(hidden, kernel)
        # An eighth of the hidden channels decides over the rest: a quarter measured no better in time.
        self.gate = Gate(hidden, max(8, hidden // 8)) if gate else nn.Identity()
        self.project = ConvNorm(hidden, channels, relu=False)

    def forward(self, x):
        return x + self.project(self.gate(self.depthwise(self.expand(x))))


class BBlock(nn.Module):
    """Depthwise stride 2 and pointwise: [B, C, H, W] -> [B, outputs, H / 2, W / 2]; opens a stage.

    A separable convolution (MobileNet, arXiv 1704.04861) without the activation between its halves,
    since the few channels before the pointwise half cannot afford to lose their negative side.
    """

    def __init__(self, inputs, outputs, kernel=3):
        super().__init__()
        self.depthwise = depthwise(inputs, kernel, stride=2, relu=False)
        self.pointwise = ConvNorm(inputs, outputs)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


class Mix(nn.Module):
    """Pointwise over concatenated maps, then depthwise and pointwise: sum of channels -> `outputs`."""

    def __init__(self, inputs, outputs, kernel=3):
        super().__init__()
        self.reduce = ConvNorm(inputs, outputs)
        self.depthwise = depthwise(outputs, kernel, relu=False)
        self.pointwise = ConvNorm(outputs, outputs)

    def forward(self, *maps):
        return self.pointwise(self.depthwise(self.reduce(torch.cat(maps, 1))))


def fuse(module):
    """Fold every batch norm below `module` into its convolution, in place."""
    for part in module.modules():
        if isinstance(part, ConvNorm):
            part.fuse()
    return module
