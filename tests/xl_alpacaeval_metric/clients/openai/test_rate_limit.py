"""Requests an endpoint at a time: concurrency, 429 and Retry-After."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.helpers import PATIENCE
from tests.servers.judge import Behaviour, JudgeServer
from tests.xl_alpacaeval_metric.clients.endpoint_client import asks, client_of, soon
from xl_alpacaeval_metric.clients.base import Completion
from xl_alpacaeval_metric.clients.openai.rate_limit import ConcurrencyLimiter, Waits, retry_after


async def steps() -> None:
    """Let the tasks go on until they wait."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_slot_is_not_lost_with_one_who_waited_for_it() -> None:
    async def run() -> None:
        limiter = ConcurrencyLimiter(1)
        await limiter.acquire()
        first, second = (asyncio.create_task(limiter.acquire()) for _ in range(2))
        await steps()
        limiter.rate_limited(sent=asyncio.get_running_loop().time(), pause=0.3)
        limiter.release()  # Wakes the first, who sleeps until the pause is over, and is called off meanwhile.
        await steps()
        first.cancel()
        await asyncio.wait_for(second, PATIENCE)

    asyncio.run(run())


def test_nothing_is_sent_before_retry_after_is_over(server: JudgeServer) -> None:
    with client_of(server, concurrency=4) as client:
        client.preflight()
        server.behaviour = Behaviour(capacity=0, retry_after="1")
        pending = client.complete(asks(12))
        soon(lambda: "429" in server.stats()["answers"], lambda: setattr(server, "behaviour", Behaviour()))
        assert all(isinstance(reply, Completion) for _, reply in pending)
    log = [(at, answer) for at, _, answer in server.seen.log[1:]]
    refused = [at for at, answer in log if answer == "429"]
    assert 1 <= len(refused) <= 4
    assert min(at for at, answer in log if answer == "answer") - refused[-1] >= 0.99


def test_concurrency_shrinks_under_a_limit_and_grows_back(server: JudgeServer) -> None:
    with client_of(server, concurrency=16) as client:
        client.preflight()
        server.behaviour = Behaviour(latency=0.01, capacity=4, retry_after="0.02")
        assert all(isinstance(reply, Completion) for _, reply in client.complete(asks(150)))
        refused = server.stats()["answers"]["429"]
        assert 12 <= refused < 75  # without shrinking, three requests of four are refused
        server.seen.max_in_flight = 0
        server.behaviour = Behaviour(latency=0.1)
        assert len(list(client.complete(asks(160, "more")))) == 160
        assert server.seen.max_in_flight == 16


def test_the_limit_halves_once_a_round_and_recovers_step_by_step() -> None:
    async def story() -> list[float]:
        limiter = ConcurrencyLimiter(16)
        sent = [await limiter.acquire() for _ in range(16)]
        limits = []
        for at in sent:
            limiter.release()
            limiter.rate_limited(at, 0.0)
        limits.append(limiter.limit)
        limiter.rate_limited(await limiter.acquire(), 0.0)
        limits.append(limiter.limit)
        for _ in range(4):
            limiter.succeeded()
        limits.append(round(limiter.limit, 1))
        for _ in range(100):
            limiter.succeeded()
        return [*limits, limiter.limit]

    assert asyncio.run(story()) == [8.0, 4.0, pytest.approx(5.7, abs=0.3), 16.0]


def test_reads_retry_after_in_all_its_forms() -> None:
    now = datetime.now(UTC)
    later = format_datetime(now + timedelta(seconds=20), usegmt=True)
    assert retry_after({}) is None
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({"retry-after": "2"}) == 2.0
    assert retry_after({"retry-after": "0.5"}) == 0.5
    assert retry_after({"retry-after": "-3"}) == 0.0
    assert retry_after({"retry-after": "nan"}) == 0.0
    assert retry_after({"retry-after": "86400"}) == 86400.0
    assert retry_after({"retry-after": later, "date": format_datetime(now, usegmt=True)}) == 20.0
    assert retry_after({"retry-after": later}) == pytest.approx(20.0, abs=5)
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


def test_rate_limits_without_an_end_are_said(server: JudgeServer, caplog: pytest.LogCaptureFixture) -> None:
    """At the eighth in a row, with their number and what waits."""
    with client_of(server, retries=0) as client:
        client.preflight()
        server.behaviour = Behaviour(capacity=0, retry_after="0")
        assert not any(isinstance(reply, Completion) for _, reply in client.complete(asks(9)))
    (said,) = [text for record in caplog.records if "times in a row" in (text := record.getMessage())]
    assert "429" in said
    assert "8 times in a row; 2 requests wait, the next attempt is in" in said


def test_a_long_wait_of_many_requests_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    waits = Waits()
    for _ in range(64):
        waits.asked("status 429", 20.0)
        waits.asked("status 429", 200.0)
    assert [record.getMessage() for record in caplog.records] == ["status 429; the next attempt is in 3 minutes"]
