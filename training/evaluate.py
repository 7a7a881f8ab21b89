"""Score detections with pycocotools, honouring `labelled` and `ignore`.

Either runs ONNX files itself (--models ... --sizes 256x256 320x192), or scores what the runtime said
(--detections lines.jsonl: one object a picture, as `minspnet detect FILE... --json --min-score 0.01` prints).
"""

import dataclasses
import json
from pathlib import Path, PurePath

import numpy as np

from minspnet.data import CLASSES, Store
from minspnet.evaluation import run_over
from minspnet.measured import record_accuracy
from minspnet.runtime import predictor, session
from minspnet.scoring import score
from minspnet.settings import option, parse


@dataclasses.dataclass(frozen=True)
class Settings:
    models: tuple[str, ...] = option((), "ONNX files to run")
    sizes: tuple[str, ...] = option(("256x256",), "input sizes, width x height")
    detections: str = option("", "JSON lines of the runtime, instead of running models")
    precision: str = option("", "precision to note for --detections (fp32 or int8)")
    store: str = option("training/cache/val", "packed pictures with their labels")
    name: str = option("edge8-val", "the set's name in the records")
    sources: tuple[str, ...] = option((), "only pictures of these sources (a held-out one)")
    every: int = option(0, "only every so manieth labelled picture (those that --held-out-every kept apart)")
    record: str = option("", "JSON file to note the result in, for the card")
    threads: int = option(1, "threads of ONNX Runtime")


def chosen(store, sources, every):
    """Indices of the pictures to judge."""
    return [
        index
        for index, entry in enumerate(store.entries)
        if (not sources or entry["source"] in sources) and (not every or index % every == 0)
    ]


def read_detections(path, entries):
    """The runtime's lines as results for `score`, in the entries' order. Every entry must have its line."""
    known = {entry["file"]: index for index, entry in enumerate(entries)}
    results = [None] * len(entries)
    for line in Path(path).read_text().splitlines():
        said = json.loads(line)
        parts = PurePath(said["file"]).parts
        tails = ("/".join(parts[start:]) for start in range(len(parts)))
        index = next((known[tail] for tail in tails if tail in known), None)
        if index is None:
            raise SystemExit(f"{path}: {said['file']} is not in the set")
        entry = entries[index]
        if (said["width"], said["height"]) != (entry["width"], entry["height"]):
            raise SystemExit(f"{path}: {said['file']} is {entry['width']}x{entry['height']} in the set")
        rows = said["detections"]
        results[index] = (
            np.array([row["box"] for row in rows], np.float32).reshape(-1, 4),
            np.array([CLASSES.index(row["class"]) for row in rows], int),
            np.array([row["score"] for row in rows], np.float32),
        )
    missing = [entry["file"] for entry, result in zip(entries, results, strict=True) if result is None]
    if missing:
        raise SystemExit(f"{path}: {len(missing)} pictures have no line, {missing[0]} first")
    return results


def report(settings, label, size, precision, measured_by, result):
    classes = " ".join(f"{name} {row['ap50']:.3f}" for name, row in result["perClass"].items())
    print(f"{label}: AP {result['ap']:.4f} AP50 {result['ap50']:.4f} ({classes})", flush=True)
    if settings.record:
        per_class = {
            name: {"ap": round(row["ap"], 4), "ap50": round(row["ap50"], 4)}
            for name, row in result["perClass"].items()
        }
        row = {"set": settings.name, "size": size, "precision": precision, "measuredBy": measured_by}
        row |= {"ap": round(result["ap"], 4), "ap50": round(result["ap50"], 4), "perClass": per_class}
        record_accuracy(settings.record, row)


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    store = Store(settings.store)
    indices = chosen(store, settings.sources, settings.every)
    entries = [store.entries[index] for index in indices]
    sizes = [[int(side) for side in size.split("x")] for size in settings.sizes]
    if settings.detections:
        result = score(entries, read_detections(settings.detections, entries))
        report(settings, settings.detections, sizes[0], settings.precision, "minspnet detect", result)
    for model in settings.models:
        precision = Path(model).suffixes[-2].lstrip(".")
        opened = session(model, settings.threads)
        for width, height in sizes:
            images = (np.asarray(store.image(index)) for index in indices)
            result = score(entries, run_over(predictor(opened), images, width, height))
            label = f"{model} {width}x{height} on {len(entries)} of {settings.name}"
            report(settings, label, [width, height], precision, "python", result)


if __name__ == "__main__":
    main()
