"""Train a detector; run the same command again to resume it.

    python training/train.py --folder training/runs/s --variant minspnet-s --steps 20000
    torchrun --nproc-per-node 2 training/train.py ...        (several GPUs or machines)

A run's folder holds settings.json, log.jsonl, curve.png, last.pt (everything that resuming needs) and
best.pt (the averaged weights that did best on val, or those of the last step where they did better; the
last average of a run that never looks). SIGTERM ends a run after its step, with a checkpoint. On resume
only the settings in CHANGEABLE may differ: `--steps` stretches or shortens what is left of the schedule,
`--stores` may name more data.
"""

import copy
import dataclasses
import json
import os
import signal
import threading
import time
from pathlib import Path

import cv2
import torch
from torch import distributed, nn

from minspnet import schedule
from minspnet.batches import Batches, Collection
from minspnet.checkpoints import load
from minspnet.data import Store
from minspnet.evaluation import score_network
from minspnet.network import VARIANTS, Detector
from minspnet.records import BEST, LAST, Log, commit, draw_curve, save
from minspnet.settings import from_dict, option, parse
from minspnet.training import Run

CHANGEABLE = (
    "folder",
    "cache",
    "steps",
    "stores",
    "threads",
    "workers",
    "minutes",
    "save_seconds",
    "evaluate_every",
    "log_every",
)


@dataclasses.dataclass(frozen=True)
class Settings:
    folder: str = option(dataclasses.MISSING, "folder of the run")
    steps: int = option(dataclasses.MISSING, "length of the whole schedule")
    variant: str = option("minspnet-s", "name in VARIANTS")
    init: str = option("", "checkpoint whose network to start from (fine-tuning)")
    parent: str = option("", "checkpoint of the network before it was pruned, whose answers to learn besides")
    stores: tuple[str, ...] = option(("train", "more", "streets"), "stores under the cache folder")
    cache: str = option("training/cache", "folder of the stores")
    val: str = option("val", "store that chooses the checkpoint")
    held_out_sources: tuple[str, ...] = option(("traffic-cameras",), "sources kept out of training")
    held_out_every: int = option(60, "every so manieth labelled picture is kept out as well; 0 for none")
    skip: float = option(0.0, "part of the phases (sizes, mosaics) to leave out; .7 for fine-tuning")
    large: bool = option(False, "end at the sizes of the larger networks, up to 640x384")
    batch: int = option(64, "pictures a step, over all processes")
    accumulate: int = option(1, "parts of each process's share of a batch, whose gradients are added")
    freeze_norms: bool = option(False, "keep the batch norms' statistics as they are, for fine-tuning")
    peak_rate: float = option(4e-3, "learning rate after the warm-up")
    warmup: int = option(500, "steps of warm-up")
    weight_decay: float = option(0.05, "on convolution weights; norms and biases have none")
    ema: float = option(0.9995, "longest memory of the averaged weights")
    clip: float = option(10.0, "largest gradient norm")
    seed: int = option(1, "of weights and of every batch")
    threads: int = option(2, "threads of a CPU run; 0 leaves the choice to PyTorch")
    workers: int = option(1, "processes that draw batches; 0 draws in the training process")
    minutes: float = option(0.0, "stop (resumably) after so many minutes; 0 for never")
    save_seconds: float = option(180.0, "between checkpoints")
    evaluate_every: int = option(2000, "steps between looks at val; 0 for none")
    log_every: int = option(100, "steps between log lines")


def build(settings, device):
    """A run at its first step."""
    torch.manual_seed(settings.seed)
    network = load(settings.init)["network"] if settings.init else Detector(VARIANTS[settings.variant])
    parent = load(settings.parent)["network"] if settings.parent else None
    return Run(settings, network, device, parent)


def check_resumable(settings, stored):
    """A run goes on only with the settings it began with, save those in CHANGEABLE."""
    before = dataclasses.asdict(from_dict(Settings, stored))
    differing = [
        f"{name}: {before[name]} -> {value}"
        for name, value in dataclasses.asdict(settings).items()
        if name not in CHANGEABLE and before[name] != value
    ]
    if differing:
        raise SystemExit(f"{settings.folder} was begun with other settings ({'; '.join(differing)})")


