"""PicoDet-S (ncnn) as the teacher: its dense answers for one plain picture.

The teacher looks at 416 x 416 and answers at strides 8, 16, 32 and 64. The student sees pictures at
about half that size, so its strides 8, 16, 32 match the teacher's 16, 32, 64 in the size of what they
show; the teacher's stride 8 is folded into its stride 16 (the best of each 2 x 2 cells and the cell above).
That leaves 26² + 13² + 7² = 894 cells a picture, few enough to keep for every training picture, and
training warps them along with the augmentation instead of running the teacher again.

Source of the network: PP-PicoDet (arXiv 2111.00902), Apache-2.0.
"""

import dataclasses
from pathlib import Path

import cv2
import ncnn
import numpy as np

SIDE = 416
STRIDES = (16, 32, 64)
GRIDS = (26, 13, 7)
CELLS = sum(side * side for side in GRIDS)
CHANNELS = 96  # of the feature before the teacher's last convolution
OURS = (0, 1, 2, 3, 5, 7, 15, 16)  # COCO's numbers of edge8's classes
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
# Blobs of each stride: the head's last feature, and the logits (80 classes + 4 x 8 bins) made from it.
FEATURES = ("hardswish_38.tmp_0", "hardswish_42.tmp_0", "hardswish_46.tmp_0", "hardswish_50.tmp_0")
LOGITS = ("conv2d_223.tmp_0", "conv2d_226.tmp_0", "conv2d_229.tmp_0", "conv2d_232.tmp_0")
FEATURE_LOW, FEATURE_STEP = -0.375, 1 / 48  # hard-swish's minimum; eight bits reach up to 4.9


@dataclasses.dataclass(frozen=True)
class Answer:
    """Cells of strides 16, 32, 64, each row by row. Boxes are corners in fractions of the picture."""

    scores: np.ndarray  # float32 [894, 8]
    boxes: np.ndarray  # float32 [894, 4]
    features: np.ndarray  # uint8 [894, 96], see FEATURE_LOW and FEATURE_STEP


class Teacher:
    def __init__(self, path):
        path = Path(path)
        self._net = ncnn.Net()
        self._net.opt.num_threads = 1
        self._net.opt.lightmode = False  # else ncnn frees the features before they can be read
        for load, suffix in ((self._net.load_param, ".param"), (self._net.load_model, ".bin")):
            if load(str(path.with_suffix(suffix))) != 0:
                raise FileNotFoundError(f"no teacher at {path.with_suffix(suffix)}")

    def __call__(self, image):
        """image: uint8 RGB [h, w, 3] of any size."""
        extractor = self._look_at(image)
        features = [np.array(extractor.extract(name)[1]) for name in FEATURES]
        levels = [
            decode(np.array(extractor.extract(name)[1]), 8 << level) for level, name in enumerate(LOGITS)
        ]
        levels[1] = fold(levels[0], levels[1])
        return Answer(
            scores=np.concatenate([scores.reshape(-1, 8) for scores, _ in levels[1:]]),
            boxes=np.concatenate([boxes.reshape(-1, 4) for _, boxes in levels[1:]]),
            features=np.concatenate(
                [encode(f.transpose(1, 2, 0).reshape(-1, CHANNELS)) for f in features[1:]]
            ),
        )

    def others(self, image, numbers, min_score=0.3, iou=0.5):
        """Where it sees one of COCO's classes `numbers`: (number, score, box in pixels) each."""
        extractor = self._look_at(image)
        height, width = image.shape[:2]
        found = []
        for level, name in enumerate(LOGITS):
            logits = np.array(extractor.extract(name)[1])
            scores = 1 / (1 + np.exp(-logits[:80].reshape(80, -1).T))
            _, boxes = decode(logits, 8 << level)
            best = scores.argmax(1)
            for cell in np.flatnonzero(np.isin(best, numbers) & (scores.max(1) >= min_score)):
                box = np.clip(boxes.reshape(-1, 4)[cell], 0, 1) * (width, height, width, height)
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


def encode(features):
    """Features to eight bits."""
    return np.clip((features - FEATURE_LOW) / FEATURE_STEP + 0.5, 0, 255).astype(np.uint8)


def decode(logits, stride):
    """[112, h, w] -> scores [h, w, 8], boxes [h, w, 4] (fractions of the picture)."""
    _, height, width = logits.shape
    scores = 1 / (1 + np.exp(-logits[:80].transpose(1, 2, 0)))
    best = scores.max(-1, keepdims=True)
    ours = scores[..., OURS]
    # Where another of COCO's classes wins (a horse's cell), ours are that thing's shadow, not an answer.
    ours = np.where(ours.max(-1, keepdims=True) >= best, ours, 0)
    bins = logits[80:].reshape(4, 8, height, width)
    bins = np.exp(bins - bins.max(1, keepdims=True))
    distances = (bins / bins.sum(1, keepdims=True) * np.arange(8).reshape(1, 8, 1, 1)).sum(1)
    y, x = np.mgrid[:height, :width] + 0.5
    left, top, right, bottom = distances
    boxes = np.stack([x - left, y - top, x + right, y + bottom], -1) * (stride / SIDE)
    return ours.astype(np.float32), boxes.astype(np.float32)


def fold(fine, coarse):
    """Put the finer level's answers into the coarser one's cells: the best score a class, the best's box."""
    scores, boxes = coarse
    height, width = scores.shape[:2]

    def blocks(array):
        channels = array.shape[-1]
        split = array.reshape(height, 2, width, 2, channels).transpose(0, 2, 1, 3, 4)
        return split.reshape(height, width, 4, channels)

    all_scores = np.concatenate([scores[:, :, None], blocks(fine[0])], 2)
    all_boxes = np.concatenate([boxes[:, :, None], blocks(fine[1])], 2)
    best = all_scores.max(-1).argmax(-1)
    return all_scores.max(2), np.take_along_axis(all_boxes, best[..., None, None], 2)[:, :, 0]


def to_boxes(answer, width, height, min_score=0.2, iou=0.6):
    """The answer's boxes after suppression, as manifest rows [x1, y1, x2, y2, class, score]."""
    rows = []
    scale = np.array([width, height, width, height], np.float32)
    for number in range(answer.scores.shape[1]):
        scores = answer.scores[:, number]
        picked = np.flatnonzero(scores >= min_score)
        if len(picked) == 0:
            continue
        boxes = np.clip(answer.boxes[picked], 0, 1) * scale
        sides = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
        kept = cv2.dnn.NMSBoxes(sides.tolist(), scores[picked].tolist(), min_score, iou)
        for index in np.asarray(kept, int).reshape(-1):
            box = [round(float(value), 1) for value in boxes[index]]
            rows.append([*box, number, round(float(scores[picked[index]]), 3)])
    return rows


class Answers:
    """The teacher's answers for every picture of a store, beside its pixels."""

    def __init__(self, folder, count, mode="r"):
        folder = Path(folder)

        def array(name, dtype, last):
            return np.memmap(folder / name, dtype, mode, shape=(count, CELLS, last))

        self.scores = array("teacher-scores.bin", np.uint8, len(OURS))
        self.boxes = array("teacher-boxes.bin", np.float16, 4)
        self.features = array("teacher-features.bin", np.uint8, CHANNELS)

    def put(self, index, answer):
        self.scores[index] = np.round(answer.scores * 255)
        self.boxes[index] = answer.boxes
        self.features[index] = answer.features
