"""PicoDet-S (ncnn) as the one who names things of COCO's other classes, for `compose.py` to cut out.

Source of the network: PP-PicoDet (arXiv 2111.00902), Apache-2.0.
"""

from pathlib import Path

import cv2
import ncnn
import numpy as np

SIDE = 416
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
# Blobs of strides 8, 16, 32 and 64: the logits (80 classes + 4 x 8 bins).
LOGITS = ("conv2d_223.tmp_0", "conv2d_226.tmp_0", "conv2d_229.tmp_0", "conv2d_232.tmp_0")


class Teacher:
    def __init__(self, path):
        path = Path(path)
        self._net = ncnn.Net()
        self._net.opt.num_threads = 1
        for load, suffix in ((self._net.load_param, ".param"), (self._net.load_model, ".bin")):
            if load(str(path.with_suffix(suffix))) != 0:
                raise FileNotFoundError(f"no teacher at {path.with_suffix(suffix)}")

    def others(self, image, numbers, min_score=0.3, iou=0.5):
        """Where it sees one of COCO's classes `numbers`: (number, score, box in pixels) each."""
        extractor = self._look_at(image)
        height, width = image.shape[:2]
        found = []
        for level, name in enumerate(LOGITS):
            logits = np.array(extractor.extract(name)[1])
            scores, boxes = decode(logits, 8 << level)
            best = scores.argmax(1)
            for cell in np.flatnonzero(np.isin(best, numbers) & (scores.max(1) >= min_score)):
                box = np.clip(boxes[cell], 0, 1) * (width, height, width, height)
                found.append((int(best[cell]), float(scores[cell].max()), box))
        if not found:
            return []
        sides = [[*box[:2].tolist(), *(box[2:] - box[:2]).tolist()] for _, _, box in found]
        kept = cv2.dnn.NMSBoxes(sides, [score for _, score, _ in found], min_score, iou)
        return [found[index] for index in np.asarray(kept, int).reshape(-1)]

    def _look_at(self, image):
        interpolation = cv2.INTER_AREA if max(image.shape[:2]) > SIDE else cv2.INTER_LINEAR
        square = cv2.resize(image, (SIDE, SIDE), interpolation=interpolation)
        mat = ncnn.Mat.from_pixels(square, ncnn.Mat.PixelType.PIXEL_RGB, SIDE, SIDE)
        mat.substract_mean_normalize(MEAN, [1 / std for std in STD])
        extractor = self._net.create_extractor()
        extractor.input("image", mat)
        return extractor


def decode(logits, stride):
    """[112, h, w] -> scores [h * w, 80], boxes [h * w, 4] (corners in fractions of the picture)."""
    _, height, width = logits.shape
    scores = 1 / (1 + np.exp(-logits[:80].reshape(80, -1).T))
    bins = logits[80:].reshape(4, 8, height, width)
    bins = np.exp(bins - bins.max(1, keepdims=True))
    distances = (bins / bins.sum(1, keepdims=True) * np.arange(8).reshape(1, 8, 1, 1)).sum(1)
    y, x = np.mgrid[:height, :width] + 0.5
    left, top, right, bottom = distances
    boxes = np.stack([x - left, y - top, x + right, y + bottom], -1) * (stride / SIDE)
    return scores, boxes.reshape(-1, 4)
