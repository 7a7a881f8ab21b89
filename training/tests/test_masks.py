"""Label maps of outlines, at any scale, and what boxes alone say."""

import gzip
import json

import numpy as np
import pytest
import torch

from minspnet.batches import Look
from minspnet.data import CLASSES
from minspnet.masks import UNCLEAR, MaskedCollection, draw_batch, from_boxes, to_masked


def row(polygons, ignore=(), labelled=CLASSES):
    return {"polygons": polygons, "ignore": ignore, "labelled": list(labelled)}


SQUARE = [0.25, 0.25, 0.75, 0.25, 0.75, 0.75, 0.25, 0.75]


def test_a_square_covers_its_pixels_and_no_more():
    labels = to_masked(row([["dog", SQUARE]]), 16, 8).label_map()
    wanted = np.zeros((8, 16), np.uint8)
    wanted[2:6, 4:12] = 8
    assert (labels != wanted).sum() <= 13  # fillPoly fills what the outline touches, on two sides here
    assert (labels[2:6, 4:12] == 8).all()


def test_later_shapes_lie_over_earlier_ones_and_over_what_is_unclear():
    small = [0.4, 0.4, 0.6, 0.4, 0.6, 0.6, 0.4, 0.6]
    whole = [0, 0, 1, 0, 1, 1, 0, 1]
    labels = to_masked(row([["car", SQUARE], ["person", small]], [whole]), 40, 40).label_map()
    assert labels[2, 2] == UNCLEAR and labels[12, 12] == 3 and labels[20, 20] == 1


def test_mirrored_and_scaled_it_lies_where_the_picture_does():
    left = [0.0, 0.0, 0.25, 0.0, 0.25, 1.0, 0.0, 1.0]
    masked = to_masked(row([["bus", left]]), 100, 50)
    labels = masked.draw(8, 4, 40, 20, np.zeros((32, 64), np.uint8), flip=True)
    rows, columns = np.nonzero(labels)
    assert 37 <= columns.min() <= 39 and 47 <= columns.max() <= 48  # the last quarter of 8 .. 48
    assert rows.min() in (3, 4) and rows.max() in (23, 24)


def test_classes_that_nobody_labelled_are_unknown():
    unknown = to_masked(row([], labelled=[c for c in CLASSES if c != "truck"]), 8, 8).unknown
    assert unknown.tolist() == [False] * 6 + [True] + [False] * 2


def entry(boxes, **more):
    return {"width": 100, "height": 100, "boxes": boxes, "ignore": [], "labelled": list(CLASSES), **more}


def test_a_box_says_surely_inside_surely_outside_and_unclear_between():
    labels = from_boxes(entry([[20, 20, 80, 80, 5], [0, 0, 10, 10, 0]])).label_map()
    assert labels[50, 50] == 6  # truck
    assert labels[22, 22] == UNCLEAR  # a corner of its box
    assert labels[90, 90] == 0 and labels[5, 5] == UNCLEAR  # outside; a person, who fills no box


@pytest.mark.parametrize("boxes", [[[20, 20, 80, 80, 2]], [[20, 20, 30, 80, 4]], []])
def test_boxes_of_cars_alone_or_small_ones_teach_nothing(boxes):
    assert from_boxes(entry(boxes)) is None


@pytest.fixture
def collection(cache, tmp_path):
    entries = json.loads((cache / "toys" / "index.json").read_text())
    images = []
    for e in entries:
        polygons = []
        for x1, y1, x2, y2, number in e["boxes"]:
            w, h = e["width"], e["height"]
            polygons.append(
                [CLASSES[number], [x1 / w, y1 / h, x2 / w, y1 / h, x2 / w, y2 / h, x1 / w, y2 / h]]
            )
        images.append(row(polygons) | {"file": e["file"], "split": "train"})
    path = tmp_path / "masks.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"images": images}).encode()))
    return MaskedCollection(path, [cache / "toys"], "train")


@pytest.mark.parametrize("mosaic", [0.0, 1.0])
def test_labels_lie_on_what_they_name(collection, mosaic):
    """The rectangles of the made-up pictures are bright, the rest is dark."""
    batch = draw_batch(1, 0, 8, collection, Look(128, 96, mosaic, (0.4, 0.8)), 1)
    pixels, labels = batch["pixels"].float().amax(-1), batch["labels"]
    assert batch["pixels"].shape == (8, 96, 128, 3) and labels.shape == (8, 96, 128)
    shown = [
        (p[label > 0].mean() - p[(label == 0) & (p != 114)].mean())
        for p, label in zip(pixels, labels, strict=True)
        if (label > 0).any()
    ]
    assert len(shown) >= 6 and np.mean(shown) > 40


def test_coarse_labels_are_as_large_as_fine_ones(collection):
    """Drawn coarsely, every object would be half a coarse pixel too large on each side."""
    fine, coarse = (
        draw_batch(1, 0, 16, collection, Look(128, 128, 0.0, (0.5, 0.7)), stride)["labels"] > 0
        for stride in (1, 8)
    )
    assert coarse.float().mean() == pytest.approx(float(fine.float().mean()), rel=0.06)


def test_a_batch_depends_on_seed_and_step_alone(collection):
    look = Look(64, 64, 0.5, (0.4, 1.0), 0.3)
    one, two, other = (draw_batch(1, step, 4, collection, look, 4) for step in (3, 3, 4))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["pixels"], other["pixels"])
    assert one["labels"].shape == (4, 16, 16)
