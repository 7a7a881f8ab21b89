"""Structured pruning: whole channels go, in every layer that shares them (DepGraph, arXiv 2301.12900)."""

import torch
import torch_pruning

from .summary import count_macs

ROUND_TO = 8  # channels: what vector units and ONNX Runtime's kernels work in


def prune(network, remove, width=256, height=256, steps=100):
    """Remove the least important channels until `remove` of the MACs are gone, in place.

    Importance is Taylor's (arXiv 1906.10771), so the parameters' `grad` must hold the loss's gradient
    over some training batches. What the head says keeps its channels. Returns the part removed.
    """
    before = count_macs(network, width, height)
    pruner = torch_pruning.pruner.MetaPruner(
        network,
        torch.zeros(1, 3, height, width),
        importance=torch_pruning.importance.GroupTaylorImportance(),
        global_pruning=True,
        iterative_steps=steps,
        pruning_ratio=0.95,
        max_pruning_ratio=0.8,  # of one layer, lest a stage vanishes
        round_to=ROUND_TO,
        ignored_layers=[*network.head.logits, *network.head.distances],
    )
    after = before
    for _ in range(steps):
        pruner.step()
        after = count_macs(network, width, height)
        if after <= before * (1 - remove):
            return 1 - after / before
    raise ValueError(f"only {1 - after / before:.0%} of the MACs can be pruned, {remove:.0%} were wanted")
