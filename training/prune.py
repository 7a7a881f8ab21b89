"""Prune a checkpoint: in rounds, each with its weighing, its cut and some steps of recovery.

The result is a checkpoint for `train.py --init`, which fine-tunes it; `--parent` is the network from before.
"""

import dataclasses
from functools import partial
from pathlib import Path

import torch

from minspnet import schedule
from minspnet.batches import Batches, Collection
from minspnet.checkpoints import load
from minspnet.network import to_images
from minspnet.pruning import prune, weigh
from minspnet.records import save
from minspnet.settings import option, parse
from minspnet.summary import count_macs, count_parameters
from minspnet.training import Run


@dataclasses.dataclass(frozen=True)
class Settings:
    checkpoint: str = option(dataclasses.MISSING, "the network, a run's best.pt")
    output: str = option(dataclasses.MISSING, "checkpoint to write")
    remove: float = option(0.3, "part of the MACs at 256x256 to remove")
    rounds: int = option(6, "cuts, each of an even share")
    weighing: int = option(16, "batches that weigh the channels before each cut")
    recovery: int = option(100, "training steps after each cut")
    stores: tuple[str, ...] = option(("train", "more", "streets"), "stores under the cache folder")
    cache: str = option("training/cache", "folder of the stores")
    held_out_sources: tuple[str, ...] = option(("traffic-cameras",), "sources kept out of training")
    held_out_every: int = option(60, "every so manieth labelled picture is kept out as well; 0 for none")
    batch: int = option(64, "pictures a step")
    peak_rate: float = option(2e-3, "learning rate of the recovery")
    weight_decay: float = option(0.05, "on convolution weights")
    ema: float = option(0.99, "memory of the averaged weights, from which the next cut starts")
    clip: float = option(10.0, "largest gradient norm")
    seed: int = option(1, "of the batches")
    threads: int = option(2, "threads")

    # A recovery is a short run of its own; these are what a run asks for besides.
    warmup = 20
    accumulate = 1
    freeze_norms = False

    @property
    def steps(self):
        return self.recovery


def batches(settings, collection, seed):
    """Batches as at the middle of a training run."""

    def look_at(step, rng):
        return schedule.look_at(60, 100, rng)

    return Batches(collection, settings.batch, seed, look_at)


def cut(run, drawn, wanted):
    """A run's averaged network, weighed on the first batches and cut down to `wanted` MACs."""

    def loss(step):
        batch = {name: tensor.to(run.device) for name, tensor in drawn[step].items()}
        return run.trainee.loss(run.averaged, to_images(batch["pixels"]), batch)[0]

    weigh(run.averaged, (partial(loss, step) for step in range(run.settings.weighing)))
    network = run.averaged.cpu()
    prune(network, 1 - wanted / count_macs(network, 256, 256))
    network.zero_grad(set_to_none=True)
    return network


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    torch.set_num_threads(settings.threads)
    state = load(settings.checkpoint)
    parent = network = state["network"]
    collection = Collection(
        [Path(settings.cache) / name for name in settings.stores],
        settings.held_out_sources,
        settings.held_out_every,
    )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    whole = count_macs(parent, 256, 256)
    for number in range(1, settings.rounds + 1):
        wanted = whole * (1 - settings.remove * number / settings.rounds)
        drawn = batches(settings, collection, settings.seed + number)
        network = cut(Run(settings, network, device), drawn, wanted)
        run = Run(settings, network, device, parent)
        for step in range(settings.recovery):
            parts = run.train_step(run.trainee, drawn[settings.weighing + step])
        network = run.averaged.cpu()
        macs = count_macs(network, 256, 256)
        print(
            f"round {number}: {macs / 1e6:.1f} MMACs ({1 - macs / whole:.1%} removed), "
            f"{count_parameters(network)} parameters, loss {float(parts['loss']):.3f}",
            flush=True,
        )
    removed = 1 - count_macs(network, 256, 256) / whole
    kept = {key: state[key] for key in ("step", "settings", "commit") if key in state}
    save(settings.output, kept | {"network": network, "pruned": {"macsRemoved": round(removed, 3)}})


if __name__ == "__main__":
    main()
