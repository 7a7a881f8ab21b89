"""Print what a variant, or a checkpoint's network, is made of: parameters and MACs by part."""

import dataclasses

from minspnet.checkpoints import fused, load
from minspnet.network import VARIANTS, Detector
from minspnet.settings import option, parse, to_size
from minspnet.summary import count_parameters, macs_by_module

PARTS = ("backbone.stem", *(f"backbone.stages.{n}" for n in range(4)), "fusion", "head")


@dataclasses.dataclass(frozen=True)
class Settings:
    variant: str = option("minspnet-s", "name in VARIANTS")
    checkpoint: str = option("", "a network's checkpoint instead")
    size: str = option("256x256", "input, width x height")


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    network = (
        load(settings.checkpoint)["network"] if settings.checkpoint else Detector(VARIANTS[settings.variant])
    )
    network = fused(network)
    macs = macs_by_module(network, *to_size(settings.size))
    print(f"{'part':20s} {'blocks':>6s} {'parameters':>11s} {'MMACs':>8s}   at {settings.size}")
    for part in PARTS:
        module = network.get_submodule(part)
        share = sum(count for name, count in macs.items() if name.startswith(part + "."))
        blocks = len(module) if part.startswith("backbone.stages") else ""
        print(f"{part:20s} {blocks!s:>6s} {count_parameters(module):11,d} {share / 1e6:8.1f}")
    print(f"{'all':20s} {'':6s} {count_parameters(network):11,d} {sum(macs.values()) / 1e6:8.1f}")


if __name__ == "__main__":
    main()
