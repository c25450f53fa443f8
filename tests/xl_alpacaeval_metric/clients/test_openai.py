"""The client for OpenAI-compatible endpoints, against a real HTTP server with faults."""

import asyncio
import json
import logging
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.judge import FAULTS, Behaviour, JudgeServer, hash_verdict, key_of
from xl_alpacaeval_metric.clients.base import Completion, Failure, Reply, Request
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.clients.openai.probe import PROBE
from xl_alpacaeval_metric.clients.openai.protocol import Fault, read_reply
from xl_alpacaeval_metric.clients.openai.rate_limit import LONGEST_PAUSE, ConcurrencyLimiter, retry_after
from xl_alpacaeval_metric.errors import ModelUnavailable, UserError

KEY = "sk-very-secret-key"


def ask(text: str, **changes: Any) -> Request:
    return Request(
        **{"messages": ({"role": "user", "content": text},), "max_tokens": 1, "choices": ("A", "B"), **changes}
    )


def asks(n: int, prefix: str = "pair") -> list[Request]:
    return [ask(f"{prefix} {i}") for i in range(n)]


def probability(request: Request) -> float:
    return hash_verdict({"messages": request.messages})


def is_verdict(completion: Completion) -> bool:
    return completion.text.strip() in ("A", "B")


@contextmanager
def client_of(server: JudgeServer, **options: Any) -> Iterator[OpenAIClient]:
    options = {"concurrency": 8, "timeout": 5.0, "api_key": KEY, **options}
    with closing(OpenAIClient("m", base_url=server.url, **options)) as client:
        yield client


def soon(condition: Callable[[], bool], action: Callable[[], None]) -> None:
    """Act in the background, a little after the condition holds."""

    def wait() -> None:
        while not condition():
            time.sleep(0.01)
        time.sleep(0.1)
        action()

    threading.Thread(target=wait, daemon=True).start()


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with JudgeServer() as server:
        yield server


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


# Replies


def test_sums_the_spellings_of_each_choice(server: JudgeServer) -> None:
    requests = asks(30)
    with client_of(server) as client:
        replies = dict(client.complete(requests))
    assert len(replies) == 30
    for index, request in enumerate(requests):
        p, reply = probability(request), replies[index]
        assert isinstance(reply, Completion)
        assert reply.text == ("A" if p > 0.5 else "B")
        assert reply.logprobs == pytest.approx({"A": math.log(0.9 * p), "B": math.log(0.9 * (1 - p))})
        assert (reply.prompt_tokens > 0, reply.completion_tokens, reply.retries, reply.cached) == (True, 1, 0, False)


def test_identical_requests_are_sent_once(server: JudgeServer) -> None:
    requests = [ask("same"), ask("other"), ask("same"), ask("same")]
    with client_of(server) as client:
        replies = dict(client.complete(requests))
    assert server.seen.keys[key_of(requests[0].messages)] == 1
    original, *copies = (reply for index, reply in sorted(replies.items()) if index != 1)
    assert isinstance(original, Completion)
    assert not original.cached
    for copy in copies:
        assert isinstance(copy, Completion)
        assert (copy.text, copy.logprobs) == (original.text, original.logprobs)
        assert (copy.cached, copy.prompt_tokens, copy.completion_tokens) == (True, 0, 0)


def test_fills_every_slot_and_never_more(server: JudgeServer) -> None:
    server.behaviour = Behaviour(latency=0.15)
    with client_of(server) as client:
        assert len(list(client.complete(asks(24)))) == 24
    assert server.seen.max_in_flight == 8


def test_no_requests() -> None:
    with JudgeServer() as server, client_of(server) as client:
        assert list(client.complete([])) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "logprobs", "top_logprobs", "token", "logprob", "usage", "error"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json_values, st.integers(0, 200))
def test_any_reply_is_a_completion_or_a_fault(value: object, cut: int) -> None:
    for text in (json.dumps(value), json.dumps(value)[:cut], json.dumps({"choices": [value]})):
        assert isinstance(read_reply(text, ("A", "B")), Completion | Fault)


def test_a_refusal_is_final() -> None:
    reply = {"choices": [{"message": {"content": None, "refusal": "I cannot."}}]}
    outcome = read_reply(json.dumps(reply), ())
    assert isinstance(outcome, Fault)
    assert outcome.kind == "refused"


# Faults


