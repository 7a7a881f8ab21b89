import json

import numpy as np
import pytest
import torch

from minspnet.batches import Batches, Cells, Collection, Look, repeat_factors
from minspnet.data import CLASSES, COUNT, EVERY, Store, read_manifest, to_picture
from minspnet.teacher import CELLS, GRIDS, Answers, decode, fold

ENTRY = {
    "file": "a.jpg",
    "source": "s",
    "width": 100,
    "height": 50,
    "boxes": [[0, 0, 50, 25, 2]],
    "ignore": [[90, 40, 100, 50]],
}


def test_a_labelled_box_is_sure_and_an_ignored_one_is_for_every_class():
    picture = to_picture(ENTRY | {"labelled": list(CLASSES)})
    assert picture.boxes.tolist() == [[0, 0, 0.5, 0.5]] and picture.weights.tolist() == [1]
    assert np.allclose(picture.ignore, [[0.9, 0.8, 1, 1]]) and picture.ignore_classes.tolist() == [EVERY]


def test_unlabelled_classes_need_a_teacher():
    with pytest.raises(ValueError, match="no teacher"):
        to_picture(ENTRY | {"labelled": ["car"]})


def test_the_teacher_fills_unlabelled_classes_and_its_doubts_are_ignored():
    taught = [
        [10, 10, 20, 20, 0, 0.7],  # unlabelled, sure: a label of weight .7
        [30, 10, 40, 20, 0, 0.3],  # unlabelled, doubtful: ignored for persons
        [1, 1, 50, 25, 2, 0.9],  # labelled and there: nothing new
        [60, 10, 80, 20, 2, 0.6],  # labelled but nobody marked it: probably missed, ignored for cars
    ]
    picture = to_picture(ENTRY | {"labelled": ["car"]}, taught)
    assert picture.classes.tolist() == [2, 0]
    assert np.allclose(picture.weights, [1, 0.7])
    assert sorted(picture.ignore_classes.tolist()) == [EVERY, 0, 2]


def test_a_manifest_whose_rows_carry_scores_is_all_teacher():
    picture = to_picture(ENTRY | {"boxes": [[0, 0, 50, 25, 2, 0.8], [0, 0, 9, 9, 1, 0.25]]})
    assert picture.classes.tolist() == [2] and picture.ignore_classes.tolist() == [EVERY, 1]


def test_other_classes_are_refused(tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"classes": ["cow"], "images": []}))
    with pytest.raises(ValueError, match="cow"):
        read_manifest(path)


def test_a_store_gives_back_the_pictures(cache):
    store = Store(cache / "toys")
    assert len(store) == 12
    entry, image = store.entries[3], store.image(3)
    assert image.shape == (entry["height"], entry["width"], 3)
    x1, y1, x2, y2, number = entry["boxes"][-1]
    assert image[(y1 + y2) // 2, (x1 + x2) // 2].tolist() == [
        255 if number >> b & 1 else 120 for b in range(3)
    ]


def test_held_out_pictures_are_the_others(cache):
    taken = Collection([cache / "toys"], held_out_every=4)
    apart = Collection([cache / "toys"], held_out_every=4, held_out=True)
    assert len(taken) == 9 and len(apart) == 3
    assert not set(taken.places) & set(apart.places)
    with pytest.raises(ValueError, match="no picture"):
        Collection([cache / "toys"], held_out_sources=("toys",))


def test_rare_classes_are_drawn_more_often():
    common = to_picture(ENTRY | {"boxes": [[0, 0, 9, 9, 0]]})
    rare = to_picture(ENTRY | {"boxes": [[0, 0, 9, 9, 5]]})
    nothing = to_picture(ENTRY | {"boxes": []})
    factors = repeat_factors([common] * 98 + [rare, nothing])
    assert factors[0] == 1 and factors[98] > 4 and factors[99] < 1


def batches(cache, **how):
    look = Look(**({"width": 96, "height": 64, "mosaic": 0.5, "scale": (0.3, 0.8)} | how))
    return Batches(Collection([cache / "toys"]), 4, 7, lambda step, rng: look)


