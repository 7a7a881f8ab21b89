"""What a score means: the probability that a detection is right, per class, fitted on pictures held out.

Platt's logistic regression on the score's logit (Platt 1999; temperature scaling, arXiv 1706.04599, with a
bias): p = sigmoid(logit(score) / temperature + bias).
"""

import numpy as np

from .data import CLASSES

PRECISION = 0.9  # of the detections from minScore on
FEWEST = 20  # right detections that a class's own minScore is counted on
PRIOR = 8.0  # how strongly a class's line is held to that of all classes, in curvature of the log loss


def logit(scores):
    scores = np.clip(np.asarray(scores, float), 1e-6, 1 - 1e-6)
    return np.log(scores / (1 - scores))


def fit(scores, right, start=(1.0, 0.0), strength=1.0, rounds=50):
    """Slope and bias by Newton's method: least log loss of `right`, held to `start` by a quadratic prior."""
    x = np.stack([logit(scores), np.ones(len(scores))], 1)
    right, start = np.asarray(right, float), np.asarray(start, float)
    line = start.copy()
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-x @ line))
        gradient = x.T @ (p - right) + strength * (line - start)
        curvature = (x * (p * (1 - p))[:, None]).T @ x + strength * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        line -= step
        if np.abs(step).max() < 1e-9:
            break
    return line


def calibrate(judged):
    """Judged detections -> {class: {"temperature", "bias", "minScore"}}, as a model's card has it.

    minScore is the lowest score from which on PRECISION of the class's detections are right, counted; where
    fewer than FEWEST right ones are ever that pure, the lowest from which on their probabilities average
    PRECISION, which leans on the other classes; and 1, so that nothing is told, where even they do not.
    """
    overall = fit(judged.scores, judged.right)
    rows = {}
    for number, name in enumerate(CLASSES):
        mine = judged.of_class(number)
        slope, bias = fit(mine.scores, mine.right, overall, PRIOR)
        row = {"temperature": round(1 / max(slope, 1e-3), 4), "bias": round(float(bias), 4)}
        counted = mine.lowest_score(PRECISION, FEWEST)
        rows[name] = row | {"minScore": round(counted or expected_score(mine.scores, row), 4)}
    return rows


def expected_score(scores, row):
    """The lowest score from which on the calibrated probabilities average PRECISION, or 1."""
    best_first = np.sort(scores)[::-1]
    means = np.cumsum(probability(best_first, row)) / np.arange(1, len(scores) + 1)
    enough = np.flatnonzero(means >= PRECISION)
    return float(best_first[enough[-1]]) if len(enough) else 1.0


def probability(scores, row):
    """The calibrated probability of detections of a class."""
    return 1 / (1 + np.exp(-(logit(scores) / row["temperature"] + row["bias"])))


def calibration_error(probabilities, right, bins=10):
    """Expected calibration error: |mean probability - part right| over equal bins, by their counts."""
    edges = np.minimum((np.asarray(probabilities) * bins).astype(int), bins - 1)
    gaps = [
        abs(probabilities[edges == edge].mean() - right[edges == edge].mean()) * (edges == edge).sum()
        for edge in np.unique(edges)
    ]
    return float(sum(gaps) / max(1, len(edges)))
