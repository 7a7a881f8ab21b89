"""A small made-up set: bright rectangles on noise, packed as training packs its data."""

import json

import cv2
import numpy as np
import pytest
import torch

from minspnet import network
from minspnet.data import CLASSES, pack
from minspnet.network import Stage, Variant

torch.set_num_threads(1)  # these networks are too small to share out


@pytest.fixture
def toy(monkeypatch):
    """A variant small enough to train in a test, reachable by name."""
    variant = Variant(
        stem=8, stages=(Stage(8, 0), Stage(16, 1), Stage(16, 1, kernel=5), Stage(24, 1, gate=True)), fusion=16
    )
    monkeypatch.setitem(network.VARIANTS, "toy", variant)
    return variant


def make_picture(generator, width, height):
    """Noise with one to three filled rectangles, whose colour tells their class; pixels and rows."""
    pixels = generator.integers(0, 60, (height, width, 3), dtype=np.uint8)
    rows = []
    for _ in range(generator.integers(1, 4)):
        number = int(generator.integers(len(CLASSES)))
        x, y = int(generator.integers(0, width - 40)), int(generator.integers(0, height - 40))
        w, h = int(generator.integers(20, 40)), int(generator.integers(20, 40))
        colour = [255 if number >> bit & 1 else 120 for bit in range(3)]
        pixels[y : y + h, x : x + w] = colour
        rows.append([x, y, x + w, y + h, number])
    return pixels, rows


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A cache folder with one packed store, `toys`: 12 pictures, all classes labelled."""
    folder = tmp_path_factory.mktemp("cache")
    generator = np.random.default_rng(5)
    entries = []
    for index in range(12):
        width, height = int(generator.integers(100, 160)), int(generator.integers(90, 140))
        pixels, rows = make_picture(generator, width, height)
        name = f"{index}.png"
        cv2.imwrite(str(folder / name), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        entry = {
            "file": name,
            "width": width,
            "height": height,
            "source": "toys",
            "boxes": rows,
            "ignore": [],
        }
        entries.append(entry | {"labelled": list(CLASSES)})
    manifest = folder / "toys.json"
    manifest.write_text(json.dumps({"classes": list(CLASSES), "images": entries}))
    pack(manifest, folder / "toys")
    return folder