def test_a_steps_batch_is_always_the_same(cache):
    first, again, next_one = batches(cache)[3], batches(cache)[3], batches(cache)[4]
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["pixels"], next_one["pixels"])


def test_the_parts_of_a_batch_are_the_batch(cache):
    whole = batches(cache)[2]
    collection = Collection([cache / "toys"])
    look = Look(96, 64, 0.5, (0.3, 0.8))
    parts = [Batches(collection, 4, 7, lambda step, rng: look, part, 2)[2] for part in range(2)]
    assert torch.equal(whole["pixels"][0::2], parts[0]["pixels"])
    assert torch.equal(whole["pixels"][1::2], parts[1]["pixels"])


def test_batch_boxes_lie_on_their_colours(cache):
    batch = batches(cache, mosaic=0.0)[0]
    seen = 0
    for pixels, boxes, classes in zip(batch["pixels"], batch["boxes"], batch["classes"], strict=True):
        for box in boxes[classes >= 0]:
            x, y = ((box[:2] + box[2:]) / 2).int().tolist()
            ring = pixels[y, x].int().sum()
            seen += bool(ring > 3 * 70)  # brighter than the noise, whatever the recolouring did
    assert seen >= 0.6 * int((batch["classes"] >= 0).sum())


def test_the_teachers_cells_are_found_through_the_placement(cache):
    store = Store(cache / "toys")
    answers = Answers(store.folder, len(store), "w+")
    # Each cell's "box" is a point at its own centre, so a right look-up lands near the asking cell.
    own = [(np.mgrid[:g, :g].transpose(1, 2, 0).reshape(-1, 2)[:, ::-1] + 0.5) / g for g in GRIDS]
    points = np.concatenate(own)
    answers.boxes[:] = np.concatenate([points, points], 1)[None]
    answers.scores[:] = 200
    (store.folder / "teacher-boxes.json").write_text(json.dumps([[] for _ in range(len(store))]))
    try:
        batch = batches(cache)[1]
    finally:
        (store.folder / "teacher-boxes.json").unlink()
    centres = torch.from_numpy(Cells(96, 64).centres)
    shown = batch["teacher_scores"].amax(2) > 0
    offset = (batch["teacher_boxes"][..., :2] - centres).abs().amax(2)
    assert shown.any()
    # Half a cell of the teacher's coarsest grid on the largest placement here: 0.8 * 224 / 7 / 2.
    assert offset[shown].max() <= 14


def test_decoding_the_teacher():
    logits = np.full((112, 2, 2), -8.0, np.float32)
    logits[16, 0, 1] = 3  # COCO's dog
    logits[80 + 3] = 10  # left: bin 3
    scores, boxes = decode(logits, 64)
    assert scores.argmax(-1)[0, 1] == CLASSES.index("dog") and scores[0, 1].max() > 0.9
    assert np.isclose(boxes[0, 1, 0], (1.5 - 3) * 64 / 416, atol=1e-3)
    logits[17, 0, 1] = 4  # a horse: then the dog is only its shadow
    assert decode(logits, 64)[0][0, 1].max() == 0


def test_folding_keeps_the_best_answer():
    fine = np.zeros((4, 4, COUNT), np.float32), np.zeros((4, 4, 4), np.float32)
    coarse = np.full((2, 2, COUNT), 0.1, np.float32), np.ones((2, 2, 4), np.float32)
    fine[0][1, 2, 5] = 0.9
    fine[1][1, 2] = 7
    scores, boxes = fold(fine, coarse)
    assert np.isclose(scores[0, 1, 5], 0.9) and np.isclose(scores[0, 1, 0], 0.1)
    assert boxes[0, 1].tolist() == [7] * 4 and boxes[1, 1].tolist() == [1] * 4


def test_a_picture_has_as_many_teacher_cells_as_stated():
    assert sum(g * g for g in GRIDS) == CELLS
