"""Few-shot accuracy: what it counts, and that its heads tell apart what can be told apart."""

import numpy as np
import pytest

from minspnet import fewshot


@pytest.fixture
def embedded():
    """16 classes of 20: each around a direction of its own."""
    rng = np.random.default_rng(2)
    centres = rng.normal(size=(16, 32))
    labels = np.repeat(np.arange(16), 20)
    x = centres[labels] + rng.normal(size=(320, 32)) * 0.5
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), labels


@pytest.mark.parametrize("head", fewshot.HEADS)
def test_every_head_tells_clusters_apart_and_guesses_on_noise(head, embedded):
    x, labels = embedded
    classify = fewshot.HEADS[head]
    assert fewshot.accuracies(x, labels, 5, classify, 4).mean() > 0.95
    noise = np.random.default_rng(0).normal(size=x.shape).astype(np.float32)
    assert 0.1 < fewshot.accuracies(noise, labels, 5, classify, 10).mean() < 0.3


def test_no_picture_is_both_shown_and_asked_about(embedded):
    _, labels = embedded
    for chosen, support, query in fewshot.draws(labels, 10):
        assert support.shape == (5, 10) and query.shape == (5, 10)
        assert not set(support.ravel()) & set(query.ravel())
        assert (labels[support] == chosen[:, None]).all() and (labels[query] == chosen[:, None]).all()


def test_draws_are_the_same_every_time(embedded):
    _, labels = embedded
    one, two = (list(fewshot.draws(labels, 1, 3)) for _ in range(2))
    assert all(np.array_equal(a, b) for x, y in zip(one, two, strict=True) for a, b in zip(x, y, strict=True))


def test_the_nearest_of_k_decides_a_tie():
    support = np.array([[[0.0], [10.0]], [[3.0], [20.0]]])
    assert fewshot.k_nearest(support, np.array([[1.0], [4.0]]), 2).tolist() == [0, 1]
    assert fewshot.k_nearest(support, np.array([[9.0]]), 1).tolist() == [0]
