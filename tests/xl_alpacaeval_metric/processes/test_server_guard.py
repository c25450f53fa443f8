"""A started server ends with the process that started it, however that one ends."""

import signal
import subprocess
import sys

import pytest

from tests.helpers import ROOT
from tests.stubborn_server import STUBBORN, all_alive, none_alive
from xl_alpacaeval_metric.processes import server_guard
from xl_alpacaeval_metric.processes.server_guard import ServerGuard

STARTER = f"""
import subprocess, time
from {server_guard.__name__} import ServerGuard
server = subprocess.Popen({STUBBORN!r}, stdout=subprocess.PIPE, text=True)
guard = ServerGuard(server.pid, seconds=0.2)
print(server.stdout.readline(), end="", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_with_the_process_that_started_it(how: signal.Signals) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    assert starter.stdout is not None
    pids = [int(number) for number in starter.stdout.readline().split()]
    assert all_alive(pids)
    starter.send_signal(how)
    starter.wait()
    starter.stdout.close()
    assert none_alive(pids)


def test_a_guard_ends_a_server_once_and_no_other_process() -> None:
    with subprocess.Popen(STUBBORN, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pids = [int(number) for number in server.stdout.readline().split()]
        server_guard.end_tree(server.pid, 1.0, 0.1)
        assert all_alive(pids), "it began at another time"
        guard = ServerGuard(server.pid, 0.2)
        guard.end()
        guard.end()
    assert none_alive(pids)
    server_guard.end_tree(server.pid, 1.0, 0.1)
    ServerGuard(server.pid, 0.1).end()
