import numpy as np
import pytest

from minspnet.augment import FILL, Placement, darken, degrade, motion_blur, paste, place, recolour
from minspnet.data import Picture


def picture_with(boxes, width=120, height=80):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    return Picture(
        source="test",
        width=width,
        height=height,
        boxes=boxes,
        classes=np.zeros(len(boxes), np.int64),
        weights=np.ones(len(boxes), np.float32),
        ignore=np.zeros((0, 4), np.float32),
        ignore_classes=np.zeros(0, np.int64),
    )


def white_box(image):
    rows, columns = np.where((image > 127).all(2))
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("seed", range(20))
def test_boxes_move_with_the_pixels(seed):
    image = np.zeros((80, 120, 3), np.uint8)
    image[20:60, 30:75] = 255
    picture = picture_with([[30 / 120, 20 / 80, 75 / 120, 60 / 80]])
    region = (16, 8, 144, 120)
    placement = place(np.random.default_rng(seed), picture, region, 60 + 12 * seed)
    canvas = np.full((128, 160, 3), FILL, np.uint8)
    paste(canvas, image, placement)
    boxes, visible = placement.clip(placement.boxes(picture.boxes))
    assert visible[0] > 0
    assert np.abs(white_box(canvas) - boxes[0]).max() <= 1
    outside = np.ones(canvas.shape[:2], bool)
    outside[8:120, 16:144] = False
    assert (canvas[outside] == FILL).all()


@pytest.mark.parametrize("flip", [False, True])
def test_places_on_the_canvas_and_in_the_picture_agree(flip):
    placement = Placement(left=-10, top=5, width=100, height=50, flip=flip, region=(0, 0, 64, 64))
    points = np.array([[20.0, 30.0], [60.0, 60.0], [63.0, 10.0]])
    fractions, shown = placement.fractions(points)
    assert shown.tolist() == [True, False, True]
    around = np.concatenate([fractions - 0.01, fractions + 0.01], 1)
    boxes = placement.boxes(around)
    assert np.allclose((boxes[:, :2] + boxes[:, 2:]) / 2, points)


def test_what_is_cut_away_is_told():
    placement = Placement(left=0, top=0, width=100, height=100, flip=False, region=(0, 0, 50, 100))
    boxes, visible = placement.clip(placement.boxes(np.array([[0.4, 0, 0.8, 1], [0.6, 0, 0.9, 1]])))
    assert np.allclose(visible, [0.25, 0])
    assert boxes[0].tolist() == [40, 0, 50, 100]


@pytest.mark.parametrize("change", [recolour, degrade])
def test_changes_depend_on_the_generator_alone(change):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    seen = [change(np.random.default_rng(seed), image) for seed in (*range(40), *range(40))]
    assert all(one.dtype == np.uint8 and one.shape == image.shape for one in seen)
    assert all((first == again).all() for first, again in zip(seen[:40], seen[40:], strict=True))
    assert any((one != seen[0]).any() for one in seen)


def test_darkness_is_dark_and_noisy_as_asked():
    grey = np.full((100, 100, 3), 128, np.uint8)
    dark = darken(np.random.default_rng(0), grey, 0.35, 14)
    # 255 (128 / 255) ** (1 / .35) = 35.7; noise of 14 is cut off at 0 for one pixel in two hundred.
    assert dark.mean() == pytest.approx(35.7, abs=0.5) and dark.std() == pytest.approx(14, abs=0.5)
    shot = darken(np.random.default_rng(0), np.stack([grey, grey // 4]), 1.0, 0, shot=1.0)
    assert shot[0].std() == pytest.approx(128**0.5, rel=0.05) and shot[1].std() == pytest.approx(
        32**0.5, rel=0.05
    )


def test_motion_smears_along_its_direction_and_keeps_the_light():
    image = np.zeros((21, 21, 3), np.uint8)
    image[10, 10] = 250
    rows, columns = np.nonzero(motion_blur(image, 5, 0.0)[..., 0])
    assert set(rows.tolist()) == {10} and columns.tolist() == [8, 9, 10, 11, 12]
    assert motion_blur(image, 5, 1.0).astype(int).sum() == pytest.approx(750, rel=0.05)


def test_a_shrunken_picture_keeps_its_light_and_only_what_is_seen_is_drawn():
    stripes = np.zeros((240, 320, 3), np.uint8)
    stripes[:, ::2] = 255
    canvas = np.full((40, 60, 3), FILL, np.uint8)
    paste(canvas, stripes, Placement(-5, 0, 40, 30, True, (0, 0, 60, 40)))
    assert np.abs(canvas[:30, :35].astype(int) - 127).max() <= 2  # averaged, not skipped
    assert (canvas[30:] == FILL).all() and (canvas[:, 35:] == FILL).all()