def test_two_thousand_pairs_despite_faults(server: JudgeServer) -> None:
    requests = asks(2000)
    server.behaviour = Behaviour(fault_rate=0.1, retry_after="0.05")
    with client_of(server, concurrency=64, timeout=0.8) as client:
        replies = list(client.complete(requests, is_verdict))
    assert sorted(index for index, _ in replies) == list(range(2000))
    wins = 0
    for index, reply in replies:
        assert isinstance(reply, Completion), reply
        assert (reply.text == "A") == (probability(requests[index]) > 0.5)
        wins += reply.text == "A"
    assert wins == sum(probability(request) > 0.5 for request in requests)
    sent = sum(server.seen.keys[key_of(request.messages)] for request in requests)
    assert sum(reply.retries for _, reply in replies) == sent - 2000
    assert set(server.stats()["answers"]) == {"answer", *FAULTS}
    # A silent request that the client gave up may still be open here when the next one arrives.
    assert server.seen.max_in_flight <= 64 + server.stats()["answers"]["silence"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("rate_limit", "status 429: Rate limit reached."),
        ("error", "status 500: The server had an error."),
        ("drop", "connection dropped"),
        ("html", "a page of HTML"),
        ("empty", "JSON without choices"),
        ("cut", "broken JSON"),
        ("nonsense", "no usable answer in 'I am not sure.'"),
        ("silence", "no answer within 0.3 s"),
    ],
)
def test_a_fault_that_stays_is_a_missing_reply_with_its_reason(server: JudgeServer, fault: str, reason: str) -> None:
    with client_of(server, retries=1, timeout=0.3) as client:
        client.preflight()
        server.behaviour = Behaviour(fault_rate=1.0, faults=(fault,), retry_after="0")
        [(_, reply)] = client.complete([ask("q")], is_verdict)
        assert isinstance(reply, Failure)
        assert (reply.kind, reply.retries) == ("gave_up", 1)
        assert reply.reason.startswith(reason)
        assert "2 attempts" in reply.reason
        server.behaviour = Behaviour()
        [(_, reply)] = client.complete([ask("q")], is_verdict)
        assert isinstance(reply, Completion)


def test_what_one_request_did_wrong_fails_it_alone_and_at_once(server: JudgeServer) -> None:
    server.behaviour = Behaviour(marker="POISON")
    requests = [*asks(5), ask("POISON"), ask("half a pair \ud83d")]
    with client_of(server) as client:
        replies = dict(client.complete(requests))
    assert server.seen.keys[key_of(requests[5].messages)] == 1
    assert replies[5] == Failure(
        "refused", "status 400: This model's maximum context length is 8192 tokens. (messages)"
    )
    assert isinstance(replies[6], Failure)
    assert replies[6].kind == "refused"
    assert all(isinstance(replies[i], Completion) for i in range(5))


def test_a_slot_is_not_lost_with_one_who_waited_for_it() -> None:
    async def run() -> None:
        limiter = ConcurrencyLimiter(1)
        await limiter.acquire()
        first, second = (asyncio.create_task(limiter.acquire()) for _ in range(2))
        await asyncio.sleep(0.01)
        limiter.rate_limited(sent=asyncio.get_running_loop().time(), pause=0.05)
        limiter.release()  # Wakes the first, who sleeps until the pause is over, and is called off meanwhile.
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.wait_for(second, 2)

    asyncio.run(run())


def test_a_403_is_about_its_request_where_another_is_answered(server: JudgeServer) -> None:
    server.behaviour = Behaviour(marker="POISON", marker_status=403)
    requests = [*asks(3), *(ask(f"POISON {number}") for number in range(5)), *asks(6)[3:]]
    with client_of(server) as client:
        replies = dict(client.complete(requests))
    for index, reply in replies.items():
        if 3 <= index < 8:
            assert reply == Failure("refused", "status 403: The message is not allowed. (messages)")
        else:
            assert isinstance(reply, Completion)


def test_a_403_is_about_all_requests_where_no_other_is_answered(server: JudgeServer) -> None:
    with client_of(server, concurrency=1) as client:
        client.preflight()
        server.behaviour = Behaviour(ends_after=3, ends_with=403)
        replies = client.complete(asks(20))
        for _ in range(2):
            assert isinstance(next(replies)[1], Completion)
        # Not one request is taken for refused: each can be asked again.
        with pytest.raises(ModelUnavailable, match="403"):
            list(replies)


