"""Decode the pictures of manifests into stores under cache/, once, before training."""

import dataclasses
import gzip
import json
import time
from pathlib import Path

from minspnet.data import pack
from minspnet.settings import option, parse

EDGE8 = "../shared/datasets/edge8"
NEGATIVES = "../shared/datasets/mini-imagenet/index.json.gz"


@dataclasses.dataclass(frozen=True)
class Settings:
    manifests: tuple[str, ...] = option(
        (
            *(f"{EDGE8}/{name}" for name in ("train.json", "more.json.gz", "streets.json.gz", "val.json")),
            f"{EDGE8}/streets-val.json.gz",
            NEGATIVES,
        ),
        "manifests to pack",
    )
    teacher: str = option(f"{EDGE8}/teacher.json.gz", "the teacher's boxes, {file: rows}; '' for none")
    cache: str = option("training/cache", "folder of the stores, one a manifest, named after it")


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    teacher = json.loads(gzip.decompress(Path(settings.teacher).read_bytes())) if settings.teacher else None
    for manifest in map(Path, settings.manifests):
        started = time.monotonic()
        name = manifest.name.split(".")[0]
        name = manifest.parent.name if name == "index" else name
        store = pack(manifest, Path(settings.cache) / name, teacher)
        print(f"{name}: {len(store)} pictures in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
