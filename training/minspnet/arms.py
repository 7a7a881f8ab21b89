"""Arms that reach into a picture from beyond its edge, drawn: no picture of the data shows one alone.

An arm is a chain of capsules (sleeve, forearm, palm, fingers) seen straight on; each is shaded as the round
body that it is, so that fingers stand apart as they do in a photograph.
"""

import cv2
import numpy as np

# Skin from light to dark, sRGB, about the six types of Fitzpatrick (1975).
SKINS = np.array(
    [(244, 208, 177), (231, 180, 143), (210, 158, 124), (186, 120, 81), (140, 86, 52), (84, 56, 42)],
    np.float32,
)


class Relief:
    """A drawing in the making: float32 RGB [h, w, 3], each pixel's cover from 0 to 1, and how near it is."""

    def __init__(self, width, height, light):
        self.rgb = np.zeros((height, width, 3), np.float32)
        self.alpha = np.zeros((height, width), np.float32)
        self.depth = np.full((height, width), -np.inf, np.float32)
        self.light = np.array(light, np.float32) / np.linalg.norm(light)

    def capsule(self, start, end, radii, colour, lift=0.0, folds=None):
        """A round body from `start` to `end` (x, y), its radius going from radii[0] to radii[1], in pixels.

        `lift`: how much nearer than the picture's plane its axis lies, in pixels; `folds`: float32 [h, w],
        factors about 1 on its brightness.
        """
        height, width = self.alpha.shape
        most = max(radii) + 2
        x1, y1 = (int(max(0, value)) for value in np.minimum(start, end) - most)
        x2, y2 = (int(max(0, value)) for value in np.maximum(start, end) + most)
        x2, y2 = min(width, x2), min(height, y2)
        if x1 >= x2 or y1 >= y2:
            return
        x, y = np.meshgrid(np.arange(x1, x2), np.arange(y1, y2))
        place = np.dstack([x, y]).astype(np.float32) - start
        axis = np.array(end, np.float32) - start
        along = np.clip(place @ axis / max(1e-6, float(axis @ axis)), 0, 1)
        across = place - along[..., None] * axis
        radius = radii[0] + along * (radii[1] - radii[0])
        distance = np.hypot(across[..., 0], across[..., 1])
        bulge = np.sqrt(np.maximum(0, radius**2 - distance**2))
        depth = lift + bulge
        part = (slice(y1, y2), slice(x1, x2))
        shown = (distance < radius) & (depth > self.depth[part])
        normal = np.dstack([across, bulge]) / radius[..., None]
        shade = 0.55 + 0.6 * np.maximum(0, normal @ self.light)
        if folds is not None:
            shade = shade * folds[part]
        painted = shade[..., None] * np.array(colour, np.float32)
        self.rgb[part][shown] = painted[shown]
        self.depth[part][shown] = depth[shown]
        edge = np.clip(radius - distance, 0, 1)
        self.alpha[part] = np.maximum(self.alpha[part], edge)


def towards(start, angle, length):
    """The point `length` pixels from `start` in direction `angle` (radians, y down)."""
    return np.array([start[0] + np.cos(angle) * length, start[1] + np.sin(angle) * length], np.float32)


