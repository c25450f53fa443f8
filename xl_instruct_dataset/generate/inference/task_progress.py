"""How far the tasks are: each writes its count into a file, and whoever watches adds them up."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from xl_alpacaeval_metric.progress import Progress

EVERY = 0.5
"""Seconds between two writes of a count, and between two looks at them all."""


PROBLEM = ".problem"
RANK = 5 * "[0-9]"


class Counter:
    """The count of one task of a stage, in `folder/STAGE-RANK`, and beside it what ended the task early."""

    def __init__(self, folder: Path, stage: str, rank: int) -> None:
        self._file = folder / f"{stage}-{rank:05d}"
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
        """One more is done."""
        self._count += 1
        if time.monotonic() - self._written >= EVERY:
            self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        unfinished = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        unfinished.write_text(str(self._count))
        unfinished.replace(self._file)


def total(folder: Path, stage: str) -> int:
    """How many the tasks of a stage have done together."""
    counts = (file.read_text() for file in folder.glob(f"{stage}-{RANK}"))
    return sum(int(count) for count in counts if count.isdigit())


def problem(folder: Path, stage: str) -> str | None:
    """What ended a task of a stage early, where one was; of several the first."""
    files = sorted(folder.glob(f"{stage}-{RANK}{PROBLEM}"))
    return files[0].read_text(encoding="utf-8") if files else None


def reason_of(error: BaseException) -> str:
    """What went wrong, in one line, without what datatrove puts around it."""
    while not str(error).strip() and error.__cause__ is not None:
        error = error.__cause__
    inner = getattr(error, "error", error)
    if isinstance(inner, BaseException) and inner is not error:
        return reason_of(inner)
    text = " ".join(str(inner).split()) or type(error).__name__
    return text.removeprefix("Server encountered unrecoverable error: ")[:400]


@contextmanager
def watched(folder: Path, stage: str, of: int, progress: Progress) -> Iterator[None]:
    """Report the tasks' count while the block runs."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(EVERY):
            progress(stage, min(total(folder, stage), of), of)

    progress(stage, min(total(folder, stage), of), of)
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        progress(stage, min(total(folder, stage), of), of)
