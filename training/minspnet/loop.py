"""The loop that the classifier and the segmenter train in: steps, averaged weights, checkpoints, resuming."""

import copy
import dataclasses
import json
import signal
import threading
import time
from pathlib import Path

import torch
from torch import nn

from . import schedule
from .records import BEST, LAST, Log, commit, draw_scores, save
from .settings import option
from .training import parameter_groups


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """What both trainings share."""

    folder: str = option(dataclasses.MISSING, "folder of the run")
    steps: int = option(dataclasses.MISSING, "length of the whole schedule")
    batch: int = option(32, "pictures a step")
    peak_rate: float = option(3e-3, "learning rate after the warm-up")
    warmup: int = option(200, "steps of warm-up")
    weight_decay: float = option(0.05, "on weights of convolutions and layers; norms and biases have none")
    ema: float = option(0.998, "longest memory of the averaged weights")
    clip: float = option(5.0, "largest gradient norm")
    seed: int = option(1, "of weights and of every batch")
    threads: int = option(1, "threads of PyTorch")
    cache: str = option("training/cache", "folder of the stores")
    save_seconds: float = option(120.0, "between checkpoints")
    minutes: float = option(0.0, "stop (resumably) after so many minutes; 0 for never")
    look_every: int = option(500, "steps between looks at val")
    log_every: int = option(50, "steps between log lines")


CHANGEABLE = ("folder", "steps", "cache", "threads", "save_seconds", "minutes", "look_every", "log_every")


class Loop:
    """A training run: everything that last.pt holds, and how it goes on."""

    def __init__(self, settings, network, rates=()):
        """`rates`: (module, part of the rate) of modules that learn slower, a later one before an earlier.

        Those of 0 stay as they are, their norms too.
        """
        self.settings = settings
        self.network = network.to(memory_format=torch.channels_last).train()
        self.averaged = copy.deepcopy(network).eval().requires_grad_(False)
        self.step, self.best = 0, -1.0
        factors = dict.fromkeys(network.parameters(), 1.0)
        for module, factor in rates:
            factors |= dict.fromkeys(module.parameters(), factor)
            if factor == 0:
                module.requires_grad_(False).eval()
        self.factors, groups = [], []
        for factor in sorted({*factors.values()} - {0}):
            mine = [parameter for parameter, share in factors.items() if share == factor]
            added = parameter_groups(mine, settings.weight_decay)
            groups += added
            self.factors += [factor] * len(added)
        self.optimizer = torch.optim.AdamW(groups, lr=0.0)

    def state(self):
        return {
            "step": self.step,
            "best": self.best,
            "settings": dataclasses.asdict(self.settings),
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def resume(self):
        """Go on from the folder's last.pt, if there is one, with the settings it began with."""
        path = Path(self.settings.folder) / LAST
        if not path.exists():
            return self
        state = torch.load(path, map_location="cpu", weights_only=False)
        ours = dataclasses.asdict(self.settings)
        differing = [
            f"{name}: {before} -> {ours.get(name)}"
            for name, before in state["settings"].items()
            if name not in CHANGEABLE and before != ours.get(name)
        ]
        if differing:
            raise SystemExit(
                f"{self.settings.folder} was begun with other settings ({'; '.join(differing)}): "
                "give it those, or another folder"
            )
        self.step, self.best = state["step"], state["best"]
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        return self

    def train_step(self, loss):
        """One step down a loss that was just computed of `self.network`."""
        settings = self.settings
        rate = schedule.learning_rate(self.step, settings.steps, settings.peak_rate, settings.warmup)
        for group, factor in zip(self.optimizer.param_groups, self.factors, strict=True):
            group["lr"] = rate * factor
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), settings.clip, error_if_nonfinite=True)
        self.optimizer.step()
        decay = schedule.ema_decay(self.step, settings.ema)
        with torch.no_grad():
            pairs = zip(self.averaged.state_dict().values(), self.network.state_dict().values(), strict=True)
            pairs = [(a, b) for a, b in pairs if a.is_floating_point()]
            torch._foreach_lerp_([a for a, _ in pairs], [b for _, b in pairs], 1 - decay)
        self.step += 1

    def run(self, batch_of, loss_of, look, extra):
        """Train to the last step, or until SIGTERM or `minutes`.

        batch_of(step) -> a batch; loss_of(network, batch) -> a loss; look(network) -> {"score", ...}, the
        higher the better, which chooses best.pt; `extra` is what best.pt holds besides (class names).
        """
        settings, folder = self.settings, Path(self.settings.folder)
        folder.mkdir(parents=True, exist_ok=True)
        described = dataclasses.asdict(settings) | {"commit": commit()}
        (folder / "settings.json").write_text(json.dumps(described, indent=2) + "\n")
        log, stop = Log(folder), threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        began = saved = noted = time.monotonic()
        total, count = 0.0, 0
        while self.step < settings.steps and not stop.is_set():
            loss = loss_of(self.network, batch_of(self.step))
            self.train_step(loss)
            total, count, now = total + float(loss.detach()), count + 1, time.monotonic()
            last = self.step == settings.steps
            if last or self.step % settings.log_every == 0:
                speed = count * settings.batch / (now - noted)
                log.write(step=self.step, loss=round(total / count, 4), images_per_second=round(speed, 1))
                print(f"step {self.step}/{settings.steps} {total / count:.3f} {speed:.0f} img/s", flush=True)
                total, count, noted = 0.0, 0, now
            if last or self.step % settings.look_every == 0:
                self._look(look, log, extra, last)
                noted = time.monotonic()
            if last or now - saved > settings.save_seconds:
                save(folder / LAST, self.state())
                saved = now
            if settings.minutes and now - began > settings.minutes * 60:
                break
        save(folder / LAST, self.state())

    def _look(self, look, log, extra, last):
        """Score the averaged weights, at the end those of the last step too; best.pt is what did best."""
        networks = {"averaged": self.averaged}
        if last:
            networks["last"] = copy.deepcopy(self.network).eval().requires_grad_(False)
        for weights, network in networks.items():
            result = look(network)
            log.write(step=self.step, weights=weights, **result)
            print(f"step {self.step} ({weights}): {result}", flush=True)
            if result["score"] > self.best:
                self.best = result["score"]
                state = {"network": network, "step": self.step, "settings": dataclasses.asdict(self.settings)}
                save(Path(self.settings.folder) / BEST, state | extra | {"commit": commit(), "val": result})
        draw_scores(self.settings.folder)
