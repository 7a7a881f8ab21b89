"""Write a manifest's pictures as plain files for `minspnet detect`; paths end as the manifest names them."""

import dataclasses
from pathlib import Path

import cv2

from minspnet.data import read_files, read_images, read_manifest
from minspnet.detect import fit
from minspnet.settings import option, parse, to_size


@dataclasses.dataclass(frozen=True)
class Settings:
    manifest: str = option("../shared/datasets/edge8/val.json", "manifest whose pictures to write")
    folder: str = option("training/cache/val-files", "where to")
    count: int = option(0, "only so many, evenly spread; 0 for all")
    fit: str = option(
        "", "lay each on an input of this size, width x height, as a PNG: no scaling is left to do"
    )


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    entries = read_manifest(settings.manifest)
    if settings.count:
        entries = entries[:: max(1, len(entries) // settings.count)][: settings.count]
    targets = [Path(settings.folder) / entry["file"] for entry in entries]
    for target in targets:
        target.parent.mkdir(parents=True, exist_ok=True)
    if settings.fit:
        width, height = to_size(settings.fit)
        for target, image in zip(targets, read_images(settings.manifest, entries), strict=True):
            canvas, _ = fit(image, width, height)
            cv2.imwrite(str(target.with_suffix(".png")), cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR))
    else:
        for target, data in zip(targets, read_files(settings.manifest, entries), strict=True):
            target.write_bytes(data)
    print(f"{len(entries)} pictures under {settings.folder}")


if __name__ == "__main__":
    main()
