"""The segmenter's loss, its labels in a picture, and its score."""

import numpy as np
import pytest
import torch

from minspnet.masks import NAMES, UNCLEAR
from minspnet.segmentation import Confusion, labels_of, segmentation_loss


def logits_saying(labels, sure=20.0):
    return torch.nn.functional.one_hot(labels.long(), len(NAMES)).permute(0, 3, 1, 2) * sure


@pytest.fixture
def labels():
    labels = torch.zeros(1, 8, 8, dtype=torch.uint8)
    labels[0, 2:6, 2:6] = 5
    return labels


KNOWN = torch.zeros(1, len(NAMES), dtype=torch.bool)


def test_the_right_answer_costs_nothing_and_a_wrong_one_much(labels):
    assert segmentation_loss(logits_saying(labels), labels, KNOWN) < 0.02
    assert segmentation_loss(logits_saying(labels * 0), labels, KNOWN) > 1


def test_what_is_unclear_costs_nothing_whatever_is_said(labels):
    said = logits_saying(labels)
    unclear = labels.clone()
    unclear[0, 0] = UNCLEAR
    said[0, :, 0] = logits_saying(torch.full((1, 1, 8), 3))[0, :, 0]
    assert segmentation_loss(said, unclear, KNOWN) < 0.02
    assert segmentation_loss(said, labels, KNOWN) > 1


def test_an_unlabelled_class_may_be_said_in_the_background_but_not_on_another(labels):
    unknown = KNOWN.clone()
    unknown[0, 6] = True
    truck = torch.where(labels == 0, 6, labels)
    assert segmentation_loss(logits_saying(truck), labels, unknown) < 0.02
    assert segmentation_loss(logits_saying(truck), labels, KNOWN) > 1
    assert segmentation_loss(logits_saying(torch.full_like(labels, 6)), labels, unknown) > 1


def test_a_rare_class_weighs_more_than_its_pixels(labels):
    """One missed object in a corner: the overlap's loss sees all of it."""
    rare = torch.zeros(1, 64, 64, dtype=torch.uint8)
    rare[0, :2, :2] = 5
    missed = logits_saying(rare * 0, 4.0)
    alone = segmentation_loss(missed, rare, KNOWN, overlap=0.0)
    assert segmentation_loss(missed, rare, KNOWN) - alone > 0.4


def test_labels_come_in_the_pictures_own_size_and_place():
    logits = np.zeros((len(NAMES), 8, 8), np.float32)
    logits[0] = 1
    logits[3, :, 4:] = 9  # the right half of a 64 px input, whose picture covers 64x32
    labels = labels_of(logits, (64, 32), (200, 100))
    assert labels.shape == (100, 200) and labels.dtype == np.uint8
    assert (labels[:, :85] == 0).all() and (labels[:, 115:] == 3).all()


def test_iou_is_of_pixels_over_all_pictures():
    confusion = Confusion()
    true = np.zeros((4, 4), np.uint8)
    true[:2] = 1
    said = true.copy()
    said[1] = 0
    confusion.add(true, said, KNOWN[0].numpy())
    confusion.add(true, true, KNOWN[0].numpy())
    iou = confusion.iou()
    assert set(iou) == {"background", "person"}
    assert iou["person"] == pytest.approx(12 / 16) and iou["background"] == pytest.approx(16 / 20)


def test_neither_the_unclear_nor_the_unlabelled_counts():
    confusion, unknown = Confusion(), KNOWN[0].numpy().copy()
    unknown[6] = True
    true, said = np.zeros((2, 4), np.uint8), np.zeros((2, 4), np.uint8)
    true[0] = UNCLEAR
    said[0], said[1, 0] = 2, 6
    confusion.add(true, said, unknown)
    assert confusion.iou() == {"background": 1.0}
    confusion.add(true, said, ~unknown & False)
    assert confusion.iou()["background"] == pytest.approx(6 / 7)  # 3 + 3 right, 1 said to be a truck
