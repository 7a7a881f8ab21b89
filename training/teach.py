"""Ask the teacher once about every packed picture and keep its answers beside the pixels."""

import dataclasses
import json
import time
from multiprocessing import Pool
from pathlib import Path

from minspnet.data import Store
from minspnet.settings import option, parse
from minspnet.teacher import Answers, Teacher, to_boxes


@dataclasses.dataclass(frozen=True)
class Settings:
    stores: tuple[str, ...] = option(("train", "more"), "stores under the cache folder")
    cache: str = option("training/cache", "folder of the stores")
    teacher: str = option("../shared/peers/picodet-s-416", "the teacher's .param and .bin")
    processes: int = option(2, "processes, one thread each")


def answer_some(job):
    """One process's share of a store: every `step`-th picture. Returns each one's boxes by its index."""
    folder, teacher_path, first, step = job
    store = Store(folder)
    answers = Answers(folder, len(store), "r+")
    teacher = Teacher(teacher_path)
    boxes = {}
    for index in range(first, len(store), step):
        answer = teacher(store.image(index))
        answers.put(index, answer)
        entry = store.entries[index]
        boxes[index] = to_boxes(answer, entry["width"], entry["height"])
    return boxes


def main(argv=None):
    settings = parse(Settings, argv, __doc__)
    for name in settings.stores:
        started = time.monotonic()
        folder = Path(settings.cache) / name
        count = len(Store(folder))
        Answers(folder, count, "w+")
        jobs = [(folder, settings.teacher, i, settings.processes) for i in range(settings.processes)]
        with Pool(settings.processes) as pool:
            boxes = {}
            for share in pool.map(answer_some, jobs):
                boxes |= share
        # Written last: its presence says that the answers are complete.
        (folder / "teacher-boxes.json").write_text(json.dumps([boxes[i] for i in range(count)]))
        print(f"{name}: {count} pictures in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
