import json

import numpy as np
import pytest

from evaluate import pictures, read_detections, recall_by_side
from minspnet.data import CLASSES, Store
from minspnet.detect import detections, fit, on_picture
from minspnet.scoring import judge, score, together

PERSON, CAR = CLASSES.index("person"), CLASSES.index("car")


def entry(boxes, ignore=(), labelled=CLASSES, file="a.jpg"):
    return {
        "file": file,
        "width": 100,
        "height": 100,
        "boxes": boxes,
        "ignore": list(ignore),
        "labelled": list(labelled),
    }


def result(*rows):
    """rows: (x1, y1, x2, y2, class, score)."""
    rows = np.array(rows, np.float32).reshape(-1, 6)
    return rows[:, :4], rows[:, 4].astype(int), rows[:, 5]


def test_the_right_box_scores_one_and_a_shifted_one_less():
    entries = [entry([[10, 10, 50, 50, CAR]])]
    assert score(entries, [result((10, 10, 50, 50, CAR, 0.9))])["ap"] == pytest.approx(1)
    shifted = score(entries, [result((16, 10, 56, 50, CAR, 0.9))])
    assert shifted["ap50"] == pytest.approx(1) and 0 < shifted["ap"] < 1
    assert score(entries, [result((10, 10, 50, 50, PERSON, 0.9))])["ap"] == 0


def test_an_unlabelled_class_is_not_judged():
    entries = [entry([[10, 10, 50, 50, CAR]], labelled=["car"])]
    found = [result((60, 60, 90, 90, PERSON, 0.99), (10, 10, 50, 50, CAR, 0.5))]
    assert score(entries, found)["perClass"] == {
        "car": {"ap": pytest.approx(1), "ap50": pytest.approx(1), "boxes": 1}
    }


def test_a_detection_on_an_ignored_box_counts_neither_way():
    found = [result((60, 60, 90, 90, CAR, 0.99), (10, 10, 50, 50, CAR, 0.5))]
    assert score([entry([[10, 10, 50, 50, CAR]])], found)["ap50"] == pytest.approx(0.5)
    assert score([entry([[10, 10, 50, 50, CAR]], ignore=[[55, 55, 95, 95]])], found)["ap50"] == pytest.approx(
        1
    )


def test_precision_and_recall_by_hand():
    entries = [entry([[10, 10, 50, 50, CAR], [60, 10, 90, 50, CAR]], ignore=[[0, 60, 100, 100]])]
    found = [
        result(
            (10, 10, 50, 50, CAR, 0.9),  # right
            (12, 10, 50, 50, CAR, 0.8),  # the same car again: wrong
            (10, 70, 30, 90, CAR, 0.8),  # on an ignored box: neither
            (60, 10, 90, 50, CAR, 0.3),  # right, but below .5
        )
    ]
    judged = judge(entries, found, size=(50, 50))
    assert (judged.precision(0.5), judged.recall(0.5)) == (0.5, 0.5)
    assert (judged.precision(0.1), judged.recall(0.1)) == (pytest.approx(2 / 3), 1.0)
    # On an input of half the size the boxes are 20 and 15 pixels across.
    assert judged.recall(0.5, 16, 32) == 1 and judged.recall(0.5, 8, 16) == 0
    assert judged.lowest_score(0.9) == pytest.approx(0.9)
    assert judged.lowest_score(0.6) == pytest.approx(0.3)
    assert judged.lowest_score(0.6, least=3) is None
    assert len(judged.of_class(PERSON).scores) == 0 and len(judged.of_class(CAR).scores) == 3
    twice = together([judged, judged])
    assert twice.precision(0.1) == judged.precision(0.1) and len(twice.found) == 4


def test_recall_is_told_by_the_side_on_the_input():
    entries = [entry([[0, 0, 10, 40, CAR], [50, 50, 90, 90, CAR], [50, 0, 90, 30, PERSON]])]
    found = [result((0, 0, 10, 40, CAR, 0.9), (50, 50, 90, 90, CAR, 0.4), (0, 60, 30, 90, CAR, 0.6))]
    told = recall_by_side(entries, found, (50, 50))
    assert told["score"] == 0.9 and told["all"] == pytest.approx(1 / 3, abs=1e-3)
    assert told["bySide"]["< 8"] == {"boxes": 1, "recall": 1.0}
    assert told["bySide"]["< 32"] == {"boxes": 1, "recall": 0.0}  # 20 pixels on the input
    assert told["bySide"]["< 16"] == {"boxes": 1, "recall": 0.0}
    assert recall_by_side(entries, [result()], (50, 50))["score"] is None


def test_darkened_pictures_are_the_same_every_time(cache):
    store = Store(cache / "toys")
    once, again = (list(pictures(store, [2, 5], dark=True)) for _ in range(2))
    alone = next(pictures(store, [5], dark=True))
    assert all((a == b).all() for a, b in zip(once, again, strict=True)) and (once[1] == alone).all()
    assert (next(pictures(store, [5], dark=False)) == store.image(5)).all()
    assert alone.mean() < store.image(5).mean()


def test_fitting_keeps_the_aspect_and_fills_with_grey():
    canvas, scale = fit(np.zeros((50, 100, 3), np.uint8), 64, 64)
    assert scale == (0.64, 0.64)
    assert (canvas[:32] == 0).all() and (canvas[32:] == 114).all()
    assert on_picture(np.array([[0, 0, 64, 33]], np.float32), scale, 100, 50).tolist() == [[0, 0, 100, 50]]


def test_suppression_is_by_class():
    centres = np.array([[20.0, 20], [21, 20], [80, 80]])
    distances = np.full((4, 3), 10.0)
    logits = np.full((8, 3), -9.0)
    logits[CAR] = [3, 2, 1]
    logits[PERSON, 1] = 2.5
    boxes, classes, scores = detections(logits, distances, centres, (85, 100), min_score=0.1)
    assert classes.tolist() == [CAR, PERSON, CAR]
    assert boxes.tolist() == [[10, 10, 30, 30], [11, 10, 31, 30], [70, 70, 85, 90]]
    assert (np.diff(scores) < 0).all()


def test_the_runtimes_lines_are_read_in_the_sets_order(tmp_path):
    entries = [entry([], file="x/a.jpg"), entry([], file="x/b.jpg")]
    lines = [
        {"file": f"/tmp/val/x/{name}.jpg", "width": 100, "height": 100, "detections": rows}
        for name, rows in (("b", [{"class": "car", "score": 0.5, "box": [1, 2, 3, 4]}]), ("a", []))
    ]
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    first, second = read_detections(path, entries)
    assert len(first[0]) == 0
    assert (
        second[0].tolist() == [[1, 2, 3, 4]] and second[1].tolist() == [CAR] and second[2].tolist() == [0.5]
    )
    path.write_text(json.dumps(lines[0]))
    with pytest.raises(SystemExit, match="1 pictures have no line"):
        read_detections(path, entries)
