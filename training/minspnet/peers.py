"""Small classifiers that others published, from torchvision, for the table in training/README.md."""

from torch import nn

from .network import embed

NAMES = ("mobilenet-v3-small-0.5", "mobilenet-v2-0.35", "shufflenet-v2-0.5")


class Peer(nn.Module):
    """A published network's features, pooled, with its own last layers: logits and embedding as ours."""

    outputs = {"logits": {}, "embedding": {}}  # noqa: RUF012

    def __init__(self, features, head):
        super().__init__()
        self.features, self.head = features, head

    def forward(self, images):
        pooled = self.features(images).mean((2, 3))
        return self.head(pooled), embed([pooled])


def make(name, classes):
    """A peer with random weights."""
    # Only who compares needs it.
    from torchvision import models

    if name == "mobilenet-v3-small-0.5":
        network = models.mobilenet_v3_small(width_mult=0.5, num_classes=classes)
        return Peer(network.features, network.classifier)
    if name == "mobilenet-v2-0.35":
        network = models.mobilenet_v2(width_mult=0.35, num_classes=classes)
        return Peer(network.features, network.classifier)
    if name == "shufflenet-v2-0.5":
        network = models.shufflenet_v2_x0_5(num_classes=classes)
        stages = (
            network.conv1,
            network.maxpool,
            network.stage2,
            network.stage3,
            network.stage4,
            network.conv5,
        )
        return Peer(nn.Sequential(*stages), network.fc)
    raise SystemExit(f"no network named {name}: {', '.join(NAMES)}, or a row of VARIANTS")
