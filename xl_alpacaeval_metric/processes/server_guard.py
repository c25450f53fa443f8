"""A server that this process started, ended with it: the server, and all that it started itself.

The guard is a process of its own, since this one may be killed. A server on GPUs that is left
behind keeps their memory.

    python -m xl_alpacaeval_metric.processes.server_guard PID CREATED SECONDS < pipe
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

SECONDS_TO_END = 5.0
"""Between the signal that asks a process to end and the one that ends it."""
_PACKAGES = str(Path(__file__).parents[2])


class ServerGuard:
    """Ends a process and those below it when `end` is called, or when this process ends."""

    def __init__(self, pid: int, seconds: float = SECONDS_TO_END) -> None:
        self._seconds = seconds
        command = [sys.executable, "-P", "-m", __name__, str(pid), repr(_created(pid)), repr(seconds)]
        paths = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH", ""), _PACKAGES)))
        # In a session of its own, Ctrl-C does not reach it.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}, start_new_session=True
        )

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

    try:
        root = psutil.Process(pid)
        if root.create_time() != created:
            return
        processes = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, seconds)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            for one in (process, *process.children(recursive=True)):
                one.kill()
    psutil.wait_procs(alive, seconds)


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
    while os.read(0, 1024):
        pass
    end_tree(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))


if __name__ == "__main__":
    main()
