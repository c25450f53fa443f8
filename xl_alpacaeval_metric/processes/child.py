"""A child process that ends with this one, however this one ends."""

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

SECONDS_TO_END = 10.0
"""For a child that was told to terminate, before it is killed."""


@contextmanager
def running(
    command: Sequence[str],
    *,
    stdout: int | IO[str] | None = None,
    stderr: int | None = None,
    environment: Mapping[str, str] | None = None,
    cwd: str | None = None,
) -> Iterator["subprocess.Popen[str]"]:
    """Run a command in the block; it has ended when the block is left.

    Its standard input is a pipe from this process that is closed when this process ends, even by a
    kill; a child that calls `end_with_parent` ends then.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, **(environment or {})},
        cwd=cwd,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdin is not None:
            process.stdin.close()


def end_with_parent() -> None:
    """Have this process, a child by `running`, end at once when its parent does."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
