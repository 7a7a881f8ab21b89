"""Make a checkpoint of a shipped FP32 model, for training to go on from: a new machine has no other.

The file's batch norms are folded. Here each is given back with the statistics that the network's own maps
have on training batches, and with the scale and shift that undo them: in evaluation mode the result says
what the file says, in training mode it starts from there.

    python training/restore.py --model models/minspnet-s/minspnet-s.fp32.onnx --output training/runs/s.pt
    python training/train.py --init training/runs/s.pt ...
"""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper
from torch import nn

from minspnet import schedule
from minspnet.batches import Batches, Collection
from minspnet.blocks import ConvNorm
from minspnet.network import VARIANTS, Classifier, Detector, Segmenter, to_images
from minspnet.records import save
from minspnet.settings import option, parse


@dataclasses.dataclass(frozen=True)
class Settings:
    model: str = option(dataclasses.MISSING, "a FP32 file that export.py wrote")
    output: str = option(dataclasses.MISSING, "checkpoint to write")
    variant: str = option("minspnet-s", "name in VARIANTS that it is, or that it was pruned from")
    batches: int = option(64, "batches of 16 pictures that the statistics are taken over")
    stores: tuple[str, ...] = option(("train", "more", "streets"), "stores under the cache folder")
    cache: str = option("training/cache", "folder of the stores")
    held_out_sources: tuple[str, ...] = option(("traffic-cameras",), "sources kept out of training")
    held_out_every: int = option(60, "every so manieth labelled picture is kept out as well; 0 for none")


def network_of(model, variant):
    """An untrained network of the kind whose file `model` is: a classifier, a segmenter or a detector."""
    outputs = {value.name for value in model.graph.output}
    for kind in (Classifier, Segmenter):
        if outputs == set(kind.outputs):
            widths = {tensor.name: tensor.dims for tensor in model.graph.initializer}
            return kind(variant, widths["head.logits.weight"][0])
    return Detector(variant)


def outputs_of(network, images):
    """What a network says, as a tuple: a segmenter has one output."""
    said = network(images)
    return said if isinstance(said, tuple) else (said,)


def narrow(network, file):
    """Give `network`'s convolutions the widths of a file's weights: pruning leaves a variant narrower."""
    for name, conv in network.named_modules():
        weight = file.get(f"{name}.weight")
        if not isinstance(conv, nn.Conv2d) or weight is None or weight.shape == conv.weight.shape:
            continue
        outputs, inputs = weight.shape[:2]
        conv.groups = outputs if conv.groups > 1 else 1  # the network has no groups but depthwise ones
        conv.out_channels, conv.in_channels = outputs, inputs * conv.groups
        conv.weight = nn.Parameter(conv.weight.detach()[:outputs, :inputs])
        if conv.bias is not None:
            conv.bias = nn.Parameter(conv.bias.detach()[:outputs])
    for part in network.modules():
        if isinstance(part, ConvNorm):
            part.norm = nn.BatchNorm2d(part.conv.out_channels, part.norm.eps, part.norm.momentum)
    return network


def with_weights(network, model):
    """`network` with the weights of an ONNX model; every norm shifts by the folded bias, and does no more."""
    file = {
        tensor.name: torch.tensor(numpy_helper.to_array(tensor))
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT  # not the shapes that a graph lays its maps out by
    }
    narrow(network, file)
    state = network.state_dict()
    for name, part in network.named_modules():
        if isinstance(part, ConvNorm):
            state[f"{name}.norm.weight"] = torch.full_like(part.norm.weight, (1 + part.norm.eps) ** 0.5)
            state[f"{name}.norm.bias"] = file.pop(f"{name}.conv.bias")
    for name in state.keys() & file.keys():
        state[name] = file.pop(name)
    file.pop("pixel_scale", None)
    if file:
        raise SystemExit(f"the model holds {sorted(file)[0]}, which the variant does not have")
    network.load_state_dict(state)
    return network.eval()


@torch.no_grad()
def with_statistics(network, image_batches):
    """Give the norms of such a network the statistics of what they see, without changing what it says."""
    norms = [part.norm for part in network.modules() if isinstance(part, ConvNorm)]
    seen = {norm: [] for norm in norms}

    def look(norm, inputs):
        seen[norm].append(torch.stack([inputs[0].mean((0, 2, 3)), inputs[0].square().mean((0, 2, 3))]))

    hooks = [norm.register_forward_pre_hook(look) for norm in norms]
    for images in image_batches:
        network(images)
    for hook in hooks:
        hook.remove()
    for norm in norms:
        mean, square = torch.stack(seen[norm]).mean(0)
        variance = (square - mean.square()).clamp(min=0)
        norm.bias.add_(mean)
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
    return network


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    model = onnx.load(settings.model)
    network = with_weights(network_of(model, VARIANTS[settings.variant]), model)
    collection = Collection(
        [Path(settings.cache) / name for name in settings.stores],
        settings.held_out_sources,
        settings.held_out_every,
    )
    batches = Batches(collection, 16, 0, lambda step, rng: schedule.look_at(60, 100, rng))
    sample = to_images(batches[0]["pixels"])
    with torch.no_grad():
        before = outputs_of(network, sample)
        with_statistics(network, (to_images(batches[i]["pixels"]) for i in range(settings.batches)))
        worst = max(float((a - b).abs().max()) for a, b in zip(outputs_of(network, sample), before, strict=True))
    save(Path(settings.output), {"network": network, "step": 0, "settings": {}, "commit": "", "val": {}})
    print(f"{settings.output}: outputs moved by at most {np.float32(worst):.1e}")


if __name__ == "__main__":
    main()
