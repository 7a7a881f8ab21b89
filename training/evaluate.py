"""Score detections with pycocotools, honouring `labelled` and `ignore`, and by the size of objects.

Either runs ONNX files itself (--models ... --sizes 256x256 320x192), or scores what the runtime said
(--detections lines.jsonl: one object a picture, as `minspnet detect FILE... --json --min-score 0.01` prints).
Recall is that at the score from which on 90 % of the detections of this very set are right: it compares
networks, whose scores differ, and is no promise for another set (threshold.py makes that one).
"""

import dataclasses
import itertools
import json
from pathlib import Path, PurePath

import numpy as np

from minspnet.augment import darken
from minspnet.calibration import PRECISION
from minspnet.data import CLASSES, Store
from minspnet.evaluation import run_over
from minspnet.measured import record_accuracy
from minspnet.runtime import predictor, session
from minspnet.scoring import judge, score
from minspnet.settings import option, parse, to_size

SIDES = (0, 8, 16, 32, 64, np.inf)  # of an object's shorter side on the input, in pixels
NIGHT = {"gamma": 0.35, "noise": 14.0}  # what --dark does to each picture, see `darken`


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
    dark: bool = option(
        False, "darken the pictures, with a sensor's noise, the same for each picture every time"
    )
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


def pictures(store, indices, dark):
    """The pictures to judge, one after the other; each one's noise depends on its index alone."""
    for index in indices:
        image = store.image(index)
        yield darken(np.random.default_rng((0, index)), image, **NIGHT) if dark else np.asarray(image)


def recall_by_side(entries, results, size):
    """Recall at PRECISION, of all objects and by their shorter side on the input."""
    judged = judge(entries, results, size)
    min_score = judged.lowest_score(PRECISION)
    if min_score is None:
        return {"precision": PRECISION, "score": None, "all": 0.0, "bySide": {}}
    by_side = {}
    for smallest, largest in itertools.pairwise(SIDES):
        count = int(((judged.sides >= smallest) & (judged.sides < largest)).sum())
        found = round(judged.recall(min_score, smallest, largest), 4)
        by_side[f">= {smallest}" if largest == np.inf else f"< {largest}"] = {"boxes": count, "recall": found}
    overall = round(judged.recall(min_score), 4)
    return {"precision": PRECISION, "score": round(min_score, 4), "all": overall, "bySide": by_side}


def report(settings, label, size, precision, measured_by, result, recall):
    classes = " ".join(f"{name} {row['ap50']:.3f}" for name, row in result["perClass"].items())
    print(f"{label}: AP {result['ap']:.4f} AP50 {result['ap50']:.4f} ({classes})")
    sides = " ".join(
        f"{side}: {row['recall']:.3f} of {row['boxes']}" for side, row in recall["bySide"].items()
    )
    print(
        f"  recall at precision {PRECISION} (score {recall['score']}): {recall['all']:.4f} ({sides})",
        flush=True,
    )
    if settings.record:
        per_class = {
            name: {"ap": round(row["ap"], 4), "ap50": round(row["ap50"], 4)}
            for name, row in result["perClass"].items()
        }
        row = {"set": settings.name, "size": list(size), "precision": precision, "measuredBy": measured_by}
        row |= {"ap": round(result["ap"], 4), "ap50": round(result["ap50"], 4), "recall": recall}
        record_accuracy(settings.record, row | {"perClass": per_class})


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    store = Store(settings.store)
    indices = chosen(store, settings.sources, settings.every)
    entries = [store.entries[index] for index in indices]
    sizes = [to_size(size) for size in settings.sizes]
    if settings.detections:
        results = read_detections(settings.detections, entries)
        result, recall = score(entries, results), recall_by_side(entries, results, sizes[0])
        label = (settings.detections, sizes[0], settings.precision, "minspnet detect")
        report(settings, *label, result, recall)
    for model in settings.models:
        precision = Path(model).suffixes[-2].lstrip(".")
        opened = session(model, settings.threads)
        for size in sizes:
            results = run_over(predictor(opened), pictures(store, indices, settings.dark), *size)
            result, recall = score(entries, results), recall_by_side(entries, results, size)
            label = f"{model} {size[0]}x{size[1]} on {len(entries)} of {settings.name}"
            report(settings, label, size, precision, "python", result, recall)


if __name__ == "__main__":
    main()
