import copy

import pytest
import torch

from minspnet.blocks import SpatialAttention, fuse
from minspnet.heads import cell_centres, to_boxes
from minspnet.network import (
    VARIANTS,
    Classifier,
    Detector,
    Embedding,
    Fusion,
    Segmenter,
    take_body,
    to_images,
)
from minspnet.summary import count_macs, count_parameters


def cells(width, height):
    return sum((width // stride) * (height // stride) for stride in (8, 16, 32))


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize(("width", "height"), [(96, 160), (32, 32), (320, 192)])
def test_outputs_have_a_value_for_every_cell(name, width, height):
    network = Detector(VARIANTS[name]).eval()
    logits, distances = network(torch.rand(2, 3, height, width))
    assert logits.shape == (2, 8, cells(width, height))
    assert distances.shape == (2, 4, cells(width, height))
    assert (distances >= 0).all()


@pytest.mark.parametrize("name", VARIANTS)
def test_every_parameter_gets_a_gradient(name):
    network = Detector(VARIANTS[name]).train()
    logits, distances = network(torch.rand(2, 3, 96, 64))
    (logits.sigmoid().sum() + distances.sum()).backward()
    without = [key for key, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@pytest.mark.parametrize("name", VARIANTS)
def test_fused_says_the_same(name):
    network = Detector(VARIANTS[name]).train()
    for _ in range(5):  # so that the norms have statistics worth folding
        network(torch.rand(4, 3, 64, 64) * torch.rand(1))
    network.eval()
    images = torch.rand(2, 3, 96, 64)
    folded = fuse(copy.deepcopy(network))
    for ours, theirs in zip(network(images), folded(images), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4)
    assert count_parameters(folded) < count_parameters(network)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded.modules())


def test_a_gray_byte_becomes_its_part_of_one():
    assert torch.equal(to_images(torch.full((1, 2, 2, 3), 255, dtype=torch.uint8)), torch.ones(1, 3, 2, 2))


def test_spatial_attention_scales_places_not_channels():
    x = torch.rand(1, 6, 5, 7) + 0.1
    factor = SpatialAttention()(x) / x
    assert torch.allclose(factor, factor[:, :1].expand_as(factor), atol=1e-5)


def test_fusion_takes_attention_as_an_option():
    maps = [torch.rand(1, 8, 8, 8), torch.rand(1, 16, 4, 4), torch.rand(1, 24, 2, 2)]
    fused = Fusion([8, 16, 24], 12, attention=True)(maps)
    assert [tuple(x.shape) for x in fused] == [(1, 12, 8, 8), (1, 12, 4, 4), (1, 12, 2, 2)]


def test_other_networks_on_the_same_body(toy):
    images = torch.rand(2, 3, 64, 96)
    logits, embedding = Classifier(toy, 5)(images)
    assert logits.shape == (2, 5)
    assert torch.allclose(embedding.norm(dim=1), torch.ones(2))
    assert Segmenter(toy)(images).shape == (2, 9, 8, 12)


def test_a_fitted_embedding_tells_classes_apart_where_a_plain_one_is_led_astray(toy):
    """Classes differ a little in one direction, pictures of a class much in another."""
    torch.manual_seed(0)
    labels = torch.arange(4).repeat_interleave(200)
    joined = torch.randn(800, 6) * torch.tensor([0.02, 0.02, 0.5, 0.02, 0.02, 0.02]) + 0.3
    joined[:, 0] += labels * 0.1

    def nearest(embedded):
        means = torch.stack([embedded[labels == number].mean(0) for number in range(4)])
        return (torch.cdist(embedded, means).argmin(1) == labels).float().mean()

    embedding = Embedding(6)
    plain = nearest(torch.nn.functional.normalize(joined))
    embedding.fit(joined, labels, ridge=0.01)
    fitted = (joined - embedding.centre) @ embedding.matrix
    assert nearest(torch.nn.functional.normalize(fitted)) > plain + 0.2
    assert torch.allclose(embedding([torch.rand(3, 6)]).norm(dim=1), torch.ones(3))


def test_a_segmenter_takes_a_detectors_body(toy):
    detector, segmenter = Detector(toy).eval(), Segmenter(toy).eval()
    take_body(segmenter, detector)
    images = torch.rand(1, 3, 64, 96)
    said = segmenter.objects(segmenter.fusion(segmenter.backbone(images)))
    assert torch.equal(torch.cat([x.flatten(2) for x in said], 2), detector(images)[0])


def test_cells_are_listed_fine_to_coarse_and_row_by_row():
    centres, strides = cell_centres(32, 64)
    assert len(centres) == cells(64, 32)
    assert centres[0].tolist() == [4, 4] and centres[1].tolist() == [12, 4] and centres[8].tolist() == [4, 12]
    assert centres[32].tolist() == [8, 8] and centres[-1].tolist() == [48, 16]
    assert strides.tolist() == [8.0] * 32 + [16.0] * 8 + [32.0] * 2


def test_distances_reach_from_the_centre():
    boxes = to_boxes(torch.tensor([[[1.0], [2.0], [3.0], [4.0]]]), torch.tensor([[10.0, 20.0]]))
    assert boxes.tolist() == [[[9, 18, 13, 24]]]


def test_macs_of_a_known_convolution():
    assert count_macs(torch.nn.Conv2d(3, 10, 3, padding=1), 8, 4) == 8 * 4 * 10 * 27
