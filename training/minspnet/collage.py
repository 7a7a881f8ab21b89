"""Pictures made of cut-outs: things on plain tables, and cars on asphalt as a steep camera sees them."""

import cv2
import numpy as np

from .arms import reach_in
from .data import CLASSES

CAR = CLASSES.index("car")
LONGEST = 288  # longest side of a picture, in pixels


def cut(image, box):
    """uint8 RGBA of what stands in a box (x1, y1, x2, y2 in pixels), or None where no clear thing stands out.

    By GrabCut (Rother, Kolmogorov, Blake 2004).
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (round(float(value)) for value in box)
    margin = max(4, (y2 - y1) // 6)
    left, top = max(0, x1 - margin), max(0, y1 - margin)
    window = np.ascontiguousarray(image[top : min(height, y2 + margin), left : min(width, x2 + margin)])
    mask = np.zeros(window.shape[:2], np.uint8)
    rectangle = (x1 - left, y1 - top, x2 - x1, y2 - y1)
    cv2.grabCut(window, mask, rectangle, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_RECT)
    inside = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    inside = cv2.morphologyEx(inside, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    part = inside[y1 - top : y2 - top, x1 - left : x2 - left]
    if not 0.35 <= part.mean() <= 0.97:
        return None
    alpha = cv2.GaussianBlur(part * 255, (3, 3), 0)
    return np.dstack([image[y1:y2, x1:x2], alpha])


def overlap(one, other):
    """Whether two boxes share anything."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def surface(rng, width, height, low, high):
    """A plain surface: one colour, lit from one side, with some grain. float32 [h, w, 3]."""
    colour = rng.uniform(low, high) + rng.normal(0, 6, 3)
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    light = 1 + rng.uniform(-0.2, 0.2) * x + rng.uniform(-0.2, 0.2) * y
    grain = cv2.GaussianBlur(rng.normal(0, rng.uniform(1, 7), (height, width)).astype(np.float32), (3, 3), 0)
    return (colour * light[..., None] + grain[..., None]).astype(np.float32)


def paste(picture, thing, x, y, width, height):
    """Lay an RGBA thing over a float picture, its box at (x, y, width, height); may reach over the edges."""
    sized = cv2.resize(thing, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    rows, columns = picture.shape[:2]
    top, left = max(0, -y), max(0, -x)
    bottom, right = min(height, rows - y), min(width, columns - x)
    if bottom <= top or right <= left:
        return
    part = sized[top:bottom, left:right]
    alpha = part[..., 3:] / 255
    place = picture[y + top : y + bottom, x + left : x + right]
    place[:] = place * (1 - alpha) + part[..., :3] * alpha


def finish(rng, picture):
    """As a cheap camera gives it: soft, noisy, not lit as the cut-out was."""
    picture = picture * rng.uniform(0.75, 1.2) + rng.normal(0, rng.uniform(0, 4), picture.shape)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    return cv2.GaussianBlur(picture, (3, 3), rng.uniform(0.1, 0.9))


def still_life(rng, things, arms=0):
    """Things on a table before a wall, and up to `arms` arms that reach for them: uint8 RGB [h, w, 3]."""
    width, height = LONGEST, int(LONGEST * rng.uniform(0.56, 0.8))
    picture = surface(rng, width, height, 50, 235)
    edge = int(height * rng.uniform(0.5, 0.95))
    picture[edge:] = surface(rng, width, height - edge, 60, 250)
    tops = []
    for x in np.linspace(0, width, rng.integers(1, 5) + 2)[1:-1]:
        thing = things[rng.integers(len(things))]
        tall = int(height * rng.uniform(0.25, 0.8))
        wide = max(6, int(tall * thing.shape[1] / thing.shape[0] * rng.uniform(0.8, 1.2)))
        foot = min(height - 2, edge + int((height - edge) * rng.uniform(0.1, 0.9)))
        if rng.random() < 0.5:
            thing = thing[:, ::-1]
        middle = int(x + rng.normal(0, 12))
        paste(picture, thing, middle - wide // 2, foot - tall, wide, tall)
        tops.append((middle, foot - tall))
    taken = rng.permutation(len(tops))[: rng.integers(1, arms + 1)] if arms else ()
    for number in taken:
        # Mostly at a thing's top, as one takes it; else on the way there or back.
        near = 6 if rng.random() < 0.6 else 50
        reach_in(rng, picture, np.array(tops[number]) + rng.normal(0, near, 2))
    return finish(rng, picture)


def street_from_above(rng, cars):
    """Cars on plain asphalt, as tall as a steep camera makes them: (uint8 RGB [h, w, 3], their boxes)."""
    width, height = LONGEST, int(LONGEST * rng.uniform(0.56, 0.8))
    picture = surface(rng, width, height, 45, 150)
    for _ in range(rng.integers(0, 4)):
        start = tuple(int(value) for value in rng.uniform(0, 1, 2) * (width, height))
        end = tuple(int(value) for value in np.array(start) + rng.normal(0, 60, 2))
        cv2.line(picture, start, end, (225, 225, 225), int(rng.integers(2, 6)))
    boxes = []
    for x in np.linspace(0, width, rng.integers(1, 4) + 2)[1:-1]:
        car = cars[rng.integers(len(cars))]
        tall = int(height * rng.uniform(0.3, 0.75))
        wide = int(tall / rng.uniform(1.15, 2.0))
        left = int(x + rng.normal(0, 15)) - wide // 2
        top = int(rng.uniform(-0.3, 1.1) * (height - tall))
        box = [max(0, left), max(0, top), min(width, left + wide), min(height, top + tall), CAR]
        if any(overlap(box, other) for other in boxes) or box[3] - box[1] < 0.3 * tall or box[2] <= box[0]:
            continue
        paste(picture, car, left, top, wide, tall)
        boxes.append(box)
    return finish(rng, picture), boxes
