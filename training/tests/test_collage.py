import numpy as np
import pytest

from minspnet.collage import CAR, cut, paste, still_life, street_from_above

THING = np.dstack([np.full((40, 20, 3), 230, np.uint8), np.full((40, 20), 255, np.uint8)])


def test_a_thing_is_cut_out_along_its_outline():
    picture = np.full((120, 100, 3), 40, np.uint8)
    picture += np.random.default_rng(1).integers(0, 8, picture.shape, dtype=np.uint8)
    picture[30:90, 45:55] = (200, 60, 60)  # a neck ...
    picture[55:90, 35:65] = (200, 60, 60)  # ... and a body
    thing = cut(picture, (35, 30, 65, 90))
    assert thing.shape == (60, 30, 4)
    assert thing[40, 15, 3] == 255 and thing[5, 3, 3] == 0


def test_what_fills_its_box_is_no_clear_thing():
    assert cut(np.full((80, 80, 3), 90, np.uint8), (20, 20, 60, 60)) is None


@pytest.mark.parametrize("place", [(-10, 5), (95, 5), (30, -20), (30, 75), (200, 200)])
def test_a_thing_may_reach_over_every_edge(place):
    picture = np.zeros((80, 100, 3), np.float32)
    paste(picture, THING, *place, 20, 40)
    columns = max(0, min(100, place[0] + 20) - max(0, place[0]))
    rows = max(0, min(80, place[1] + 40) - max(0, place[1]))
    assert (picture[..., 0] > 200).sum() == rows * columns


def test_the_same_seed_composes_the_same_picture():
    one, two = (still_life(np.random.default_rng(3), [THING]) for _ in range(2))
    assert np.array_equal(one, two) and one.dtype == np.uint8


@pytest.mark.parametrize("seed", range(10))
def test_cars_stand_where_their_boxes_say(seed):
    car = THING.copy()
    car[..., :3] = (250, 20, 20)
    picture, boxes = street_from_above(np.random.default_rng(seed), [car])
    red = picture[..., 0].astype(int) - picture[..., 1] > 70
    inside = np.zeros_like(red)
    for x1, y1, x2, y2, number in boxes:
        assert number == CAR
        assert red[y1:y2, x1:x2].mean() > 0.9
        inside[max(0, y1 - 2) : y2 + 2, max(0, x1 - 2) : x2 + 2] = True
    assert not red[~inside].any()
