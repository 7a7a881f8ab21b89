"""Write a model's card from its files and from what the other commands measured; nothing is typed by hand."""

import dataclasses
import hashlib
import json
from pathlib import Path

from minspnet.augment import FILL
from minspnet.checkpoints import fused, load
from minspnet.data import CLASSES
from minspnet.detect import NMS_IOU
from minspnet.graph import INPUT
from minspnet.heads import STRIDES
from minspnet.network import Classifier, Detector, Segmenter
from minspnet.segmentation import STRIDE
from minspnet.settings import option, parse, to_size
from minspnet.summary import count_macs, count_parameters

# The origins' licences as edge8's README states them.
LICENCES = {
    "coco-val2017": "annotations CC BY 4.0, images of their Flickr owners",
    "coco-train2017": "annotations CC BY 4.0, images of their Flickr owners",
    "voc2012-animals": "images of their Flickr owners",
    "voc2007": "images of their Flickr owners",
    "bicycles": "CC BY 4.0",
    "persons": "CC BY 4.0",
    "traffic-cameras": "CC BY 4.0",
    "roadside": "CC BY 4.0",
    "highway": "CC BY 4.0",
    "human_oi": "CC BY 4.0",
    "human_oi_groups": "CC BY 4.0",
    "human_oi_more": "CC BY 4.0",
    "human_track": "CC BY 4.0",
    "openimages-people": "CC BY 4.0",
    "coco-people": "CC BY 4.0",
    "web-people": "CC BY 4.0",
    "crossings": "CC BY 4.0",
    "camvid": "CC BY-NC 4.0",
    "fight_surv": "MIT",
    "raccoons": "MIT",
    "household": "MIT",
    "plates-rl": "MIT",
    "masks_people": "Apache-2.0",
    "bikes_helmets": "Apache-2.0",
    "plates-alpr": "AGPL-3.0",
    "ade20k-val": "research use",
    "bsds500": "research use",
    "flickr8k-a": "research use",
    "flickr8k-b": "research use",
    "sun-a": "research use",
    "sun-b": "research use",
    "sun-c": "research use",
    "imagenet-samples": "research use",
    "demo": "Apache-2.0, drawn by this project",
    "cityscapes": "CC BY 4.0 stated by the export; Cityscapes itself: non-commercial research",
    "cityscapes-boxes": "CC BY 4.0 stated by the export; Cityscapes itself: non-commercial research",
    "tv-cctv": "CC BY 4.0",
    "hit-uav": "CC BY 4.0",
    "buses": "MIT",
    "composed-objects": "composed by this project of the pictures above",
    "composed-arms": "composed by this project of the pictures above",
    "composed-from-above": "composed by this project of the pictures above",
    "mini-imagenet": "ImageNet (ILSVRC-2012): non-commercial research and education; images of their owners",
}
# Whose answers training learns from; no part of them is here.
TEACHERS = (
    {"name": "YOLOv10s and YOLOv8s, boxes fused", "licence": "AGPL-3.0 (weights), used: its answers"},
    {"name": "PicoDet-S, through the weights that training started from", "licence": "Apache-2.0"},
)


@dataclasses.dataclass(frozen=True)
class Settings:
    checkpoint: str = option(dataclasses.MISSING, "the network that was exported")
    name: str = option(dataclasses.MISSING, "the model's name")
    models: str = option("models", "folder of the models")
    measured: str = option(
        "", "JSON file that evaluate.py and latency.py wrote to; none leaves those parts empty"
    )
    version: str = option("0.1.0", "the model's version")
    sizes: tuple[str, ...] = option((), "input sizes that it ships for, width x height; none: its kind's")
    min_score: float = option(0.4, "score from which a detection makes an event")
    cache: str = option("training/cache", "folder of the stores, for the lineage")
    body: str = option("", "model whose body this one began with, whose own card says what that has seen")