def hand(rng, relief, wrist, angle, size, skin):
    """A palm, four bent fingers, and a thumb against them. `size`: width of the palm in pixels."""
    palm = towards(wrist, angle, size * 0.9)
    relief.capsule(wrist, palm, (size * 0.36, size * 0.48), skin)
    grip = rng.uniform(0.1, 1.1)  # how far the fingers are bent
    side = rng.choice([-1, 1])
    spread = rng.uniform(0.04, 0.16)
    for number in range(4):
        off = (number - 1.5) * size * 0.22
        knuckle = towards(palm, angle + np.pi / 2, off)
        bend = angle + (number - 1.5) * spread + side * rng.uniform(0, 0.3)
        thick = size * rng.uniform(0.12, 0.155)
        for length, more in ((0.45, 0.0), (0.34, grip * 0.6), (0.24, grip)):
            tip = towards(knuckle, bend + side * more, size * length)
            relief.capsule(
                knuckle, tip, (thick, thick * 0.92), skin * rng.uniform(0.94, 1.03), size * 0.1 * number
            )
            knuckle, thick = tip, thick * 0.92
    root = towards(wrist, angle + side * 0.9, size * 0.5)
    joint = towards(root, angle + side * rng.uniform(0.2, 0.9), size * 0.5)
    relief.capsule(root, joint, (size * 0.18, size * 0.14), skin, size * 0.3)
    tip = towards(joint, angle + side * rng.uniform(-0.6, 0.3), size * 0.4)
    relief.capsule(joint, tip, (size * 0.14, size * 0.11), skin, size * 0.3)


def arm(rng, width, height, reach):
    """An arm from beyond an edge to the point `reach` (x, y).

    Returns float32 RGB [h, w, 3] and its cover [h, w] from 0 to 1.
    """
    relief = Relief(width, height, (rng.uniform(-1, 1), rng.uniform(-1.2, 0.2), rng.uniform(0.6, 1.4)))
    size = height * rng.uniform(0.09, 0.24)  # of the palm
    # The way from the hand back to the body: mostly upwards, seldom from below.
    away = rng.normal(-np.pi / 2, 0.7)
    if rng.random() < 0.12:
        away = -away
    first = rng.uniform(0, len(SKINS) - 1)
    low = int(min(first, len(SKINS) - 2))
    skin = (SKINS[low] + (SKINS[low + 1] - SKINS[low]) * (first - low)) * rng.uniform(0.85, 1.1)
    wrist = towards(reach, away, size * 1.5)
    elbow = towards(wrist, away + rng.normal(0, 0.2), size * rng.uniform(2.8, 4.2))
    shoulder = towards(elbow, away + rng.normal(0, 0.4), width + height)
    cloth = rng.uniform(10, 240, 3) if rng.random() < 0.75 else np.full(3, rng.uniform(15, 235))
    noise = rng.normal(0, 1, (max(2, height // 14), max(2, width // 14))).astype(np.float32)
    folds = 1 + 0.07 * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    thick = size * rng.uniform(0.62, 0.8)  # of the forearm at the elbow
    relief.capsule(wrist, elbow, (size * 0.34, thick), skin)
    covered = rng.uniform(-0.5, 1.0)  # the sleeve's end, 0 at the wrist, 1 at the elbow; below 0 it is bare
    if covered < 0:
        relief.capsule(elbow, shoulder, (thick, thick * 1.2), skin)
    else:
        cuff = wrist + (elbow - wrist) * covered
        wide = size * 0.34 + (thick - size * 0.34) * covered
        loose = size * rng.uniform(0.05, 0.22)
        relief.capsule(cuff, elbow, (wide + loose, thick + loose), cloth, loose, folds)
        relief.capsule(elbow, shoulder, (thick + loose, thick * 1.25 + loose), cloth, loose, folds)
    hand(rng, relief, wrist, away + np.pi + rng.normal(0, 0.35), size, skin)
    return relief.rgb, relief.alpha


def reach_in(rng, picture, reach):
    """Draw an arm that reaches for a point into a float32 picture [h, w, 3], with its soft shadow."""
    height, width = picture.shape[:2]
    rgb, alpha = arm(rng, width, height, reach)
    move = np.float32([[1, 0, rng.uniform(-0.08, 0.08) * width], [0, 1, rng.uniform(0, 0.08) * height]])
    shadow = cv2.warpAffine(alpha, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    shadow = cv2.GaussianBlur(shadow, (0, 0), rng.uniform(3, 12)) * rng.uniform(0, 0.4)
    picture *= 1 - shadow[..., None]
    bright = rng.uniform(0.7, 1.15)
    picture[:] = picture * (1 - alpha[..., None]) + rgb * bright * alpha[..., None]
