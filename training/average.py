"""Average the weights of checkpoints of one network: those of a run's start and end, or of its last part.

    python training/average.py --checkpoints training/runs/{a,b}/best.pt --output training/runs/c.pt

Only of networks that lie near each other, as a fine-tuned one does to its start (arXiv 2109.01903,
2203.05482).
The lineage is that of the last checkpoint named.
"""

import dataclasses
from pathlib import Path

import torch

from minspnet.checkpoints import load
from minspnet.records import save
from minspnet.settings import option, parse


@dataclasses.dataclass(frozen=True)
class Settings:
    checkpoints: tuple[str, ...] = option(dataclasses.MISSING, "networks' checkpoints, best.pt or the like")
    output: str = option(dataclasses.MISSING, "checkpoint to write")
    shares: tuple[float, ...] = option((), "how much each one counts; none for all the same")


def average(networks, shares):
    """A network with the weighted means of all floating-point parameters and statistics of `networks`."""
    states, total = [network.state_dict() for network in networks], sum(shares)
    means = {
        name: sum(state[name] * (share / total) for state, share in zip(states, shares, strict=True))
        if value.is_floating_point()
        else value
        for name, value in states[-1].items()
    }
    networks[-1].load_state_dict(means)
    return networks[-1].eval()


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    states = [load(path) for path in settings.checkpoints]
    shares = settings.shares or [1.0] * len(states)
    if len(shares) != len(states):
        raise SystemExit(f"{len(states)} checkpoints, but {len(shares)} shares")
    with torch.no_grad():
        network = average([state["network"] for state in states], shares)
    names = ["/".join(Path(path).parts[-2:]) for path in settings.checkpoints]
    of = [{"checkpoint": name, "share": share} for name, share in zip(names, shares, strict=True)]
    save(Path(settings.output), states[-1] | {"network": network, "val": None, "averaged": of})
    print(settings.output)


if __name__ == "__main__":
    main()
