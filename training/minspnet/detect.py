"""From a picture to boxes, as the runtime does it: fit, run, threshold, suppress."""

import cv2
import numpy as np

from .augment import FILL

MIN_SCORE, NMS_IOU, MOST, CANDIDATES = 0.01, 0.6, 100, 1000


def fit(image, width, height):
    """uint8 [h, w, 3] -> uint8 [height, width, 3], the picture scaled to fit at the top left; the scale."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = (min(width, round(image.shape[1] * scale)), min(height, round(image.shape[0] * scale)))
    canvas = np.full((height, width, 3), FILL, np.uint8)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas[: size[1], : size[0]] = cv2.resize(image, size, interpolation=interpolation)
    return canvas, (size[0] / image.shape[1], size[1] / image.shape[0])


def detections(logits, distances, centres, size, min_score=MIN_SCORE, iou=NMS_IOU, most=MOST):
    """One picture's outputs [classes, N], [4, N] -> boxes [n, 4] on the input, classes [n], scores [n].

    `size`: width and height of the input, to which boxes are clipped. Best first. Every class is thresholded
    and suppressed by itself.
    """
    scores = 1 / (1 + np.exp(-logits.astype(np.float32)))
    numbers, cells = np.nonzero(scores >= min_score)
    values = scores[numbers, cells]
    # Suppression is quadratic, and an untrained network likes every cell.
    best = np.argsort(-values, kind="stable")[:CANDIDATES]
    numbers, cells, values = numbers[best], cells[best], values[best]
    left, top, right, bottom = distances[:, cells]
    x, y = centres[cells].T
    boxes = np.stack([x - left, y - top, x + right, y + bottom], 1).astype(np.float32)
    # Before the suppression, as the runtime does: two boxes may differ only outside the picture.
    boxes = np.clip(boxes, 0, np.array([*size, *size], np.float32))
    if len(boxes) == 0:
        return boxes, numbers, values
    sides = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
    kept = cv2.dnn.NMSBoxesBatched(sides, values, numbers.astype(np.int32), min_score, iou)
    kept = np.asarray(kept, int).reshape(-1)[:most]
    return boxes[kept], numbers[kept], values[kept]


def on_picture(boxes, scale, width, height):
    """Boxes on the input -> boxes in the picture's pixels, clipped."""
    boxes = boxes / np.array([*scale, *scale], np.float32)
    return np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
