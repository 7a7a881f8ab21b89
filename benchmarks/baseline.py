"""The straightforward way, to be measured against: one script, the libraries that everybody takes.

OpenCV reads and scales, ONNX Runtime runs the same model file with as many threads, OpenCV does the suppression, paho
publishes. It has no tracker, no events, no outbox. Prints a JSON line: {"frames", "cpuSeconds", "wallSeconds"}.
"""

import argparse
import json
import time

import cv2
import numpy as np
import onnxruntime
import paho.mqtt.client as mqtt


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clip", required=True)
    parser.add_argument("--model", required=True, help="the ONNX file")
    parser.add_argument("--size", required=True, help="WIDTHxHEIGHT of the network's input")
    parser.add_argument("--classes", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--mqtt-port", type=int, required=True)
    arguments = parser.parse_args()
    width, height = (int(side) for side in arguments.size.split("x"))

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(arguments.model, options, providers=["CPUExecutionProvider"])
    cv2.setNumThreads(arguments.threads)
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", arguments.mqtt_port)
    client.loop_start()

    centres = np.concatenate([grid(width, height, stride) for stride in (8, 16, 32)], axis=1)
    frames, started_cpu, started = 0, time.process_time(), time.monotonic()
    while time.monotonic() - started < arguments.seconds:
        capture = cv2.VideoCapture(arguments.clip)
        while time.monotonic() - started < arguments.seconds:
            ok, picture = capture.read()
            if not ok:
                break
            detections = detect(session, picture, width, height, centres)
            client.publish("baseline/detections", json.dumps(detections), qos=1)
            frames += 1
        capture.release()
    result = {
        "frames": frames,
        "cpuSeconds": time.process_time() - started_cpu,
        "wallSeconds": time.monotonic() - started,
    }
    client.loop_stop()
    print(json.dumps(result))


def grid(width: int, height: int, stride: int) -> np.ndarray:
    """Centres of the cells of one stride, [2, cells], pixels."""
    x, y = np.meshgrid(np.arange(width // stride), np.arange(height // stride))
    return (np.stack([x.ravel(), y.ravel()]) + 0.5) * stride


def detect(session, picture: np.ndarray, width: int, height: int, centres: np.ndarray) -> list[dict]:
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    pixels = np.full((1, height, width, 3), 114, np.uint8)
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    pixels[0, : size[1], : size[0]] = cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)
    logits, distances = session.run(["logits", "distances"], {"pixels": pixels})
    scores = 1 / (1 + np.exp(-logits[0]))
    classes, cells = np.nonzero(scores >= 0.1)
    left, top, right, bottom = distances[0][:, cells]
    x, y = centres[:, cells]
    boxes = np.stack([x - left, y - top, left + right, top + bottom], axis=1)
    kept = cv2.dnn.NMSBoxesBatched(boxes, scores[classes, cells], classes, 0.1, 0.6) if len(cells) else []
    return [
        {"class": int(classes[i]), "score": float(scores[classes[i], cells[i]]), "box": (boxes[i] / scale).tolist()}
        for i in kept
    ]


if __name__ == "__main__":
    main()
