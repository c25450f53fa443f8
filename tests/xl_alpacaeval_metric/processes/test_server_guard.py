"""A started server ends with the process that started it, however that one ends."""

import signal
import subprocess
import sys

import psutil
import pytest

from tests.helpers import ROOT
from tests.stubborn_server import STUBBORN, all_alive, none_alive
from xl_alpacaeval_metric.processes import server_guard
from xl_alpacaeval_metric.processes.server_guard import ServerGuard

STARTER = f"""
import os, subprocess, sys, time
from {server_guard.__name__} import ServerGuard
guard = ServerGuard(seconds=0.2)
bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with guard.starting():
    # Without the mark it is known by its number alone.
    marked = dict(os.environ) if sys.argv[1] == "unnamed" else {{}}
    server = subprocess.Popen({STUBBORN!r}, stdout=subprocess.PIPE, text=True, env=marked)
if sys.argv[1] == "named":
    guard.watch(server.pid)
print(bystander.pid, flush=True)
print(server.stdout.readline(), end="", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("how", "state"),
    [(signal.SIGKILL, "named"), (signal.SIGTERM, "named"), (signal.SIGINT, "named"), (signal.SIGKILL, "unnamed")],
)
def test_a_server_ends_with_the_process_that_started_it(how: signal.Signals, state: str) -> None:
    """Also where that ends while it starts the server; what else it had started is left alone."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, state], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    assert starter.stdout is not None
    bystander = psutil.Process(int(starter.stdout.readline()))
    pids = [int(number) for number in starter.stdout.readline().split()]
    assert all_alive(pids)
    starter.send_signal(how)
    starter.wait()
    starter.stdout.close()
    assert none_alive(pids)
    assert bystander.is_running()
    bystander.kill()


def test_a_guard_ends_a_server_once_and_no_other_process() -> None:
    with subprocess.Popen(STUBBORN, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pids = [int(number) for number in server.stdout.readline().split()]
        server_guard.end_tree(server.pid, 1.0, 0.1)
        assert all_alive(pids), "it began at another time"
        guard = ServerGuard(0.2)
        guard.watch(server.pid)
        guard.end()
        guard.end()
    assert none_alive(pids)
    server_guard.end_tree(server.pid, 1.0, 0.1)
    guard = ServerGuard(0.1)
    guard.watch(server.pid)
    guard.end()
