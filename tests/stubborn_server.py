"""A process in the place of a server: it ignores SIGTERM, and has a child that does so, too.

It writes the numbers of both, and sleeps.
"""

import sys
from collections.abc import Sequence

import psutil

_CODE = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"],
    stdout=subprocess.PIPE)
child.stdout.readline()
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
STUBBORN = (sys.executable, "-c", _CODE)


def all_alive(pids: Sequence[int]) -> bool:
    """Whether all of these processes run."""
    return len(pids) > 1 and all(map(psutil.pid_exists, pids))


def none_alive(pids: Sequence[int], seconds: float = 60.0) -> bool:
    """Whether none of these processes runs after some seconds; returns as soon as that is so."""
    running = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(running, seconds)
    return not alive
