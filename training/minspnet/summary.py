"""What a network costs: parameters and multiply-accumulates."""

import torch
from torch import nn


def count_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def macs_by_module(network, width, height):
    """Multiply-accumulates of every convolution and linear layer for one picture, by the layer's name."""
    counts, handles = {}, []

    def count(name):
        def hook(module, _inputs, output):
            per_value = module.weight[0].numel()
            counts[name] = counts.get(name, 0) + output[0].numel() * per_value

        return hook

    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            handles.append(module.register_forward_hook(count(name)))
    with torch.inference_mode():
        device = next(network.parameters()).device
        network(torch.zeros(1, 3, height, width, device=device))
    for handle in handles:
        handle.remove()
    return counts


def count_macs(network, width, height):
    return sum(macs_by_module(network, width, height).values())
