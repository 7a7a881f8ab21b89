"""Detections of a network over a store, and their score."""

import numpy as np
import torch

from .detect import MIN_SCORE, detections, fit, on_picture
from .heads import cell_centres
from .network import to_images
from .scoring import score


def run_over(predict, images, width, height, min_score=MIN_SCORE):
    """Detections of `predict` in every image, as results for `score`.

    `predict`: uint8 [1, H, W, 3] -> logits [1, C, N] and distances [1, 4, N].
    """
    centres = cell_centres(height, width)[0].numpy()
    results = []
    for image in images:
        pixels, scale = fit(image, width, height)
        logits, distances = predict(pixels[None])
        boxes, classes, scores = detections(logits[0], distances[0], centres, (width, height), min_score)
        results.append((on_picture(boxes, scale, image.shape[1], image.shape[0]), classes, scores))
    return results


def torch_predictor(network):
    """A network in evaluation mode as `predict`: uint8 [B, H, W, 3] -> its outputs, as a file gives them."""

    @torch.inference_mode()
    def predict(pixels):
        device = next(network.parameters()).device
        outputs = network(to_images(torch.from_numpy(pixels).to(device)))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return [output.float().cpu().numpy() for output in outputs]

    return predict


def score_network(network, store, width, height):
    """AP of a network in evaluation mode on a store's pictures."""
    images = (np.asarray(store.image(index)) for index in range(len(store)))
    return score(store.entries, run_over(torch_predictor(network), images, width, height))
