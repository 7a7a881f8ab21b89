"""The loop that the classifier and the segmenter train in."""

import dataclasses
import json

import pytest
import torch
from torch import nn

from minspnet.checkpoints import load
from minspnet.loop import Loop, LoopSettings


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Conv2d(1, 4, 1), nn.Conv2d(4, 1, 1)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x):
        return self.head(self.norm(self.body(x)))


def batch_of(step):
    return torch.randn(8, 1, 3, 3, generator=torch.Generator().manual_seed(step))


def loss_of(network, x):
    return (network(x) - 2 * x).square().mean()


def look(network):
    with torch.no_grad():
        return {"score": -float(loss_of(network, batch_of(10**6)))}


def settings(folder, steps=60, **more):
    return LoopSettings(
        folder=str(folder),
        steps=steps,
        warmup=5,
        peak_rate=0.05,
        look_every=30,
        log_every=10,
        ema=0.8,
        **more,
    )


def train(wished, rates=lambda network: ()):
    torch.manual_seed(1)
    network = Line()
    loop = Loop(wished, network, rates(network)).resume()
    loop.run(batch_of, loss_of, look, {"classes": ("a",)})
    return loop


def test_it_learns_and_keeps_the_best(tmp_path):
    train(settings(tmp_path))
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    scores = [row["score"] for row in rows if "score" in row]
    best = load(tmp_path / "best.pt")
    assert best["val"]["score"] == max(scores) > scores[0]
    assert (tmp_path / "curve.png").stat().st_size > 5000
    assert best["classes"] == ("a",) and look(best["network"])["score"] == pytest.approx(max(scores))


def test_stopped_and_resumed_it_ends_where_it_would_have(tmp_path):
    whole = train(settings(tmp_path / "whole", 6))
    cut = settings(tmp_path / "cut", 6, minutes=1e-9)
    assert train(cut).step == 1
    while train(cut).step < 6:
        pass
    resumed = Loop(cut, Line()).resume()
    for ours, theirs in zip(resumed.network.parameters(), whole.network.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_it_does_not_go_on_with_other_settings(tmp_path):
    train(settings(tmp_path, minutes=1e-9))
    with pytest.raises(SystemExit, match="peak_rate"):
        train(dataclasses.replace(settings(tmp_path), peak_rate=0.1))


def test_what_is_frozen_stays_and_what_is_slower_moves_less(tmp_path):
    torch.manual_seed(1)
    before = Line()
    loop = train(settings(tmp_path), lambda network: [(network.body, 0.0), (network.norm, 0.0)])
    assert torch.equal(loop.network.body.weight, before.body.weight)
    assert torch.equal(loop.network.norm.running_mean, before.norm.running_mean)
    assert not torch.equal(loop.network.head.weight, before.head.weight)
    slower = Loop(settings(tmp_path / "b"), Line(), [])
    assert slower.factors == [1.0, 1.0]
    network = Line()
    assert sorted(Loop(settings(tmp_path / "c"), network, [(network.body, 0.5)]).factors) == [
        0.5,
        0.5,
        1.0,
        1.0,
    ]
