import pytest
import torch

import average
from minspnet.checkpoints import load
from minspnet.network import Detector


def checkpoint(path, toy, seed, **more):
    torch.manual_seed(seed)
    torch.save({"network": Detector(toy).eval(), "settings": {"seed": seed}, "step": seed} | more, path)
    return str(path)


def test_the_mean_lies_between_and_keeps_the_lineage_of_the_last(tmp_path, toy):
    first, second = (checkpoint(tmp_path / f"{seed}.pt", toy, seed) for seed in (1, 2))
    output = tmp_path / "mean.pt"
    average.main(["--checkpoints", first, second, "--shares", "3", "1", "--output", str(output)])
    mean, states = load(output), [load(path)["network"].state_dict() for path in (first, second)]
    assert mean["step"] == 2 and mean["val"] is None
    assert [part["share"] for part in mean["averaged"]] == [3.0, 1.0]
    for name, value in mean["network"].state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, 0.75 * states[0][name] + 0.25 * states[1][name])
    logits, _ = mean["network"](torch.rand(1, 3, 64, 64))
    assert logits.isfinite().all()


def test_shares_are_one_a_checkpoint(tmp_path, toy):
    path = checkpoint(tmp_path / "1.pt", toy, 1)
    with pytest.raises(SystemExit, match="2 checkpoints, but 1 shares"):
        average.main(["--checkpoints", path, path, "--shares", "1", "--output", str(tmp_path / "x.pt")])
