"""What a run leaves behind: settings, log, curve and checkpoints in one folder."""

import json
import subprocess
from pathlib import Path

import torch

LAST, BEST = "last.pt", "best.pt"


def commit():
    """The repository's commit, with + if files differ from it; "unknown" outside a repository."""

    def git(*arguments):
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", str(Path(__file__).parents[1]))
        return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
    except (subprocess.CalledProcessError, FileNotFoundError):
        return "unknown"


def save(path, state):
    """Write a checkpoint whole or not at all."""
    path = Path(path)
    half = path.with_suffix(".half")
    torch.save(state, half)
    half.replace(path)


class Log:
    """log.jsonl: one JSON object a line, as it happens."""

    def __init__(self, folder):
        self.path = Path(folder) / "log.jsonl"

    def write(self, **row):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def rows(self):
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]


def _pyplot():
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def draw_scores(folder):
    """curve.png of a loop's run: its loss, and every number that its looks noted of the averaged weights."""
    pyplot, rows = _pyplot(), Log(folder).rows()
    trained = [row for row in rows if "loss" in row]
    judged = [row for row in rows if row.get("weights") == "averaged"]
    figure, (losses, scores) = pyplot.subplots(1, 2, figsize=(12, 4.5))
    losses.plot([row["step"] for row in trained], [row["loss"] for row in trained])
    losses.set(xlabel="step", title="loss")
    for name in [name for name in (judged or [{}])[0] if name not in ("step", "weights")]:
        scores.plot([row["step"] for row in judged], [row[name] for row in judged], marker="o", label=name)
    scores.set(xlabel="step", title="val", ylim=(0, 1))
    if judged:
        scores.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(Path(folder) / "curve.png", dpi=80)
    pyplot.close(figure)


def draw_curve(folder):
    """curve.png: losses and AP over the steps of log.jsonl."""
    pyplot, rows = _pyplot(), Log(folder).rows()
    trained = [row for row in rows if "loss" in row]
    judged = [row for row in rows if "ap50" in row]
    figure, (losses, scores) = pyplot.subplots(1, 2, figsize=(12, 4.5))
    names = sorted({name for row in trained for name in row["parts"]})
    for name in names:
        losses.plot([r["step"] for r in trained], [r["parts"].get(name) for r in trained], label=name)
    losses.set(xlabel="step", title="loss parts", ylim=(0, None))
    losses.legend()
    for key in ("ap50", "ap"):
        scores.plot([row["step"] for row in judged], [row[key] for row in judged], marker="o", label=key)
    scores.set(xlabel="step", title="val", ylim=(0, None))
    scores.legend()
    figure.tight_layout()
    figure.savefig(Path(folder) / "curve.png", dpi=80)
    pyplot.close(figure)
