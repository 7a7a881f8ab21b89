"""Top-1 over latency of classifiers that were trained alike: the table in training/README.md.

    for name in minspnet-s mobilenet-v3-small-0.5 mobilenet-v2-0.35 shufflenet-v2-0.5; do
      python training/train_classifier.py --folder training/runs/table/$name --network $name --no-objects …
    done
    python training/compare.py --runs training/runs/table/*

Every network is quantised in the same way and measured as the file that the runtime would run; all are timed
in one interleaved run of one thread.
"""

import dataclasses
import json
import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx

from latency import interleaved
from minspnet import fewshot
from minspnet.checkpoints import fused, load
from minspnet.graph import quantise, to_onnx, with_pixels
from minspnet.labelled import mini_imagenet, whole
from minspnet.runtime import predictor, session
from minspnet.settings import option, parse
from minspnet.summary import count_macs, count_parameters


@dataclasses.dataclass(frozen=True)
class Settings:
    runs: tuple[str, ...] = option((), "run folders of train_classifier.py")
    side: int = option(96, "side of the input")
    mini_imagenet: str = option("../shared/datasets/mini-imagenet/index.json.gz", "its index")
    cache: str = option("training/cache", "folder of the decoded pictures")
    pictures: int = option(256, "calibration pictures")
    rounds: int = option(300, "of the latency run, after 20 of warm-up")
    record: str = option("", "JSON file to note the table in")


def files_of(network, folder, pictures):
    """The FP32 and INT8 files of a network, for inputs as large as these pictures."""
    model = to_onnx(fused(network), pictures.shape[2:0:-1])
    paths = {precision: Path(folder) / f"{precision}.onnx" for precision in ("fp32", "int8")}
    onnx.save(with_pixels(model), paths["fp32"])
    quantise(model, pictures, paths["int8"], method="minmax")
    return paths


def measure(path, known, inputs, unknown, unknown_inputs):
    predict = predictor(session(path))
    said = np.concatenate([predict(pixels[None])[0] for pixels in inputs]).argmax(1)
    embedded = np.concatenate([predict(pixels[None])[1] for pixels in unknown_inputs])
    shots = fewshot.accuracies(embedded, unknown.labels, 10, fewshot.nearest_mean)
    return {
        "top1": round(float((said == known.labels).mean()), 4),
        "tenShot": round(float(shots.mean()), 4),
        "tenShotDeviation": round(float(shots.std()), 4),
    }


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    logging.getLogger().setLevel(logging.ERROR)
    known = mini_imagenet(settings.mini_imagenet, "base", "val", settings.cache)
    unknown = mini_imagenet(settings.mini_imagenet, "validation", "support-query", settings.cache)
    inputs, unknown_inputs = whole(known.pictures, settings.side), whole(unknown.pictures, settings.side)
    trained = mini_imagenet(settings.mini_imagenet, "base", "train", settings.cache).pictures
    some = trained[np.linspace(0, len(trained) - 1, settings.pictures).astype(int)]
    rows, calls = [], []
    with tempfile.TemporaryDirectory() as root:
        for run in settings.runs:
            state = load(Path(run) / "best.pt")
            network = state["network"]
            folder = Path(root) / Path(run).name
            folder.mkdir()
            paths = files_of(network, folder, whole(some, settings.side))
            row = {"network": state["settings"]["network"], "steps": state["settings"]["steps"]}
            row |= {
                "parameters": count_parameters(network),
                "macs": count_macs(network, *[settings.side] * 2),
            }
            for precision, path in paths.items():
                row[precision] = measure(path, known, inputs, unknown, unknown_inputs)
                opened = session(path)
                calls.append(lambda opened=opened: opened.run(None, {"pixels": inputs[:1]}))
            rows.append(row)
            print(row, flush=True)
        medians = np.median(interleaved(calls, settings.rounds, 20), axis=1) * 1e3
    for number, row in enumerate(rows):
        row["fp32"]["ms"], row["int8"]["ms"] = (
            round(float(x), 3) for x in medians[2 * number : 2 * number + 2]
        )
    print(
        "| network | parameters | MACs | top-1 INT8 | 10-shot INT8 | INT8 ms | FP32 ms |\n"
        "|---|---|---|---|---|---|---|"
    )
    for row in rows:
        int8 = row["int8"]
        print(
            f"| {row['network']} | {row['parameters'] / 1e6:.2f} M | {row['macs'] / 1e6:.1f} M "
            f"| {int8['top1']:.3f} | {int8['tenShot']:.3f} | {int8['ms']:.2f} | {row['fp32']['ms']:.2f} |"
        )
    if settings.record:
        Path(settings.record).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
