"""A server that this process started, ended with it: the server, and all that it started itself.

The guard is a process of its own, since this one may be killed. A server on GPUs that is left
behind keeps their memory.

    python -m xl_alpacaeval_metric.processes.server_guard MARK SECONDS < pipe
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

SECONDS_TO_END = 5.0
"""Between the signal that asks a process to end and the one that ends it."""
_MARK = "XL_SUITE_SERVER_OF"
"""In the environment of a server that is being started: whose it is."""
_PACKAGES = str(Path(__file__).parents[2])


class ServerGuard:
    """Ends servers, and all below them, when `end` is called, or when this process ends.

    It is there before the server: what is started in the block `starting` is ended, too, where this
    process ends before `watch` names it.
    """

    def __init__(self, seconds: float = SECONDS_TO_END) -> None:
        self._seconds = seconds
        self._mark = uuid4().hex
        command = [sys.executable, "-P", "-m", __name__, self._mark, repr(seconds)]
        paths = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH", ""), _PACKAGES)))
        # In a session of its own, Ctrl-C does not reach it.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}, start_new_session=True
        )

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Processes that inherit this process's environment in the block are marked."""
        os.environ[_MARK] = self._mark
        try:
            yield
        finally:
            del os.environ[_MARK]

    def watch(self, pid: int) -> None:
        """Guard a process: a server may change the environment that it was started with."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(f"{pid} {_created(pid)!r}\n".encode())
                self._process.stdin.flush()

    def end(self) -> None:
        """End the processes, and return when they have ended; a second call does nothing."""
        if self._process.stdin is None or self._process.stdin.closed:
            return
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(3 * self._seconds + 30)


def end_tree(pid: int, created: float, seconds: float = SECONDS_TO_END) -> None:
    """End a process and all below it: by SIGTERM, and after some seconds by SIGKILL.

    `created` is when the process began: another process may have its number by now.
    """
    import psutil

    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        if root.create_time() == created:
            _end([root], seconds)


def _end(roots: Sequence[Any], seconds: float) -> None:
    """End these processes of psutil's and all below them."""
    import psutil

    processes = {one for root in roots for one in _with_children(root)}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, seconds)
    for process in alive:
        for one in _with_children(process):
            with suppress(psutil.NoSuchProcess):
                one.kill()
    psutil.wait_procs(alive, seconds)


def _with_children(process: Any) -> list[Any]:
    import psutil

    with suppress(psutil.NoSuchProcess):
        return [process, *process.children(recursive=True)]
    return [process]


def _marked(mark: str) -> Iterator[Any]:
    """The processes of this user that were started with the mark in their environment."""
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == mark:
                yield process


def _created(pid: int) -> float:
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:  # It has failed already.
        return 0.0


def main() -> None:
    """Wait until the parent closes the pipe or ends, then end the processes."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # Slurm and systemd send them to every process.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    mark, seconds = sys.argv[1], float(sys.argv[2])
    named = b""
    while read := os.read(0, 1024):
        named += read
    for line in named.decode().splitlines():
        pid, created = line.split()
        end_tree(int(pid), float(created), seconds)
    _end(list(_marked(mark)), seconds)


if __name__ == "__main__":
    main()
