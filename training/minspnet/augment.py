"""Where a picture lands on the canvas, and what happens to its colours.

Everything is integer cropping, scaling and mirroring of uint8 pixels (OpenCV), so that boxes and the
teacher's answers move along exactly: a Placement maps fractions of the picture to canvas pixels.
"""

import dataclasses

import cv2
import numpy as np

FILL = 114  # the grey beside a picture, here and in the runtime


@dataclasses.dataclass(frozen=True)
class Placement:
    """The picture, scaled to width x height, lies with its corner at (left, top); only `region` shows it."""

    left: int
    top: int
    width: int
    height: int
    flip: bool
    region: tuple[int, int, int, int]  # x1, y1, x2, y2 on the canvas

    def boxes(self, fractions):
        """Corner boxes [n, 4] in fractions of the picture -> canvas pixels, not clipped."""
        x1, y1, x2, y2 = fractions.T
        if self.flip:
            x1, x2 = 1 - x2, 1 - x1
        return np.stack(
            [
                x1 * self.width + self.left,
                y1 * self.height + self.top,
                x2 * self.width + self.left,
                y2 * self.height + self.top,
            ],
            1,
        )

    def clip(self, boxes):
        """Canvas boxes cut to what can be seen, and the visible part of each one's area: [n, 4], [n]."""
        x1, y1, x2, y2 = self.visible()
        low, high = np.array([x1, y1, x1, y1]), np.array([x2, y2, x2, y2])
        clipped = np.clip(boxes, low, high).astype(np.float32)
        whole = (boxes[:, 2:] - boxes[:, :2]).prod(1)
        return clipped, (clipped[:, 2:] - clipped[:, :2]).prod(1) / np.maximum(whole, 1e-6)

    def visible(self):
        """The part of the canvas that shows the picture: x1, y1, x2, y2."""
        x1, y1, x2, y2 = self.region
        return (
            max(x1, self.left),
            max(y1, self.top),
            min(x2, self.left + self.width),
            min(y2, self.top + self.height),
        )

    def fractions(self, points):
        """Canvas points [n, 2] -> fractions of the picture [n, 2], and whether each shows it [n]."""
        x1, y1, x2, y2 = self.visible()
        shown = (points[:, 0] > x1) & (points[:, 0] < x2) & (points[:, 1] > y1) & (points[:, 1] < y2)
        u = (points[:, 0] - self.left) / self.width
        v = (points[:, 1] - self.top) / self.height
        return np.stack([1 - u if self.flip else u, v], 1), shown


def place(rng, picture, region, long_side, stretch=0.15):
    """Choose a random placement in a region of the canvas: the longest side becomes about `long_side`.

    A picture larger than the region is cut around one of its boxes, so that cutting seldom loses all of them.
    """
    scale = long_side / max(picture.width, picture.height)
    widen = np.exp(rng.uniform(-stretch, stretch) / 2)
    width = max(8, round(picture.width * scale * widen))
    height = max(8, round(picture.height * scale / widen))
    flip = bool(rng.random() < 0.5)
    focus = rng.random(2)
    if len(picture.boxes):
        box = picture.boxes[rng.integers(len(picture.boxes))]
        focus = (box[:2] + box[2:]) / 2
        if flip:
            focus = np.array([1 - focus[0], focus[1]])
    x1, y1, x2, y2 = region

    def start(low, high, size, centre):
        if size <= high - low:
            return int(rng.integers(low, high - size + 1))
        wished = rng.uniform(low, high) - centre * size
        return int(np.clip(wished, high - size, low))

    left, top = start(x1, x2, width, focus[0]), start(y1, y2, height, focus[1])
    return Placement(left, top, width, height, flip, region)


def paste(canvas, image, placement, change=lambda pixels: pixels):
    """Draw an image on the canvas where its placement says; `change` alters the pixels that will be seen."""
    x1, y1, x2, y2 = placement.visible()
    if x2 <= x1 or y2 <= y1:
        return
    # Pixels that interpolation would skip are averaged away first, by halves, which is quick.
    while placement.width < 0.6 * image.shape[1] and min(image.shape[:2]) > 1:
        image = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2), interpolation=cv2.INTER_AREA)
    # From pixel centres of what will be seen to those of the image: nothing else is worked out.
    across, down = image.shape[1] / placement.width, image.shape[0] / placement.height
    start = (x1 - placement.left + 0.5) * across - 0.5
    if placement.flip:
        start, across = image.shape[1] - 1 - start, -across
    matrix = np.array([[across, 0, start], [0, down, (y1 - placement.top + 0.5) * down - 0.5]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(image, matrix, (x2 - x1, y2 - y1), flags=how, borderMode=cv2.BORDER_REPLICATE)
    canvas[y1:y2, x1:x2] = change(seen)


def recolour(rng, image):
    """Random light, contrast, cast and saturation; now and then grey, blurred or noisy: uint8 -> uint8."""
    levels = np.arange(256, dtype=np.float32) / 255
    gamma, contrast, light = np.exp(rng.normal(0, 0.25)), np.exp(rng.normal(0, 0.2)), rng.normal(0, 0.08)
    casts = np.exp(rng.normal(0, 0.06, 3))
    curve = (levels**gamma - 0.5) * contrast + 0.5 + light
    table = np.clip(curve[:, None] * casts * 255, 0, 255).astype(np.uint8)
    image = cv2.LUT(image, table[None])
    saturation = 0.0 if rng.random() < 0.06 else float(np.clip(rng.normal(1, 0.3), 0, 1.6))
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    image = cv2.addWeighted(image, saturation, grey, 1 - saturation, 0)
    if rng.random() < 0.06:
        image = cv2.GaussianBlur(image, (3, 3), float(rng.uniform(0.5, 1.5)))
    return image


def degrade(rng, image):
    """What a cheap camera at night does to a whole picture, now and then: uint8 RGB -> uint8."""
    if rng.random() < 0.08:
        image = motion_blur(image, int(rng.integers(3, 8)), rng.uniform(0, np.pi))
    if rng.random() < 0.2:
        strength = rng.random()  # the darker a sensor's picture, the noisier
        image = darken(rng, image, 0.8 - 0.5 * strength, 3 + 13 * strength * rng.random(), 0.6 * rng.random())
    elif rng.random() < 0.08:
        image = darken(rng, image, 1.0, float(rng.uniform(2, 10)), 0.0)
    if rng.random() < 0.15:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 60))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
    return image


def motion_blur(image, length, angle):
    """Smear a picture over `length` pixels at an angle in radians."""
    kernel = np.zeros((length, length), np.float32)
    middle, reach = (length - 1) / 2, np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    start, end = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
    cv2.line(kernel, tuple(map(int, start)), tuple(map(int, end)), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def darken(rng, image, gamma, noise, shot=0.0):
    """A picture as a sensor sees it with little light.

    gamma: below 1 darkens (level ** (1 / gamma), levels 0..1); noise: deviation in grey levels of what the
    sensor adds everywhere (Gaussian); shot: what the light itself varies by, in deviations of a grey level at
    level 1, growing with its root (Poisson, of which this is the Gaussian limit).
    """
    levels = (np.arange(256) / 255) ** (1 / gamma) * 255
    dark = cv2.LUT(image, levels.astype(np.float32))
    deviation = np.sqrt(noise**2 + shot**2 * dark) if shot else np.float32(noise)
    dark += rng.standard_normal(image.shape, np.float32) * deviation
    return np.clip(dark + 0.5, 0, 255).astype(np.uint8)
