"""How far the tasks are: each writes its count into a file, and the command adds them up."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from xl_alpacaeval_metric.progress import Progress
from xl_instruct_dataset.generate.inference.errors import reason_of

INTERVAL = 0.5
"""Seconds between two writes of a task's count, and between two reads of all counts."""
PROBLEM = ".problem"
RANK = 5 * "[0-9]"
"""The number of a task in a file's name, as a pattern."""


class TaskCounter:
    """The count of one task of a phase, in `folder/PHASE-RANK`, and what ended the task early.

    They are files, since a task may run on another machine.
    """

    def __init__(self, folder: Path, phase: str, rank: int) -> None:
        self._file = folder / f"{phase}-{rank:05d}"
        self._problem = self._file.with_suffix(PROBLEM)
        self._count, self._written = 0, 0.0

    def __enter__(self) -> Self:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._problem.unlink(missing_ok=True)
        self._write()
        return self

    def __exit__(self, kind: object, error: BaseException | None, *_: object) -> None:
        self._write()
        if error is not None:
            self._problem.write_text(reason_of(error), encoding="utf-8")

    def add(self) -> None:
        """Count one more document."""
        self._count += 1
        if time.monotonic() - self._written >= INTERVAL:
            self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        unfinished = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        unfinished.write_text(str(self._count))
        unfinished.replace(self._file)


def total(folder: Path, phase: str) -> int:
    """How many documents the tasks of a phase have done together."""
    counts = (file.read_text() for file in folder.glob(f"{phase}-{RANK}"))
    return sum(int(count) for count in counts if count.isdigit())


def problem(folder: Path, phase: str) -> str | None:
    """What ended a task of a phase early, of several the first; None where nothing did."""
    files = sorted(folder.glob(f"{phase}-{RANK}{PROBLEM}"))
    return files[0].read_text(encoding="utf-8") if files else None


@contextmanager
def watched(folder: Path, phase: str, of: int, progress: Progress) -> Iterator[None]:
    """Report how many of the `of` documents the phase has done, while the block runs."""
    over = threading.Event()

    def report() -> None:
        progress(phase, min(total(folder, phase), of), of)

    def watch() -> None:
        while not over.wait(INTERVAL):
            report()

    report()
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        report()