def describe_file(path):
    data = path.read_bytes()
    return {"file": path.name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def sources(state, cache):
    """What the network was trained on: source, pictures, licence."""
    settings = state.get("settings", {})
    counts = dict(state.get("sources", {}))  # a classifier's and a segmenter's runs note them
    for store in settings.get("stores", ()):
        index = Path(cache) / store / "index.json"
        for entry in json.loads(index.read_text()):
            counts[entry["source"]] = counts.get(entry["source"], 0) + 1
    for source in settings.get("held_out_sources", ()):
        counts.pop(source, None)
    return [
        {"source": source, "pictures": count, "licence": LICENCES.get(source, "not stated")}
        for source, count in sorted(counts.items())
    ]


def lineage(state, cache, body):
    settings = state.get("settings", {})
    data = sources(state, cache)
    pictures = sum(row["pictures"] for row in data)
    steps = state.get("step", 0)
    return {
        "data": data,
        "steps": steps,
        "epochs": round(steps * settings.get("batch", 0) / pictures, 1) if pictures else 0,
        "seed": settings.get("seed"),
        "commit": state.get("commit", "unknown"),
        "teachers": list(TEACHERS if settings.get("init") else TEACHERS[:1]),
        "heldOut": list(settings.get("held_out_sources", ())),
        # The run and its file; where the runs lie is this machine's business.
        **({"body": body} if body else {}),
        "startedFrom": "/".join(Path(settings["init"]).parts[-2:]) if settings.get("init") else None,
    }


def earlier_lineage(folder):
    """Of weights that were restored from a shipped model: what its card says."""
    return json.loads((folder / "card.json").read_text())["lineage"]


def describe_task(network, state, settings, measured):
    """What differs by what a network does with a picture: the parts of the card around the input."""
    if isinstance(network, Detector):
        names = dict(zip(("logits", "distances"), network.outputs, strict=True))
        calibration = {"calibration": measured["calibration"]} if "calibration" in measured else {}
        return (
            "detect",
            CLASSES,
            {
                "output": {"decoder": "minspnet", **names, "strides": list(STRIDES)},
                "minScore": settings.min_score,
                "nmsIou": NMS_IOU,
                **calibration,
            },
        )
    if isinstance(network, Classifier):
        temperature = {"temperature": measured["temperature"]} if "temperature" in measured else {}
        output = {"decoder": "classifier", "logits": "logits", "embedding": "embedding", **temperature}
        return "classify", state["classes"], {"output": output}
    if isinstance(network, Segmenter):
        return "segment", CLASSES, {"output": {"decoder": "segmenter", "logits": "logits", "stride": STRIDE}}
    raise SystemExit(f"no card is made of a {type(network).__name__}")


def make_card(settings):
    state = load(settings.checkpoint)
    network = fused(state["network"])
    sizes = [to_size(size) for size in settings.sizes or network.sizes]
    folder = Path(settings.models) / settings.name
    measured = json.loads(Path(settings.measured).read_text()) if settings.measured else {}
    task, classes, of_task = describe_task(network, state, settings, measured)
    return {
        "cardVersion": 1,
        "name": settings.name,
        "version": settings.version,
        "task": task,
        "classes": list(classes),
        "input": {
            "name": INPUT,
            "layout": "nhwc",
            "type": "uint8",
            "colour": "rgb",
            "multipleOf": 32,
            "fill": FILL,
            "sizes": [list(size) for size in sizes],
        },
        **of_task,
        "files": {
            precision: describe_file(folder / f"{settings.name}.{precision}.onnx")
            for precision in ("fp32", "int8")
        },
        "parameters": count_parameters(network),
        "macs": {f"{width}x{height}": count_macs(network, width, height) for width, height in sizes},
        "accuracy": measured.get("accuracy", []),
        **{name: measured[name] for name in ("falseAlarms", "fewShot") if name in measured},
        "latencyRatio": measured.get("latencyRatio", {}),
        "lineage": lineage(state, settings.cache, settings.body)
        if state["settings"]
        else earlier_lineage(folder),
        "licence": "Apache-2.0",
    }


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    path = Path(settings.models) / settings.name / "card.json"
    path.write_text(json.dumps(make_card(settings), indent=2) + "\n")
    print(path)


if __name__ == "__main__":
    main()