# Judges that cannot be asked


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (Behaviour(key="another"), "401: Incorrect API key provided: \\*\\*\\*.; check OPENAI_API_KEY"),
        (Behaviour(models=("n",)), "404: The model `m` does not exist"),
        (Behaviour(ends_after=0, ends_with=403), "403"),
        (Behaviour(ends_after=0, ends_with=402), "402"),
        (Behaviour(marker="letter"), "400: This model's maximum"),
        (Behaviour(fault_rate=1.0, faults=("html",)), "a page of HTML instead of JSON"),
        (Behaviour(fault_rate=1.0, faults=("error",)), "500"),
        (Behaviour(fault_rate=1.0, faults=("rate_limit",), retry_after="1000"), "429"),
        (Behaviour(fault_rate=1.0, faults=("silence",)), "no answer within"),
        (Behaviour(reasoning=True), "reasoning"),
    ],
)
def test_preflight_ends_with_one_clear_line(server: JudgeServer, behaviour: Behaviour, says: str) -> None:
    server.behaviour = behaviour
    with client_of(server, preflight_timeout=0.6) as client:
        with pytest.raises(ModelUnavailable, match=says) as caught:
            client.preflight()
        assert "\n" not in str(caught.value)
        assert KEY not in str(caught.value)
        assert f"openai/m at {server.url}" in str(caught.value)


def test_preflight_does_not_wait_for_nobody() -> None:
    with JudgeServer() as server:
        url = server.url
    with closing(OpenAIClient("m", base_url=url, preflight_timeout=1000.0)) as client:
        for ask_it in (client.preflight, lambda: list(client.complete(asks(3)))):
            with pytest.raises(ModelUnavailable, match=f"openai/m at {url}: no connection.*; check the base URL"):
                ask_it()


@pytest.mark.parametrize("status", [401, 404])
def test_the_run_ends_when_no_request_can_succeed(server: JudgeServer, status: int) -> None:
    with client_of(server) as client:
        client.preflight()
        server.behaviour = Behaviour(latency=0.02, ends_after=20, ends_with=status)
        replies: list[tuple[int, Reply]] = []
        with pytest.raises(ModelUnavailable, match=f"status {status}: The service has ended"):
            replies.extend(client.complete(asks(200)))
    assert all(isinstance(reply, Completion) for _, reply in replies)
    assert 0 < len(replies) < 20
    assert len(server.seen.log) <= 20 + 8


def test_the_probe_survives_passing_faults(server: JudgeServer) -> None:
    with client_of(server) as client:
        for fault in ("drop", "html", "nonsense", "empty"):
            for seed in range(4):
                server.behaviour = Behaviour(fault_rate=0.3, seed=seed, faults=(fault,))
                client.preflight()
                assert client.identity["top_logprobs"] == 20
    assert server.stats()["answers"].keys() == {"answer", "drop", "html", "nonsense", "empty"}


@pytest.mark.parametrize("address", ["localhost:8000/v1", "ftp://host/v1", "http://", "http://host:port/v1"])
def test_a_wrong_address_is_told_at_once(address: str) -> None:
    with pytest.raises(ModelUnavailable, match="not an address such as"):
        OpenAIClient("m", base_url=address)


def test_needs_a_key_or_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnavailable, match="OPENAI_API_KEY"):
        OpenAIClient("m")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1/")
    assert OpenAIClient("m").identity["endpoint"] == "http://127.0.0.1:1/v1"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-\u00e9\u00e9\u00e9")
    with pytest.raises(ModelUnavailable, match="characters that no key has"):
        OpenAIClient("m")


@pytest.mark.parametrize("concurrency", [0, 1001])
def test_concurrency_has_limits(concurrency: int) -> None:
    with pytest.raises(UserError, match="concurrency"):
        OpenAIClient("m", api_key=KEY, concurrency=concurrency)


# What endpoints do not take


def test_parameters_that_the_endpoint_refuses_are_left_out(server: JudgeServer) -> None:
    server.behaviour = Behaviour(refuses=("max_tokens", "temperature"), max_top_logprobs=5)
    with client_of(server) as client:
        client.preflight()
        assert client.identity["top_logprobs"] == 5
        assert client.identity["temperature"] == "the endpoint's own"
        probes = len(server.seen.log)
        [(_, reply)] = client.complete([ask("q")])
        assert len(server.seen.log) == probes + 1
    assert isinstance(reply, Completion)
    assert reply.logprobs is not None
    body = server.seen.last_body
    assert {key: body[key] for key in body.keys() - {"model", "messages"}} == {
        "max_completion_tokens": 1,
        "logprobs": True,
        "top_logprobs": 5,
    }


@pytest.mark.parametrize("behaviour", [Behaviour(logprobs=False), Behaviour(refuses=("logprobs",))])
def test_without_logprobs_the_verdict_is_asked_for_as_text(server: JudgeServer, behaviour: Behaviour) -> None:
    server.behaviour = behaviour
    with client_of(server, verdict_tokens=12) as client:
        [(_, reply)] = client.complete([ask("q")])
        assert client.identity["verdict_tokens"] == 12
        assert isinstance(reply, Completion)
        assert reply.logprobs is None
        assert reply.text == ("A" if probability(ask("q")) > 0.5 else "B")
        assert server.seen.last_body["max_tokens"] == 12
        assert "logprobs" not in server.seen.last_body
        list(client.complete([ask("essay", choices=(), max_tokens=300, temperature=0.7)]))
        assert (server.seen.last_body["max_tokens"], server.seen.last_body["temperature"]) == (300, 0.7)


