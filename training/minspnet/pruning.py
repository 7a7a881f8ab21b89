"""Structured pruning: whole channels go, in every layer that shares them (DepGraph, arXiv 2301.12900)."""

import torch
import torch_pruning
from torch import nn
from torch_pruning.pruner import function

from .summary import macs_by_module

ROUND_TO = 8  # channels: what vector units and ONNX Runtime's kernels work in


def weigh(network, losses):
    """Leave in every batch norm's `weight.grad` how much the loss would miss each of its channels.

    Each of `losses` is called for the loss of some pictures. A channel's weight is the sum, over the
    pictures, of the squared derivative by a gate behind the norm, at 1 (Fisher's information, arXiv
    1801.05787; the gate's place from arXiv 1906.10771). The network is left in evaluation mode.
    """
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    weights = {norm: torch.zeros_like(norm.weight) for norm in norms}

    def watch(norm, _inputs, output):
        maps = output.detach().clone()  # the activation behind it works in place

        def add(gradient):
            weights[norm] += (gradient * maps).sum((2, 3)).square().sum(0)

        output.register_hook(add)

    network.eval().requires_grad_(True)
    hooks = [norm.register_forward_hook(watch) for norm in norms]
    for loss in losses:
        loss().backward()
    for hook in hooks:
        hook.remove()
    network.zero_grad(set_to_none=True)
    for norm in norms:
        norm.weight.grad = weights[norm]


def prune(network, remove, width=256, height=256):
    """Remove channels until `remove` of the MACs are gone, in place. Returns the part removed.

    Always those ROUND_TO channels of one group go next that the loss would miss least for each MAC they cost:
    by the part of the channels alone, the head lost most of its width for a twentieth of the MACs. `weigh`
    must have been called. What the head says keeps its channels.
    """
    kept = [*network.head.logits, *network.head.distances]
    example = torch.zeros(1, 3, height, width)
    graph = torch_pruning.DependencyGraph().build_dependency(network, example)
    macs = macs_by_module(network, width, height)
    before = now = sum(macs.values())
    names = {part: name for name, part in network.named_modules()}
    while now > before * (1 - remove):
        cuts = []
        for group in graph.get_all_groups(ignored_layers=kept, root_module_types=[nn.Conv2d]):
            channels = len(group[0].idxs)
            missed, cost = _missed_and_cost(group, macs, names)
            if missed is not None and channels > ROUND_TO:
                least = missed.argsort()[:ROUND_TO]
                cuts.append((float(missed[least].sum()) / cost, group[0].dep.layer, least.tolist()))
        if not cuts:
            raise ValueError(
                f"only {1 - now / before:.0%} of the MACs can be pruned, {remove:.0%} were wanted"
            )
        _, layer, least = min(cuts, key=lambda cut: cut[0])
        graph.get_pruning_group(layer, function.prune_conv_out_channels, least).prune()
        macs = macs_by_module(network, width, height)
        now = sum(macs.values())
    return 1 - now / before


def _missed_and_cost(group, macs, names):
    """Of a group with all its channels: what the loss would miss, by channel, and MACs a channel.

    None for what no norm watches (a gate's inner layer): it costs next to nothing.
    """
    channels = len(group[0].idxs)
    missed, watched, cost = torch.zeros(channels), False, 0.0
    for item in group:
        layer = item.dep.layer
        if isinstance(layer, nn.BatchNorm2d):
            missed.index_add_(0, torch.tensor(item.root_idxs), layer.weight.grad[item.idxs])
            watched = True
        elif isinstance(layer, nn.Conv2d):
            reads = item.dep.pruning_fn == function.prune_conv_in_channels
            width = layer.in_channels if reads else layer.out_channels
            cost += macs[names[layer]] * len(item.idxs) / width / channels
    return (missed if watched else None), cost
