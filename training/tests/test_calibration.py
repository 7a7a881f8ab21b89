import numpy as np
import pytest

from minspnet.calibration import FEWEST, calibrate, calibration_error, fit, logit, probability
from minspnet.data import CLASSES, COUNT
from minspnet.scoring import Judged


def drawn(generator, number, temperature, bias, count):
    """Detections of a class that are right as often as such a line says: classes, scores, right."""
    scores = generator.uniform(0.05, 0.95, count)
    chance = 1 / (1 + np.exp(-(logit(scores) / temperature + bias)))
    return np.full(count, number), scores, generator.random(count) < chance


def judged(*parts):
    classes, scores, right = (np.concatenate(column) for column in zip(*parts, strict=True))
    nothing = np.zeros(0)
    return Judged(classes, scores, right, nothing, nothing, nothing)


def test_a_line_that_was_drawn_is_found_again():
    _, scores, right = drawn(np.random.default_rng(0), 0, 0.5, -0.7, 20_000)
    slope, bias = fit(scores, right)
    assert 1 / slope == pytest.approx(0.5, abs=0.03) and bias == pytest.approx(-0.7, abs=0.06)


def test_each_class_has_its_own_line_and_a_rare_one_leans_on_the_others():
    generator = np.random.default_rng(1)
    parts = [drawn(generator, number, 0.4, 0.5, 3000) for number in range(COUNT - 2)]
    parts.append(drawn(generator, COUNT - 2, 0.8, -1.0, 3000))
    parts.append((np.full(3, COUNT - 1), np.array([0.3, 0.6, 0.9]), np.array([False, False, False])))
    rows = calibrate(judged(*parts))
    assert rows[CLASSES[0]]["temperature"] == pytest.approx(0.4, abs=0.05)
    assert rows[CLASSES[-2]]["bias"] == pytest.approx(-1.0, abs=0.15)
    assert 0.3 < rows[CLASSES[-1]]["temperature"] < 1.2  # three mistakes do not make it 0 or endless
    for number, name in enumerate(CLASSES[:-1]):
        _, scores, right = parts[number]
        kept = scores >= rows[name]["minScore"]
        assert right[kept].mean() >= 0.9 and right[scores >= rows[name]["minScore"] - 0.05].mean() < 0.91
        error = calibration_error(probability(scores, rows[name]), right)
        assert error < 0.03 < calibration_error(scores, right)


def test_too_few_detections_take_the_score_that_their_line_expects():
    generator = np.random.default_rng(2)
    many = drawn(generator, 0, 0.4, 0.0, 5000)
    few = (np.full(FEWEST - 1, 1), np.linspace(0.1, 0.95, FEWEST - 1), np.ones(FEWEST - 1, bool))
    rows = calibrate(judged(many, few))
    # All of the few are right, which is no proof: the class is told from about where the others are.
    assert abs(rows[CLASSES[1]]["minScore"] - rows[CLASSES[0]]["minScore"]) < 0.2
    assert rows[CLASSES[2]]["minScore"] == 1.0  # nobody ever saw one
