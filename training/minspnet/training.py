"""A training run's state, and one step of it."""

import contextlib
import copy
import dataclasses

import torch
from torch import nn

from . import schedule
from .checkpoints import fused
from .heads import cell_centres, to_boxes
from .loss import TrainingLoss
from .network import to_images
from .records import commit


class Trainee(nn.Module):
    """Network and loss as one module, so that DistributedDataParallel sees one forward."""

    def __init__(self, network, loss):
        super().__init__()
        self.network, self.loss = network, loss

    def forward(self, batch):
        return self.loss(self.network, to_images(batch["pixels"]), batch)


class Run:
    """A training run's state: everything that last.pt holds.

    `parent`, if there is one, is the network before a cut: what it says of a batch's very pictures is learnt
    besides (a consistent teacher, arXiv 2106.05237).
    """

    def __init__(self, settings, network, device, parent=None):
        self.settings = settings
        self.device = device
        self.step = 0
        self.best = -1.0
        self.trainee = Trainee(network, TrainingLoss())
        # Channels last, as the pixels come, is a twentieth faster on a CPU.
        layout = torch.channels_last if device.type == "cpu" else torch.contiguous_format
        self.trainee.to(device, memory_format=layout)
        # A network that was loaded to be fine-tuned comes in the state in which it ships.
        self.trainee.train().requires_grad_(True)
        if settings.freeze_norms:
            for part in network.modules():
                if isinstance(part, nn.BatchNorm2d):
                    part.eval()
        self.averaged = copy.deepcopy(network).eval().requires_grad_(False)
        self.parent = parent and fused(parent).to(device).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.trainee.parameters(), settings.weight_decay), lr=0.0
        )

    @property
    def network(self):
        return self.trainee.network

    def state(self):
        return {
            "step": self.step,
            "best": self.best,
            "settings": dataclasses.asdict(self.settings),
            "network_variant": self.network.variant,
            "trainee": self.trainee.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "commit": commit(),
        }

    def load(self, state):
        self.step, self.best = state["step"], state["best"]
        self.trainee.load_state_dict(state["trainee"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])

    def train_step(self, forward, batch):
        """One step on one batch; returns the loss's parts."""
        settings = self.settings
        rate = schedule.learning_rate(self.step, settings.steps, settings.peak_rate, settings.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.trainee.loss.parent = schedule.parent_weight(self.step, settings.steps)
        self.optimizer.zero_grad(set_to_none=True)
        pieces = settings.accumulate
        split = [tensor.chunk(pieces) for tensor in batch.values()]
        means = {}
        for piece in range(pieces):
            last = piece == pieces - 1
            alone = contextlib.nullcontext() if last or forward is self.trainee else forward.no_sync()
            with alone:
                parts = self._backward(forward, dict(zip(batch, (t[piece] for t in split), strict=True)))
            means = {name: means.get(name, 0.0) + part / pieces for name, part in parts.items()}
        nn.utils.clip_grad_norm_(self.trainee.parameters(), settings.clip, error_if_nonfinite=True)
        self.optimizer.step()
        self._average()
        self.step += 1
        return means

    def _backward(self, forward, batch):
        """Add the gradients of a part of a batch; returns the loss and its parts."""
        batch = {name: tensor.to(self.device, non_blocking=True) for name, tensor in batch.items()}
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            if self.parent:
                batch |= self._ask_parent(batch["pixels"])
            loss, parts = forward(batch)
        (loss / self.settings.accumulate).backward()
        return {"loss": loss.detach(), **parts}

    @torch.no_grad()
    def _ask_parent(self, pixels):
        logits, distances = self.parent(to_images(pixels))
        centres, _ = cell_centres(*pixels.shape[1:3], device=self.device)
        return {
            "parent_scores": logits.float().sigmoid().transpose(1, 2),
            "parent_boxes": to_boxes(distances.float(), centres),
        }

    @torch.no_grad()
    def _average(self):
        decay = schedule.ema_decay(self.step, self.settings.ema)
        ours, theirs = self.averaged.state_dict().values(), self.network.state_dict().values()
        pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a.is_floating_point()]
        torch._foreach_lerp_([a for a, _ in pairs], [b for _, b in pairs], 1 - decay)


def parameter_groups(parameters, weight_decay):
    """Weight decay on matrices and kernels only."""
    parameters = list(parameters)
    decayed = [p for p in parameters if p.ndim > 1]
    others = [p for p in parameters if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
