"""Training inputs of the classifier: where a picture lies on them, what is mixed, what is cut out."""

import gzip
import io
import json
import tarfile

import cv2
import numpy as np
import pytest
import torch

from minspnet.data import CLASSES
from minspnet.labelled import Labelled, cut, draw, mini_imagenet, object_crops, place_part
from train_classifier import Batches, Settings, mix


def test_a_placed_part_fills_the_input_or_leaves_grey_at_the_right_or_below():
    rng = np.random.default_rng(0)
    framed = 0
    for _ in range(300):
        placed = place_part(rng, 60, 84, 64)
        x1, y1, x2, y2 = placed.visible()
        assert (x1, y1) == (0, 0) and max(x2, y2) == 64 and min(x2, y2) >= 16
        framed += min(x2, y2) < 64
    assert 60 < framed < 200


def test_an_input_shows_the_picture_and_grey():
    rng = np.random.default_rng(1)
    red = np.full((50, 90, 3), (250, 5, 5), np.uint8)
    for _ in range(20):
        pixels = draw(rng, red, 64)
        assert pixels.shape == (64, 64, 3) and pixels.dtype == np.uint8
    placed = place_part(np.random.default_rng(3), 90, 45, 64, letterbox=1.0)
    assert placed.visible()[2:] != (64, 64)


def test_a_crop_has_a_margin_and_ends_at_the_picture():
    image = np.arange(100 * 100 * 3, dtype=np.uint8).reshape(100, 100, 3)
    assert cut(image, (40, 40, 90, 60)).shape == (24, 58, 3)
    assert cut(image, (0, 0, 100, 100)).shape == (100, 100, 3)
    assert max(cut(np.zeros((400, 300, 3), np.uint8), (0, 0, 300, 400)).shape) == 112


class OneStore:
    def __init__(self, entries):
        self.entries = entries

    def image(self, index):
        return np.full((100, 100, 3), index, np.uint8)


def test_objects_are_cut_out_by_class_and_no_more_than_asked():
    boxes = [[10, 10, 60, 60, 0], [0, 0, 20, 20, 1], [10, 10, 50, 50, 2, 0.9]]
    entries = [{"boxes": boxes, "source": "one" if i else "held"} for i in range(4)]
    crops = object_crops(OneStore(entries), most=2, held_out_sources=("held",))
    assert crops.labels.tolist() == [0, 0]  # a small one, and one that only a teacher saw, are none
    assert crops.sources == {"one": 2} and crops.names == CLASSES


def test_a_mixed_batch_says_how_much_of_whom():
    images = torch.stack([torch.full((3, 8, 8), float(i)) for i in range(4)])
    targets = torch.eye(4)
    changed = 0
    for seed in range(40):
        seen, wanted = mix(np.random.default_rng(seed), images, targets, 0.5)
        assert torch.allclose(wanted.sum(1), torch.ones(4))
        # A picture's mean is that of the two numbers it is made of.
        assert torch.allclose(seen.mean((1, 2, 3)), wanted @ torch.arange(4.0), atol=1e-5)
        changed += not torch.equal(wanted, targets)
    assert 8 < changed < 32


def test_an_epoch_shows_every_picture_once():
    labelled = Labelled(
        [np.full((8, 8, 3), i, np.uint8) for i in range(10)], np.arange(10), tuple("abcdefghij"), {}
    )
    batches = Batches(Settings(folder="", steps=9, batch=4, side=32), labelled)
    for first in (0, 10):
        assert sorted(batches._number(first + i) for i in range(10)) == list(range(10))
    images, targets = batches(2)
    assert images.shape == (4, 3, 32, 32) and targets.shape == (4, 10)
    assert torch.equal(images, batches(2)[0])


@pytest.fixture
def index(tmp_path):
    """Two base classes and one for validation, one picture each and part."""
    classes = {"n1": ("bird", "base"), "n2": ("fish", "base"), "n3": ("nail", "validation")}
    images = []
    with tarfile.open(tmp_path / "images-00.tar", "w") as tar:
        for number, (wnid, (_, split)) in enumerate(classes.items()):
            for part in ("train", "val") if split == "base" else ("support-query",):
                data = cv2.imencode(".png", np.full((84, 84, 3), 20 * number, np.uint8))[1].tobytes()
                info = tarfile.TarInfo(f"{wnid}/{part}.png")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
                images.append({"file": info.name, "class": wnid, "part": part})
    document = {"classes": {w: {"name": n, "split": s} for w, (n, s) in classes.items()}, "images": images}
    path = tmp_path / "index.json.gz"
    path.write_bytes(gzip.compress(json.dumps(document).encode()))
    return path


def test_a_split_is_read_alone_and_the_second_time_from_the_cache(index, tmp_path):
    for _ in range(2):
        base = mini_imagenet(index, "base", "train", tmp_path)
        assert base.names == ("bird", "fish") and base.labels.tolist() == [0, 1]
        assert base.pictures.shape == (2, 84, 84, 3) and base.pictures[1].mean() == 20
    (index.parent / "images-00.tar").unlink()
    assert len(mini_imagenet(index, "base", "train", tmp_path)) == 2


def test_a_validation_class_is_no_training_class(index):
    trained = mini_imagenet(index, "base", "train").names
    assert not set(trained) & set(mini_imagenet(index, "validation", "support-query").names)
