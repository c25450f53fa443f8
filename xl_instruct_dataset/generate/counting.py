"""How far the tasks are: each writes its count into a file, and whoever watches adds them up."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

EVERY = 0.5
"""Seconds between two writes of a count, and between two looks at them all."""


class Counter:
    """The count of one task of a stage, in `folder/STAGE-RANK`."""

    def __init__(self, folder: Path, stage: str, rank: int) -> None:
        self._file = folder / f"{stage}-{rank:05d}"
        self._count, self._written = 0, 0.0

    def __enter__(self) -> Self:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._write()
        return self

    def __exit__(self, *_: object) -> None:
        self._write()

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
    counts = (file.read_text() for file in folder.glob(f"{stage}-[0-9]*"))
    return sum(int(count) for count in counts if count.isdigit())


@contextmanager
def watched(folder: Path, stage: str, of: int, progress: Callable[[str, int, int], None]) -> Iterator[None]:
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
