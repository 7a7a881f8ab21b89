"""A checkpoint made of a shipped file says what the file says, and trains from there."""

import pytest
import torch

from minspnet.blocks import ConvNorm
from minspnet.checkpoints import fused
from minspnet.graph import to_onnx, with_pixels
from minspnet.network import Classifier, Detector, Segmenter
from minspnet.pruning import prune, weigh
from minspnet.summary import count_macs
from restore import network_of, outputs_of, with_statistics, with_weights


@pytest.fixture
def network(toy):
    """A network whose norms have seen something."""
    torch.manual_seed(3)
    network = Detector(toy).train()
    for _ in range(20):
        network(torch.rand(4, 3, 64, 64) * 3)
    return network.eval()


def test_a_restored_network_says_what_its_file_says(network, toy):
    file = with_pixels(to_onnx(fused(network)))
    torch.manual_seed(4)
    restored = with_statistics(
        with_weights(Detector(toy), file), (torch.rand(4, 3, 64, 64) * 3 for _ in range(20))
    )
    images = torch.rand(2, 3, 96, 64) * 3
    with torch.no_grad():
        for ours, theirs in zip(restored(images), network(images), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("make", [lambda toy: Classifier(toy, 5), Segmenter])
def test_a_file_tells_what_kind_of_network_it_is(make, toy):
    torch.manual_seed(3)
    network = make(toy).train()
    for _ in range(20):
        network(torch.rand(4, 3, 64, 64) * 3)
    file = with_pixels(to_onnx(fused(network.eval())))
    torch.manual_seed(4)
    batches = (torch.rand(4, 3, 64, 64) * 3 for _ in range(20))
    restored = with_statistics(with_weights(network_of(file, toy), file), batches)
    assert type(restored) is type(network)
    images = torch.rand(2, 3, 64, 64) * 3
    with torch.no_grad():
        for ours, theirs in zip(outputs_of(restored, images), outputs_of(network, images), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_its_norms_know_what_they_see(network, toy):
    file = with_pixels(to_onnx(fused(network)))
    torch.manual_seed(4)
    batches = [torch.rand(4, 3, 64, 64) * 3 for _ in range(20)]
    restored = with_statistics(with_weights(Detector(toy), file), batches)
    seen = {}
    for norm in (part.norm for part in restored.modules() if isinstance(part, ConvNorm)):
        norm.register_forward_pre_hook(lambda norm, inputs: seen.setdefault(norm, inputs[0]))
    with torch.no_grad():
        restored(torch.cat(batches))
    for norm, x in seen.items():
        torch.testing.assert_close(norm.running_mean, x.mean((0, 2, 3)), rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(norm.running_var, x.var((0, 2, 3), unbiased=False), rtol=1e-2, atol=1e-3)


def test_a_pruned_network_is_restored_from_the_variant_that_it_was(network, toy):
    weigh(network, [lambda: sum(map(torch.sum, network(torch.rand(2, 3, 64, 64))))])
    whole = count_macs(network, 64, 64)
    prune(network, 0.2)
    network.zero_grad()
    restored = with_weights(Detector(toy), with_pixels(to_onnx(fused(network)))).eval()
    assert count_macs(restored, 64, 64) == count_macs(network, 64, 64) < whole
    images = torch.rand(2, 3, 96, 64) * 3
    with torch.no_grad():
        for ours, theirs in zip(restored(images), network(images), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_a_file_of_another_network_fits_no_variant(network, toy):
    file = with_pixels(to_onnx(fused(network)))
    file.graph.initializer[0].name = "backbone.elsewhere.conv.weight"
    with pytest.raises(SystemExit, match="elsewhere"):
        with_weights(Detector(toy), file)
