"""The client for OpenAI-compatible endpoints, against a real HTTP server with faults."""

import math

import pytest

from tests.helpers import PATIENCE
from tests.servers.judge import FAULTS, Behaviour, JudgeServer, key_of
from tests.xl_alpacaeval_metric.clients.endpoint_client import KEY, ask, asks, client_of, is_verdict, probability
from xl_alpacaeval_metric.clients.base import Completion, Failure, Reply
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.errors import ModelUnavailable, UserError


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
    with client_of(server, retries=1, timeout=0.3 if fault == "silence" else PATIENCE) as client:
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


@pytest.mark.parametrize("concurrency", [0, 1001])
def test_concurrency_has_limits(concurrency: int) -> None:
    with pytest.raises(UserError, match="concurrency"):
        OpenAIClient("m", api_key=KEY, concurrency=concurrency)
