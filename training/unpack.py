"""Write a manifest's pictures as plain files for `minspnet detect`; paths end as the manifest names them."""

import dataclasses
from pathlib import Path

from minspnet.data import read_files, read_manifest
from minspnet.settings import option, parse


@dataclasses.dataclass(frozen=True)
class Settings:
    manifest: str = option("../shared/datasets/edge8/val.json", "manifest whose pictures to write")
    folder: str = option("training/cache/val-files", "where to")
    count: int = option(0, "only so many, evenly spread; 0 for all")


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    entries = read_manifest(settings.manifest)
    if settings.count:
        entries = entries[:: max(1, len(entries) // settings.count)][: settings.count]
    for entry, data in zip(entries, read_files(settings.manifest, entries), strict=True):
        target = Path(settings.folder) / entry["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    print(f"{len(entries)} pictures under {settings.folder}")


if __name__ == "__main__":
    main()