def start_worker(_):
    cv2.setNumThreads(1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def batches_from(run, collection, rank, world):
    """An iterator over the batches of the steps that are left."""
    settings = run.settings

    def look_at(step, rng):
        return schedule.look_at(step, settings.steps, rng, settings.skip, settings.large)

    dataset = Batches(collection, settings.batch, settings.seed, look_at, rank, world)
    loader = torch.utils.data.DataLoader(
        dataset,
        batch_size=None,
        sampler=range(run.step, settings.steps),
        num_workers=settings.workers,
        prefetch_factor=max(2, 6 // settings.workers) if settings.workers else None,
        worker_init_fn=start_worker,
        pin_memory=run.device.type == "cuda",
    )
    return iter(loader)


def evaluate(run, store, log):
    """Score the averaged weights on val, at the end those of the last step too; keep the best so far."""
    networks = {"averaged": run.averaged}
    if run.step == run.settings.steps:
        # Where the rate has come down, the average of the way there lags behind.
        networks["last"] = copy.deepcopy(run.network).eval().requires_grad_(False)
    for weights, network in networks.items():
        started = time.monotonic()
        result = score_network(network, store, 256, 256)
        per_class = {name: round(row["ap50"], 3) for name, row in result["perClass"].items()}
        log.write(
            step=run.step,
            weights=weights,
            ap=result["ap"],
            ap50=result["ap50"],
            per_class=per_class,
            seconds=time.monotonic() - started,
        )
        said = f"AP {result['ap']:.3f} AP50 {result['ap50']:.3f} {per_class}"
        print(f"step {run.step} ({weights}): val {said}", flush=True)
        if result["ap50"] > run.best:
            run.best = result["ap50"]
            save_network(run, network, result)
    draw_curve(run.settings.folder)


def save_network(run, network, result=None):
    """A network alone, for the commands that come after training."""
    save(
        Path(run.settings.folder) / BEST,
        {
            "network": network,
            "step": run.step,
            "settings": dataclasses.asdict(run.settings),
            "commit": commit(),
            "val": result,
        },
    )


def agree(wish, device, world):
    """Whether any process wishes it, so that all of them stop after the same step."""
    if world == 1:
        return wish
    flag = torch.tensor(float(wish), device=device)
    distributed.all_reduce(flag, distributed.ReduceOp.MAX)
    return bool(flag)


def train(run, forward, collection, rank, world):
    settings, folder = run.settings, Path(run.settings.folder)
    log = Log(folder)
    val = Store(Path(settings.cache) / settings.val) if settings.evaluate_every else None
    asked_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.set())
    began = saved = noted = time.monotonic()
    sums, count = {}, 0
    for batch in batches_from(run, collection, rank, world):
        parts = run.train_step(forward, batch)
        sums = {name: sums.get(name, 0.0) + part for name, part in parts.items()}
        count += 1
        now = time.monotonic()
        if rank == 0 and (run.step % settings.log_every == 0 or run.step == settings.steps):
            means = {name: round(float(total) / count, 4) for name, total in sums.items()}
            speed = count * settings.batch / (now - noted)
            log.write(step=run.step, loss=means.pop("loss"), parts=means, images_per_second=round(speed, 1))
            print(f"step {run.step}/{settings.steps} {means} {speed:.0f} img/s", flush=True)
            sums, count, noted = {}, 0, now
        if rank == 0 and val and (run.step % settings.evaluate_every == 0 or run.step == settings.steps):
            evaluate(run, val, log)
        late = settings.minutes > 0 and now - began > settings.minutes * 60
        ends = agree(late or asked_to_stop.is_set(), run.device, world)
        if rank == 0 and (now - saved > settings.save_seconds or ends or run.step == settings.steps):
            save(folder / LAST, run.state())
            saved = now
        if ends:
            break
    if rank == 0 and not val and run.step == settings.steps:
        save_network(run, run.averaged)


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    device = (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        if torch.cuda.is_available()
        else torch.device("cpu")
    )
    if world > 1:
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    if settings.threads:
        torch.set_num_threads(settings.threads)
    folder = Path(settings.folder)
    folder.mkdir(parents=True, exist_ok=True)
    collection = Collection(
        [Path(settings.cache) / name for name in settings.stores],
        settings.held_out_sources,
        settings.held_out_every,
    )
    run = build(settings, device)
    if (folder / LAST).exists():
        state = torch.load(folder / LAST, map_location=device, weights_only=False)
        check_resumable(settings, state["settings"])
        run.load(state)
    if rank == 0:
        (folder / "settings.json").write_text(
            json.dumps(dataclasses.asdict(settings) | {"commit": commit()}, indent=2)
        )
        parameters = sum(p.numel() for p in run.network.parameters())
        print(f"{len(collection)} pictures, {parameters} parameters, from step {run.step}", flush=True)
    forward = nn.parallel.DistributedDataParallel(run.trainee) if world > 1 else run.trainee
    train(run, forward, collection, rank, world)
    if world > 1:
        del forward  # it holds on to the process group
        distributed.barrier()  # one that leaves while the other still saves tears its threads down
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
