"""Callers that stop, interrupt, fork or run event loops of their own."""

import asyncio
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.helpers import PATIENCE, wait_until
from tests.servers.judge import Behaviour, JudgeServer
from tests.xl_alpacaeval_metric.clients.endpoint_client import ask, asks, client_of, soon
from xl_alpacaeval_metric.clients.base import Completion, Outcome
from xl_alpacaeval_metric.errors import ModelUnavailable


def worker_threads() -> set[threading.Thread]:
    """The threads of clients, those of clients that other tests left open among them."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("requests to")}


def test_a_caller_that_stops_early_stops_the_requests(server: JudgeServer) -> None:
    server.behaviour = Behaviour(latency=0.02)
    others = worker_threads()
    with client_of(server) as client:
        replies = client.complete(asks(500))
        next(replies)
        replies.close()  # type: ignore[attr-defined]
        sent = len(server.seen.log)
        assert sent < 60
        assert len(list(client.complete(asks(10, "later")))) == 10
        assert len(server.seen.log) <= sent + 10 + 8
        assert worker_threads() - others
    assert not worker_threads() - others
    client.close()


WARNINGS = ("-W", "always", "-W", "ignore::DeprecationWarning")
"""All but that of newer Pythons about a fork beside threads, which is what is tested here."""
FORGETFUL = """
import os, sys
from xl_alpacaeval_metric.clients.base import Request
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
client = OpenAIClient("m", base_url=sys.argv[1])
replies = client.complete([Request(({"role": "user", "content": str(i)},), 1, choices=("A", "B")) for i in range(99)])
next(replies)
if os.fork() == 0:
    sys.exit()
os.wait()
print("done")
"""


def test_a_client_that_is_never_closed_ends_with_its_program_in_silence(server: JudgeServer) -> None:
    server.behaviour = Behaviour(latency=0.02)
    command = [sys.executable, *WARNINGS, "-c", FORGETFUL, server.url]
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (run.stdout, run.stderr, run.returncode) == ("done\n", "", 0)


FORKING = """
import multiprocessing, sys
from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.cache import CachedClient
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient

client = OpenAIClient("m", base_url=sys.argv[1], concurrency=2)
if len(sys.argv) == 3:
    client = CachedClient(client, sys.argv[2])

def usable(name):
    requests = [Request(({"role": "user", "content": f"{name} {i}"},), 1, choices=("A", "B")) for i in range(9)]
    return sum(isinstance(reply, Completion) for _, reply in client.complete(requests))

print(usable("before"))
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(usable, ["one", "two", "three"], chunksize=1))
print(usable("after"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize("cached", [False, True])
def test_a_client_that_was_used_works_in_a_forked_pool(cached: bool, server: JudgeServer, tmp_path: Path) -> None:
    command = [sys.executable, *WARNINGS, "-c", FORKING, server.url]
    command += [str(tmp_path / "cache.sqlite")] if cached else []
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (run.stdout, run.stderr, run.returncode) == ("9\n[9, 9, 9]\n9\n", "", 0)
    assert len(server.seen.log) == 1 + 5 * 9, "the probe, and each request once"


def test_replies_that_nobody_deals_with_hold_back_the_next_requests(server: JudgeServer) -> None:
    with client_of(server, concurrency=4) as client:
        replies = client.complete(asks(100))
        for dealt_with in range(3):
            next(replies)
            time.sleep(0.1)
            assert len(server.seen.log) <= 1 + dealt_with + 4


def test_ctrl_c_cancels_what_is_in_flight(server: JudgeServer) -> None:
    with client_of(server) as client:
        client.preflight()
        server.behaviour = Behaviour(fault_rate=1.0, faults=("silence",))
        soon(lambda: server.seen.in_flight == 8, lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            list(client.complete(asks(50)))
        assert len(server.seen.log) == 1 + 8
        server.behaviour = Behaviour()
        assert len(list(client.complete(asks(3)))) == 3


def test_works_inside_a_running_loop_and_inside_itself(server: JudgeServer) -> None:
    async def cell() -> list[int]:
        with client_of(server, concurrency=1) as client:
            return [
                len(list(client.complete([ask(f"follow-up {index}")])))
                for index, _ in client.complete(asks(5, "outer"))
            ]

    assert asyncio.run(cell()) == [1] * 5


def test_an_error_of_the_caller_comes_back_to_it(server: JudgeServer) -> None:
    def is_usable(completion: Completion) -> bool:
        raise ZeroDivisionError("in accept")

    with client_of(server) as client, pytest.raises(ZeroDivisionError, match="in accept"):
        list(client.complete(asks(20), is_usable))


def test_the_end_of_a_stream_cancels_what_is_in_flight(server: JudgeServer) -> None:
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    with client_of(server) as client:
        client.preflight()
        server.behaviour = Behaviour(fault_rate=1.0, faults=("silence",))
        with client.stream(outcomes.put) as stream:
            stream.send(list(enumerate(asks(50))))
            wait_until(lambda: server.seen.in_flight == 8)
        assert isinstance(outcomes.get(timeout=PATIENCE), RuntimeError)
        assert outcomes.empty()
        assert len(server.seen.log) == 1 + 8


def test_a_stream_ends_with_the_error_after_which_nothing_is_answered(server: JudgeServer) -> None:
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    with client_of(server) as client:
        client.preflight()
        with client.stream(outcomes.put) as stream:
            stream.send(list(enumerate(asks(2))))
            assert {outcomes.get(timeout=PATIENCE)[0] for _ in range(2)} == {0, 1}  # type: ignore[index]
            server.change(ends_after=0, ends_with=401)
            stream.send([(2, ask("later"))])
            error = outcomes.get(timeout=PATIENCE)
            assert isinstance(error, ModelUnavailable)
            stream.send([(3, ask("too late"))])
        assert outcomes.empty()


def test_replies_of_a_stream_that_are_not_stored_hold_back_the_next_requests(server: JudgeServer) -> None:
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    with client_of(server, concurrency=4) as client, client.stream(outcomes.put) as stream:
        stream.send(list(enumerate(asks(100))))
        for stored in range(3):
            wait_until(lambda stored=stored: len(server.seen.log) == 1 + 4 + stored)  # type: ignore[misc]
            wait_until(lambda: server.seen.in_flight == 0)
            outcome = outcomes.get(timeout=PATIENCE)
            assert not isinstance(outcome, Exception)
            stream.stored(outcome[0])
