"""What measuring commands note and the card is made from: {"accuracy": [...], "latencyRatio": {...},
"calibration": {...}}."""

import json
from pathlib import Path


def read(path):
    path = Path(path)
    return json.loads(path.read_text()) if path.exists() else {"accuracy": [], "latencyRatio": {}}


def _write(path, measured):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(measured, indent=2) + "\n")


def _record_row(path, part, row):
    """Add a row to a list; one with the same set, size, precision and tool is replaced."""

    def key(r):
        return (r["set"], tuple(r["size"]), r["precision"], r.get("measuredBy", ""))

    measured = read(path)
    rows = [old for old in measured.get(part, []) if key(old) != key(row)]
    _write(path, measured | {part: sorted([*rows, row], key=key)})


def record_accuracy(path, row):
    _record_row(path, "accuracy", row)


def record_alarms(path, row):
    _record_row(path, "falseAlarms", row)


def record_latency(path, name, row):
    measured = read(path)
    measured["latencyRatio"][name] = row
    _write(path, measured)


def record_value(path, name, value):
    """Replace a part that is measured at once."""
    _write(path, read(path) | {name: value})


def record_calibration(path, rows):
    """Replace the calibration: {class: {"temperature", "bias", "minScore"}}."""
    record_value(path, "calibration", rows)
