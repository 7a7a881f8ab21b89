import numpy as np
import pytest

from minspnet.arms import Relief, arm, reach_in


@pytest.mark.parametrize("seed", range(12))
def test_an_arm_comes_from_beyond_the_edge_and_its_hand_is_where_it_reaches(seed):
    _, alpha = arm(np.random.default_rng(seed), 288, 180, (144, 90))
    border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    assert (border > 0.5).any()
    assert (alpha[60:120, 104:184] > 0.5).any()
    assert 0.01 < alpha.mean() < 0.7


def test_a_limb_is_bright_towards_the_light_and_dark_away_from_it():
    relief = Relief(60, 40, (0, -1, 0.5))
    relief.capsule((10, 20), (50, 20), (8, 8), (200, 200, 200))
    upper, lower = relief.rgb[14, 30, 0], relief.rgb[26, 30, 0]
    assert upper > 1.3 * lower > 0
    assert relief.alpha[20, 30] == 1 and relief.alpha[30, 30] == 0


def test_the_nearer_limb_covers_the_farther_in_either_order():
    pictures = []
    for order in (1, -1):
        relief = Relief(40, 40, (0, 0, 1))
        limbs = [((5, 20), (35, 20), (6, 6), (200, 0, 0), 0.0), ((20, 5), (20, 35), (4, 4), (0, 200, 0), 9.0)]
        for limb in limbs[::order]:
            relief.capsule(*limb)
        pictures.append(relief.rgb)
    assert np.array_equal(*pictures)
    assert pictures[0][20, 20, 1] > 0 and pictures[0][20, 20, 0] == 0


def test_outside_the_arm_and_its_shadow_a_picture_stays_as_it_was():
    picture = np.full((180, 288, 3), 128, np.float32)
    reach_in(np.random.default_rng(5), picture, (144, 90))
    assert (picture == 128).mean() > 0.1
    assert (np.abs(picture - 128) > 20).any()


def test_an_arm_that_misses_the_picture_draws_nothing():
    relief = Relief(40, 40, (0, 0, 1))
    relief.capsule((100, 100), (140, 100), (6, 6), (200, 0, 0))
    assert not relief.alpha.any()
