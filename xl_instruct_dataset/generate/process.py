"""What a command, or a task in a process of its own, changes in its process, and puts back.

Nothing else in this package touches the interpreter or the process.
"""

import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

SWITCH_INTERVAL = 0.0005
"""Seconds for which a thread may keep the others waiting, a tenth of Python's default.

The client's thread must hand a reply on at once: while it waits, a slot of the endpoint is idle.
"""
GC_THRESHOLD = 20_000
"""New objects after which Python looks for garbage in cycles; the default is some hundreds.

A job makes hundreds of thousands of objects and hardly a cycle. With the default, the search takes
a second of each minute, in pauses of up to 0.15 s in which no request goes out.
"""
PARENT_CHECK = 0.25
"""Seconds between two looks at whether the block that watches the parent process is over."""


@contextmanager
def tuned_interpreter() -> Iterator[None]:
    """In the block threads switch more often, and garbage is collected less often, for speed."""
    interval, (threshold, *older) = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.set_threshold(GC_THRESHOLD, *older)
    try:
        yield
    finally:
        gc.set_threshold(threshold, *older)
        sys.setswitchinterval(interval)


@contextmanager
def task_process() -> Iterator[None]:
    """Prepare the process of a task: the tuned interpreter, and an end with its parent process.

    A worker whose command was killed must send no more requests.
    """
    with tuned_interpreter(), _ending_with_parent():
        yield


@contextmanager
def _ending_with_parent() -> Iterator[None]:
    """While the block runs, this process ends when the one that started it as a worker does."""
    import multiprocess.connection  # datatrove's, whose workers the standard library's module does not know.

    parent = multiprocess.parent_process()
    if parent is None:  # This is the command's own process, or one of a cluster's.
        yield
        return
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            if multiprocess.connection.wait([parent.sentinel], PARENT_CHECK):
                os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
    try:
        yield
    finally:
        over.set()


@contextmanager
def stderr_into(file: Path) -> Iterator[TextIO]:
    """Send standard error of this process, and of those that it starts, to a file in the block.

    Yields the old standard error.
    """
    sys.stderr.flush()
    shown = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    file.parent.mkdir(parents=True, exist_ok=True)
    old = sys.stderr
    with file.open("a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 2)
        sys.stderr = log
        try:
            yield shown
        finally:
            sys.stderr = old
            os.dup2(shown.fileno(), 2)
            shown.flush()
            # Not closed, since a progress bar may still hold it; it is closed when nothing does.
