import json

import numpy as np
import pytest
import torch

from minspnet.augment import Placement
from minspnet.batches import Batches, Canvas, Collection, Look, repeat_factors
from minspnet.data import CLASSES, EVERY, Store, kept_apart, pack, read_manifest, to_picture
from minspnet.heads import cell_centres

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


def taught(labelled, rows, **more):
    """The picture of ENTRY with the teacher's rows [x1, y1, x2, y2, class, score]."""
    return to_picture(ENTRY | {"labelled": labelled, "teacher": rows} | more)


def test_the_teacher_fills_unlabelled_classes_and_its_doubts_are_ignored():
    rows = [
        [1, 1, 50, 25, 2, 0.9],  # labelled and there: nothing new
        [10, 10, 20, 20, 0, 0.7],  # unlabelled, sure: a label of weight .7
        [60, 10, 80, 20, 2, 0.6],  # labelled but nobody marked it: probably missed, ignored for cars
        [30, 10, 40, 20, 0, 0.07],  # unlabelled, doubtful: ignored for persons
        [60, 30, 80, 40, 2, 0.3],  # labelled and nobody marked it: people are right
    ]
    picture = taught(["car"], rows)
    assert picture.classes.tolist() == [2, 0]
    assert np.allclose(picture.weights, [1, 0.7])
    assert sorted(picture.ignore_classes.tolist()) == [EVERY, 0, 2]


def test_one_thing_has_one_label():
    bus = ENTRY | {"boxes": [[0, 0, 50, 25, 4]]}
    rows = [
        [60, 0, 90, 20, 2, 0.8],  # a car ...
        [61, 0, 90, 20, 5, 0.6],  # ... that might be a truck: a doubt
        [1, 0, 50, 25, 5, 0.5],  # people say that this is a bus
        [62, 1, 88, 19, 0, 0.5],  # a person before the car is something else
    ]
    picture = to_picture(bus | {"labelled": ["bus"], "teacher": rows})
    assert picture.classes.tolist() == [4, 2, 0]
    assert picture.ignore_classes.tolist() == [EVERY, 5]


def test_an_older_teacher_is_a_doubt_where_the_newer_does_not_say_the_same():
    older = [[0, 0, 50, 25, 2, 0.8], [60, 20, 70, 40, 0, 0.9]]
    picture = to_picture(ENTRY | {"boxes": older, "teacher": [[1, 0, 50, 25, 2, 0.5]]})
    assert picture.classes.tolist() == [2] and picture.weights.tolist() == [0.5]
    assert picture.ignore_classes.tolist() == [EVERY, 0]


def test_wild_animals_are_no_pets():
    rows = [[10, 10, 40, 40, 7, 0.9], [60, 10, 90, 40, 6, 0.6]]
    assert len(taught([], rows, source="kangaroos").boxes) == 1  # the entry's own car
    some = taught([], rows, source="bsds500")
    assert some.classes.tolist() == [2, 7] and 6 in some.ignore_classes


def test_where_it_is_dark_the_teachers_silence_says_nothing():
    dark = taught(["car", "bus"], [], light=12.0)
    unknown = sorted(set(dark.ignore_classes.tolist()) - {EVERY})
    assert unknown == [0, 1, 3, 5, 6, 7]
    assert dark.ignore[dark.ignore_classes == 0].tolist() == [[0, 0, 1, 1]]
    assert set(taught(["car", "bus"], [], light=90.0).ignore_classes.tolist()) == {EVERY}


def test_some_pictures_that_show_nothing_are_kept_apart():
    nothing = ENTRY | {"boxes": [], "ignore": [], "teacher": []}
    assert kept_apart(nothing, 12, (), 60) and not kept_apart(nothing, 13, (), 60)
    assert not kept_apart(nothing, 12, (), 0)
    assert not kept_apart(nothing | {"teacher": [[0, 0, 9, 9, 0, 0.06]]}, 12, (), 60)
    assert not kept_apart(nothing | {"labelled": list(CLASSES)}, 12, (), 60)
    assert kept_apart(nothing | {"labelled": ["car"]}, 120, (), 60)
    assert kept_apart(ENTRY, 7, ("s",), 0)


def test_other_classes_are_refused(tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"classes": ["cow"], "images": []}))
    with pytest.raises(ValueError, match="cow"):
        read_manifest(path)


def test_negatives_are_the_validation_pictures_of_other_things(tmp_path):
    index = {
        "classes": {"n1": {"name": "beer bottle"}, "n2": {"name": "Saluki"}},
        "images": [
            {"file": f"{wnid}/{part}.avif", "class": wnid, "part": part}
            for wnid in ("n1", "n2")
            for part in ("train", "val")
        ],
    }
    path = tmp_path / "index.json"
    path.write_text(json.dumps(index))
    (entry,) = read_manifest(path)
    assert entry["file"] == "n1/val.avif" and entry["boxes"] == []


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


def test_what_is_ignored_is_so_in_every_cell_that_it_meets():
    centres, strides = (part.numpy() for part in cell_centres(64, 64))
    canvas = Canvas((centres, strides), 64, 64)
    picture = taught([], [[30, 30, 34, 34, 0, 0.2]], boxes=[], ignore=[], width=64, height=64)
    canvas.add(
        picture, np.zeros((64, 64, 3), np.uint8), Placement(0, 0, 64, 64, False, (0, 0, 64, 64)), lambda p: p
    )
    # A doubt of 4 pixels around the middle of 64 lies at the corner of four cells of each stride.
    assert [int((canvas.ignored[strides == stride] == 1).sum()) for stride in (8, 16, 32)] == [4, 4, 4]
    assert set(canvas.ignored.tolist()) == {0, 1}


def test_packing_notes_the_light_and_the_teachers_boxes(cache, tmp_path):
    rows = [[1, 2, 30, 40, 0, 0.5]]
    store = pack(cache / "toys.json", tmp_path / "toys", {"3.png": rows})
    assert store.entries[3]["teacher"] == rows and "teacher" not in store.entries[4]
    assert store.entries[3]["light"] == pytest.approx(float(store.image(3).mean()), abs=0.06)
