"""Decode the pictures of manifests into stores under cache/, once, before training."""

import dataclasses
import time
from pathlib import Path

from minspnet.data import pack
from minspnet.settings import option, parse

EDGE8 = "../shared/datasets/edge8"


@dataclasses.dataclass(frozen=True)
class Settings:
    manifests: tuple[str, ...] = option(
        (f"{EDGE8}/train.json", f"{EDGE8}/more.json.gz", f"{EDGE8}/val.json"), "manifests to pack"
    )
    cache: str = option("training/cache", "folder of the stores, one a manifest, named after it")


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    for manifest in settings.manifests:
        started = time.monotonic()
        name = Path(manifest).name.split(".")[0]
        store = pack(manifest, Path(settings.cache) / name)
        print(f"{name}: {len(store)} pictures in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
