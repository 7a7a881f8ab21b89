import copy
import dataclasses
import itertools
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import train
from minspnet import schedule
from minspnet.batches import Batches, Collection
from minspnet.checkpoints import load
from minspnet.network import Detector
from minspnet.pruning import prune, weigh
from minspnet.records import LAST, Log
from minspnet.settings import from_dict, parse
from minspnet.summary import count_macs, count_parameters
from train import Settings

HERE = Path(__file__).parents[1]


def arguments(cache, folder, **more):
    settings = {
        "folder": folder,
        "cache": cache,
        "stores": "toys",
        "val": "toys",
        "steps": 6,
        "variant": "toy",
        "batch": 4,
        "warmup": 2,
        "workers": 0,
        "threads": 1,
        "evaluate_every": 6,
        "log_every": 2,
    } | more
    return [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", str(value))]


def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def test_a_resumed_run_ends_where_a_straight_one_does(cache, tmp_path, toy):
    train.main(arguments(cache, tmp_path / "straight"))
    for _ in range(6):  # each call is out of time after its first step
        train.main(arguments(cache, tmp_path / "slices", minutes=1e-9))
    straight, slices = (
        torch.load(tmp_path / name / LAST, weights_only=False) for name in ("straight", "slices")
    )
    assert straight["step"] == slices["step"] == 6
    for part in ("trainee", "averaged", "optimizer"):
        assert same(straight[part], slices[part])


def test_a_run_leaves_its_records(cache, tmp_path, toy):
    train.main(arguments(cache, tmp_path))
    rows = Log(tmp_path).rows()
    assert [row["step"] for row in rows] == [2, 4, 6, 6, 6]
    assert [row["weights"] for row in rows if "ap50" in row] == ["averaged", "last"]
    assert json.loads((tmp_path / "settings.json").read_text())["seed"] == 1
    assert (tmp_path / "curve.png").stat().st_size > 1000
    assert load(tmp_path / "best.pt")["step"] == 6


def test_a_run_learns(cache, tmp_path, toy):
    train.main(arguments(cache, tmp_path, steps=40, peak_rate=1e-2, warmup=5, evaluate_every=0, log_every=10))
    boxes = [row["parts"]["box"] for row in Log(tmp_path).rows()]
    assert boxes[-1] < 0.9 * boxes[0]
    assert load(tmp_path / "best.pt")["step"] == 40


def test_a_run_does_not_go_on_with_other_settings(cache, tmp_path, toy):
    train.main(arguments(cache, tmp_path, minutes=1e-9))
    with pytest.raises(SystemExit, match=r"batch: 4 -> 2"):
        train.main(arguments(cache, tmp_path, batch=2))


def test_fine_tuning_starts_from_the_network_it_is_given(cache, tmp_path, toy):
    train.main(arguments(cache, tmp_path / "first"))
    first = load(tmp_path / "first" / "best.pt")["network"]
    settings = parse(Settings, arguments(cache, tmp_path / "next", init=tmp_path / "first" / "best.pt"))
    run = train.build(settings, torch.device("cpu"))
    assert run.network.training and all(p.requires_grad for p in run.network.parameters())
    assert same(run.network.state_dict(), first.state_dict())


def test_two_processes_train_together(cache, tmp_path):
    """PyTorch DDP on gloo, as torchrun starts it."""
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "train.py",
    ]
    more = {"steps": 2, "variant": "minspnet-n", "threads": 1, "evaluate_every": 0, "log_every": 1}
    subprocess.run(
        [*command, *arguments(cache, tmp_path, **more)],
        cwd=HERE,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    state = torch.load(tmp_path / LAST, weights_only=False)
    assert state["step"] == 2 and len(Log(tmp_path).rows()) == 2


def an_answer(network):
    """A loss of some picture, as `weigh` asks for it."""
    logits, distances = network(torch.rand(2, 3, 64, 64))
    return logits.square().mean() + distances.mean()


def test_pruning_removes_channels_and_what_is_left_runs(toy):
    torch.manual_seed(0)
    network = Detector(toy)
    weigh(network, [partial(an_answer, network)] * 2)
    parameters, macs = count_parameters(network), count_macs(network, 256, 256)
    removed = prune(network, 0.2)
    assert removed >= 0.2
    assert count_macs(network, 256, 256) == pytest.approx(macs * (1 - removed))
    assert count_parameters(network) < parameters
    widths = [m.out_channels for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert sum(widths) < sum(
        m.out_channels for m in Detector(toy).modules() if isinstance(m, torch.nn.Conv2d)
    )
    logits, distances = network.eval()(torch.rand(1, 3, 96, 64))
    assert logits.shape == (1, 8, 126) and distances.shape == (1, 4, 126)
    with pytest.raises(ValueError, match="can be pruned"):
        prune(network, 0.99)


def test_the_channels_that_say_nothing_go_first(toy):
    torch.manual_seed(0)
    network = Detector(toy).eval()
    block = network.backbone.stages[2][1]  # an A block: its hidden channels are a group of their own
    idle = torch.arange(1, 16, 2)
    for norm in (block.expand.norm, block.depthwise.norm):
        norm.weight.data[idle] = norm.bias.data[idle] = 0
    pixels = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        before = network(pixels)
    weigh(network, [partial(an_answer, network)] * 2)
    hidden = block.expand.conv.out_channels
    prune(network, 1e-3)
    assert block.expand.conv.out_channels == hidden - 8
    with torch.no_grad():
        for ours, theirs in zip(network(pixels), before, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_weights_of_channels_are_squares_of_what_each_picture_says(toy):
    torch.manual_seed(0)
    network = Detector(toy).eval()
    norm = network.head.towers[0][1].norm
    pictures = torch.rand(3, 3, 64, 64)

    def loss(pixels):
        return network(pixels)[0].square().mean(0).sum()

    # A gate behind a norm, at 1, has the derivative of scaling the norm's weight and bias together.
    expected = torch.zeros_like(norm.weight)
    for picture in pictures:
        network.zero_grad()
        (loss(picture[None]) / len(pictures)).backward()
        expected += (norm.weight.grad * norm.weight + norm.bias.grad * norm.bias).detach().square()
    weigh(network, [lambda: loss(pictures)])
    assert expected.max() > 0
    torch.testing.assert_close(norm.weight.grad, expected)


def test_a_parent_teaches_and_stays_as_it_is(cache, tmp_path, toy):
    network = Detector(toy).eval()
    for logits in network.head.logits:
        logits.bias.data.zero_()  # sure of something everywhere
    parent = tmp_path / "parent.pt"
    torch.save({"network": network}, parent)
    settings = parse(Settings, arguments(cache, tmp_path, parent=parent, seed=2))
    collection = Collection([cache / "toys"])
    run = train.build(settings, torch.device("cpu"))
    batch = Batches(collection, 4, 1, lambda step, rng: schedule.look_at(step, 6, rng))[0]
    before = copy.deepcopy(run.parent.state_dict())
    parts = run.train_step(run.trainee, batch)
    assert parts["parent_class"] > 0 and parts["parent_box"] > 0
    assert same(run.parent.state_dict(), before)
    taught = train.build(dataclasses.replace(settings, init=str(parent)), torch.device("cpu"))
    taught.network.eval()
    assert taught.train_step(taught.trainee, batch)["parent_class"] < parts["parent_class"] / 10


def test_an_unknown_setting_is_an_error():
    with pytest.raises(ValueError, match="learning_rat"):
        from_dict(Settings, {"folder": "x", "steps": 1, "learning_rat": 1})
    with pytest.raises(SystemExit):
        parse(Settings, ["--folder", "x", "--steps", "1", "--learning-rat", "1"])


def test_the_schedule_warms_up_and_comes_down():
    rates = [schedule.learning_rate(step, 100, 1.0, 10) for step in range(101)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == 1.0 and rates[100] == pytest.approx(0.01)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))


def test_the_last_phase_has_whole_pictures_and_no_mosaic():
    for step, skip in ((99, 0.0), (0, 0.94)):
        look = schedule.look_at(step, 100, np.random.default_rng(0), skip)
        assert look.mosaic == 0 and look.plain > 0 and max(look.width, look.height) >= 256
