"""Reading what training saved."""

import copy
from pathlib import Path

import torch

from .blocks import fuse


def load(path):
    """A network's checkpoint (best.pt, a pruned.pt): {"network", "step", "settings", "commit", ...}."""
    if not Path(path).exists():
        raise SystemExit(f"no checkpoint at {path}")
    state = torch.load(path, map_location="cpu", weights_only=False)
    if "network" not in state:
        raise SystemExit(f"{path} holds no whole network (last.pt is for resuming; best.pt is what ships)")
    state["network"].eval()
    return state


def fused(network):
    """A copy in evaluation mode with every batch norm folded."""
    return fuse(copy.deepcopy(network).eval())
