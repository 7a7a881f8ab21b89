#!/usr/bin/env python3
"""Known trackers on the detections that `npm run bench:tracking -- --detections DIR …` has kept, for its --tracks.

  pip install trackers==2.1.0 norfair==2.1.1
  benchmarks/trackers.py --detections DIR --out DIR

Writes OUT/<tracker>/<clip>.json: for each picture a list of {id, class, box}. Each kind of object has a tracker of its own, as
ours matches no car with a person. A user needs none of this.
"""
import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import supervision as sv
from norfair import Detection, Tracker
from trackers import ByteTrackTracker, SORTTracker

KINDS = {name: kind for kind in (("car", "truck", "bus"), ("bicycle", "motorcycle"), ("cat", "dog")) for name in kind}
LOWEST = 0.25


class Supervised:
    """A tracker of the package `trackers`."""

    def __init__(self, tracker):
        self.tracker = tracker

    def step(self, boxes, scores):
        """@returns an id or None for each box"""
        detections = sv.Detections(xyxy=boxes, confidence=scores, data={"index": np.arange(len(boxes))})
        ids = [None] * len(boxes)
        tracked = self.tracker.update(detections)
        if len(tracked) == 0:
            return ids
        for index, track in zip(tracked.data["index"], tracked.tracker_id):
            if track >= 0:
                ids[int(index)] = int(track)
        return ids


def placement(detection, track):
    """How far a box is from where a track expects it, in the track's own sizes, with the change of its sides: Frigate's idea."""
    seen, expected = detection.points, track.estimate
    sides, wanted = seen[1] - seen[0], np.maximum(expected[1] - expected[0], 1e-6)
    middle = (seen[:, 0].mean() - expected[:, 0].mean()) / wanted[0]
    foot = (seen[1, 1] - expected[1, 1]) / wanted[1]
    growth = np.maximum(sides, wanted) / np.maximum(np.minimum(sides, wanted), 1e-6) - 1
    return float(np.linalg.norm([middle, foot, *growth]))


class Norfair:
    """With Frigate's settings: told after half a second, given up after five."""

    def __init__(self, fps, least=0.5):
        self.least = least
        self.step_number = 0
        self.tracker = Tracker(
            distance_function=placement,
            distance_threshold=2.5,
            initialization_delay=max(1, round(fps / 2)),
            hit_counter_max=round(5 * fps),
        )

    def step(self, boxes, scores):
        self.step_number += 1
        kept = [i for i, score in enumerate(scores) if score >= self.least]
        told = self.tracker.update([Detection(points=boxes[i].reshape(2, 2), data=(self.step_number, i)) for i in kept])
        ids = [None] * len(boxes)
        for track in told:
            number, index = track.last_detection.data
            if number == self.step_number:  # else it is not seen in this picture
                ids[index] = track.id
        return ids


def bytetrack(fps):
    return Supervised(
        ByteTrackTracker(
            lost_track_buffer=60,  # of 30 a second: two seconds, as ours
            frame_rate=fps,
            track_activation_threshold=0.6,
            minimum_consecutive_frames=3,
            high_conf_det_threshold=0.5,
        )
    )


def sort(fps):
    return Supervised(
        SORTTracker(
            lost_track_buffer=60,
            frame_rate=fps,
            track_activation_threshold=0.5,
            minimum_consecutive_frames=3,
            minimum_iou_threshold=0.2,
        )
    )


MAKERS = {"bytetrack": bytetrack, "sort": sort, "norfair": Norfair}


def follow(clip, make):
    """@returns the tracks in each picture"""
    seconds = [picture["seconds"] for picture in clip["pictures"]]
    fps = (len(seconds) - 1) / max(1e-6, seconds[-1] - seconds[0])
    size = np.array([clip["width"], clip["height"]] * 2)
    trackers = defaultdict(lambda: make(fps))
    names = {"/".join(KINDS.get(one["class"], (one["class"],))) for p in clip["pictures"] for one in p["detections"]}
    said = []
    for picture in clip["pictures"]:
        told = []
        for kind in sorted(names):
            seen = [
                one
                for one in picture["detections"]
                if one["score"] >= LOWEST and "/".join(KINDS.get(one["class"], (one["class"],))) == kind
            ]
            boxes = np.array([one["box"] for one in seen]).reshape(-1, 4) * size
            ids = trackers[kind].step(boxes, np.array([one["score"] for one in seen]))
            told += [
                {"id": f"{kind}-{track}", "class": one["class"], "box": one["box"]}
                for one, track in zip(seen, ids)
                if track is not None
            ]
        said.append(told)
    return said


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--detections", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    for name, make in MAKERS.items():
        (options.out / name).mkdir(parents=True, exist_ok=True)
        for file in sorted(options.detections.glob("*.json")):
            clip = json.loads(file.read_text())
            said = follow(clip, make)
            (options.out / name / f"{file.name.split('.')[0]}.mp4.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main()