def test_a_schema_is_sent_unless_refused(server: JudgeServer) -> None:
    schema = {"type": "object", "properties": {"score": {"type": "integer"}}}
    request = ask("score it", choices=(), max_tokens=50, json_schema=schema)
    with client_of(server) as client:
        list(client.complete([request]))
        assert server.seen.last_body["response_format"]["json_schema"]["schema"] == schema
        server.behaviour = Behaviour(refuses=("response_format",))
        [(_, reply)] = client.complete([request])
        assert isinstance(reply, Completion)
        assert reply.retries == 0
        assert "response_format" not in server.seen.last_body
        sent = len(server.seen.log)
        list(client.complete([request]))
        assert len(server.seen.log) == sent + 1


# Pace


def test_nothing_is_sent_before_retry_after_is_over(server: JudgeServer) -> None:
    with client_of(server, concurrency=4) as client:
        client.preflight()
        server.behaviour = Behaviour(capacity=0, retry_after="0.4")
        pending = client.complete(asks(12))
        soon(lambda: "429" in server.stats()["answers"], lambda: setattr(server, "behaviour", Behaviour()))
        assert all(isinstance(reply, Completion) for _, reply in pending)
    log = [(at, answer) for at, _, answer in server.seen.log[1:]]
    refused = [at for at, answer in log if answer == "429"]
    assert 1 <= len(refused) <= 4
    assert min(at for at, answer in log if answer == "answer") - refused[-1] >= 0.39


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
    assert retry_after({"retry-after": "86400"}) == LONGEST_PAUSE
    assert retry_after({"retry-after": later, "date": format_datetime(now, usegmt=True)}) == 20.0
    assert retry_after({"retry-after": later}) == pytest.approx(20.0, abs=5)
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


# Threads


def worker_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("requests to")]


def test_a_caller_that_stops_early_stops_the_requests(server: JudgeServer) -> None:
    server.behaviour = Behaviour(latency=0.02)
    with client_of(server) as client:
        replies = client.complete(asks(500))
        next(replies)
        replies.close()
        sent = len(server.seen.log)
        assert sent < 60
        assert len(list(client.complete(asks(10, "later")))) == 10
        assert len(server.seen.log) <= sent + 10 + 8
        assert worker_threads()
    assert not worker_threads()
    client.close()


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
    run = subprocess.run(
        [sys.executable, "-W", "always", "-c", FORGETFUL, server.url], capture_output=True, text=True, timeout=30
    )
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
    command = [sys.executable, "-W", "always", "-W", "ignore::DeprecationWarning", "-c", FORKING, server.url]
    command += [str(tmp_path / "cache.sqlite")] if cached else []
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
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


# Secrets


def test_secrets_are_sent_and_never_shown(server: JudgeServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    address = server.url.replace("http://", "http://someone:p4ssw0rd@") + "?token=t0ken-value&api-version=1"
    with closing(OpenAIClient("m", base_url=address, api_key=KEY)) as client:
        list(client.complete(asks(2)))
        assert "token=t0ken-value" in server.seen.last_path
        assert server.seen.last_headers["authorization"] == "Basic c29tZW9uZTpwNHNzdzByZA=="
        server.behaviour = Behaviour(key="another")
        with pytest.raises(ModelUnavailable, match="401") as caught:
            client.preflight()
        shown = f"{client.spec} {client.identity} {client!r} {client._endpoint!r} {caught.value} {caplog.text}"
    assert client.identity["endpoint"] == server.url
    for secret in (KEY, "p4ssw0rd", "t0ken-value", "c29tZW9uZTpwNHNzdzByZA"):
        assert secret not in shown


def test_the_key_is_sent(server: JudgeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.behaviour = Behaviour(key=KEY)
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    with closing(OpenAIClient("m")) as client:
        client.preflight()
        assert server.seen.last_body["messages"] == [dict(message) for message in PROBE.messages]


def test_an_address_or_header_that_http_cannot_carry_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnavailable, match="is not an address"):
        OpenAIClient("m", base_url="http://..../v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "a\nb")
    with pytest.raises(ModelUnavailable, match="OPENAI_ORG_ID holds characters"):
        OpenAIClient("m", base_url="http://127.0.0.1:9/v1")
