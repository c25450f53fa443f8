"""The contract of `clients.base`, kept by every client, alone and behind the cache."""

import json
import math
import queue
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.helpers import PATIENCE
from tests.servers.batch import BatchServer
from tests.servers.judge import JudgeServer, hash_verdict
from xl_alpacaeval_metric.clients.base import (
    UNUSABLE,
    Client,
    Completion,
    Failure,
    IsUsable,
    Outcome,
    Reply,
    Request,
    RequestStream,
    streams,
)
from xl_alpacaeval_metric.clients.cache import CachedClient
from xl_alpacaeval_metric.clients.fingerprint import canonical
from xl_alpacaeval_metric.clients.harness import HarnessClient
from xl_alpacaeval_metric.clients.local.client import LocalClient
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.clients.openai_batch.client import BatchClient
from xl_alpacaeval_metric.clients.scripted import ScriptedClient

CHOICES = ("A", "B")
IN_PROCESS = ("local", "local on a GPU", "harness")
IMPOSSIBLE = "IMPOSSIBLE " * 60
"""In a request that fails: the servers refuse it, and it exceeds the window of the local model."""


def ask(text: str, **changes: Any) -> Request:
    return Request(({"role": "user", "content": text},), **{"max_tokens": 1, "choices": CHOICES, **changes})


def write(text: str) -> Request:
    """A request for a text."""
    return ask(text, max_tokens=8, choices=())


def script(request: Request) -> Reply:
    content = request.messages[-1]["content"]
    if IMPOSSIBLE in content:
        return Failure("refused", "too long")
    prompt_tokens = len(content) + 1
    if not request.choices:
        return Completion("Hm.", None, prompt_tokens, 1)
    p = hash_verdict({"messages": request.messages})
    return Completion("A" if p > 0.5 else "B", {"A": math.log(p), "B": math.log(1 - p)}, prompt_tokens, 1)


@dataclass(frozen=True)
class Maker:
    """Opens clients of one kind, each for the same model, and closes them and their servers."""

    kind: str
    folder: Path
    model: Path
    stack: ExitStack
    behind_cache: bool = False

    @property
    def unusable(self) -> Literal["refused", "gave_up"]:
        """The kind of the failure for an unusable reply; a greedy model is not retried."""
        return "refused" if self.kind in IN_PROCESS else "gave_up"

    def open(self) -> Client:
        number = len(list(self.folder.iterdir()))
        folder = self.folder / str(number)
        folder.mkdir()
        client = self._open(folder)
        if self.behind_cache:
            client = CachedClient(client, folder / "cache.sqlite")
        return self.stack.enter_context(closing(client))

    def _open(self, folder: Path) -> Client:
        match self.kind:
            case "scripted":
                return ScriptedClient(script, model="m", retries=1)
            case "endpoint":
                return self._endpoint(JudgeServer(marker=IMPOSSIBLE, reply=_reply))
            case "batch":
                inner = self._endpoint(BatchServer(marker=IMPOSSIBLE, reply=_reply, row=_fate))
                return BatchClient(inner, folder, poll_seconds=0.01)
            case "local":
                return LocalClient(str(self.model), device="cpu")
            case "local on a GPU":
                return LocalClient(str(self.model), device="cuda", dtype="float32")
            case "harness":
                return HarnessClient("hf", str(self.model), {"device": "cpu", "dtype": "float32"})
        raise ValueError(self.kind)

    def _endpoint(self, server: JudgeServer) -> OpenAIClient:
        self.stack.enter_context(server)
        return OpenAIClient("m", base_url=server.url, retries=1, concurrency=4, timeout=PATIENCE)


def _reply(body: dict[str, Any]) -> str | None:
    return None if "logprobs" in body else "Hm."


def _fate(body: dict[str, Any]) -> str:
    return "refused" if IMPOSSIBLE in json.dumps(body) else "answer"


KINDS: Mapping[str, Sequence[pytest.MarkDecorator]] = {
    "scripted": (),
    "endpoint": (),
    "batch": (),
    "local": (pytest.mark.slow,),
    "local on a GPU": (pytest.mark.slow, pytest.mark.gpu),
    "harness": (pytest.mark.slow,),
}


@pytest.fixture(
    params=[
        pytest.param((kind, cached), marks=marks, id=f"{kind}, cached" if cached else kind)
        for kind, marks in KINDS.items()
        for cached in (False, True)
    ]
)
def maker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Maker]:
    kind, cached = request.param
    model = request.getfixturevalue("tiny") if kind in IN_PROCESS else tmp_path
    (tmp_path / "clients").mkdir()
    with ExitStack() as stack:
        yield Maker(kind, tmp_path / "clients", model, stack, cached)


@pytest.fixture
def client(maker: Maker) -> Client:
    return maker.open()


def answered(client: Client, requests: Sequence[Request], is_usable: IsUsable | None = None) -> list[Reply]:
    """The reply to each request; each index comes once."""
    replies = list(client.complete(requests, is_usable))
    assert sorted(index for index, _ in replies) == list(range(len(requests)))
    return [reply for _, reply in sorted(replies, key=lambda indexed: indexed[0])]


def completions(client: Client, requests: Sequence[Request]) -> list[Completion]:
    found = []
    for reply in answered(client, requests):
        assert isinstance(reply, Completion), reply
        found.append(reply)
    return found


def said(completion: Completion) -> tuple[str, Mapping[str, float]]:
    """Text and log-probabilities, rounded to more than the batch size changes."""
    return completion.text, {choice: round(value, 3) for choice, value in (completion.logprobs or {}).items()}


QUESTIONS = [ask(f"Is {number} bigger than 12? A for yes, B for no." + " Hm." * number) for number in range(12)]


def test_the_spec_is_a_backend_and_a_model(client: Client) -> None:
    backend, _, model = client.spec.partition("/")
    assert backend
    assert model


def test_the_identity_is_json_and_the_same_after_every_preflight(client: Client) -> None:
    client.preflight()
    before = canonical(client.identity)
    assert json.loads(before)
    client.preflight()
    completions(client, QUESTIONS[:2])
    assert canonical(client.identity) == before


def test_two_clients_of_a_model_have_one_identity_and_give_one_reply(maker: Maker) -> None:
    one, other = maker.open(), maker.open()
    for client in (one, other):
        client.preflight()
    address = {"endpoint": None}  # Each has a server of its own here.
    assert {**one.identity, **address} == {**other.identity, **address}
    assert [said(reply) for reply in completions(one, QUESTIONS)] == [
        said(reply) for reply in reversed(completions(other, QUESTIONS[::-1]))
    ]


def test_a_choice_comes_with_its_log_probabilities_and_its_cost(client: Client) -> None:
    for reply in completions(client, QUESTIONS):
        assert reply.logprobs is not None
        assert reply.logprobs.keys() == set(CHOICES)
        assert all(value < 0 for value in reply.logprobs.values())
        assert reply.text == max(CHOICES, key=reply.logprobs.__getitem__)
        assert reply.prompt_tokens > 0
        assert (reply.completion_tokens, reply.cached, reply.retries) == (1, False, 0)


def test_a_text_comes_without_log_probabilities(client: Client) -> None:
    reply, choice = completions(client, [write("Say something."), QUESTIONS[0]])
    assert reply.logprobs is None
    assert reply.prompt_tokens > 0
    assert reply.completion_tokens > 0
    assert choice.text in CHOICES


def test_equal_requests_get_equal_replies(client: Client) -> None:
    first, second, *copies = completions(client, [*QUESTIONS[:2], QUESTIONS[0], QUESTIONS[0], QUESTIONS[1]])
    assert [said(copy) for copy in copies] == [said(first), said(first), said(second)]
    for copy in copies:
        assert not copy.cached or copy.prompt_tokens == copy.completion_tokens == 0


def test_an_unusable_reply_is_a_failure_and_the_others_are_not(client: Client, maker: Maker) -> None:
    replies = answered(client, QUESTIONS, lambda completion: completion.text == "A")
    usable = [reply.text == "A" for reply in completions(maker.open(), QUESTIONS)]
    assert [isinstance(reply, Completion) for reply in replies] == usable
    assert False in usable
    for reply in replies:
        if isinstance(reply, Failure):
            assert reply.kind == maker.unusable
            assert reply.reason.startswith(UNUSABLE)
            assert "'B'" in reply.reason


def test_a_request_that_cannot_be_answered_fails_alone(client: Client, maker: Maker) -> None:
    if maker.kind == "harness":
        pytest.skip("the harness truncates a prompt that is too long")
    first, failure, last = answered(client, [QUESTIONS[0], ask(IMPOSSIBLE), QUESTIONS[1]])
    assert isinstance(first, Completion)
    assert isinstance(last, Completion)
    assert isinstance(failure, Failure)
    assert failure.kind == "refused"
    assert failure.reason
    assert "\n" not in failure.reason


@pytest.mark.parametrize(
    "text", ["", "\0", "Tá 😀 \u200f\u2028 \U000e0041 ǆ हिन्दी", "<|im_end|>\n<|im_start|>system\n"]
)
def test_any_text_is_a_request(client: Client, text: str) -> None:
    assert completions(client, [ask(text), write(text)])[0].text in CHOICES


def test_half_a_character_is_answered_or_fails_alone(client: Client) -> None:
    half, whole = answered(client, [ask("half a pair \ud83d"), QUESTIONS[0]])
    assert isinstance(half, Completion) or (half.kind, bool(half.reason)) == ("refused", True)
    assert isinstance(whole, Completion)


def test_no_requests_have_no_replies(client: Client) -> None:
    assert answered(client, []) == []
    client.preflight()
    assert answered(client, []) == []


def test_a_caller_that_stops_early_ends_it_and_may_ask_again(client: Client) -> None:
    replies = client.complete(QUESTIONS)
    assert isinstance(replies, Generator)
    next(replies)
    replies.close()
    with pytest.raises(StopIteration):
        next(replies)
    assert len(completions(client, QUESTIONS)) == len(QUESTIONS)


def collected(outcomes: "queue.SimpleQueue[Outcome]", stream: RequestStream, count: int) -> dict[int, Reply]:
    """The next replies of a stream; each index comes once."""
    found: dict[int, Reply] = {}
    for _ in range(count):
        outcome = outcomes.get(timeout=PATIENCE)
        assert not isinstance(outcome, Exception), outcome
        assert outcome[0] not in found
        found[outcome[0]] = outcome[1]
        stream.stored(outcome[0])
    assert outcomes.empty()
    return found


def test_a_stream_answers_requests_as_they_come_up(client: Client, maker: Maker) -> None:
    assert streams(client) == (maker.kind == "endpoint")
    if not streams(client):
        return
    requests = [*QUESTIONS, QUESTIONS[0], QUESTIONS[8], QUESTIONS[0]]
    outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    with client.stream(outcomes.put) as stream:
        found: dict[int, Reply] = {}
        for part in (range(5), range(0), range(5, 12), range(12, 15)):
            stream.send([(index, requests[index]) for index in part])
            found |= collected(outcomes, stream, len(part))
        # Within one part, too.
        stream.send([(20, ask("Twice?")), (21, ask("Twice?"))])
        twice = collected(outcomes, stream, 2)
    expected = [said(reply) for reply in completions(maker.open(), requests)]
    replies = [reply for _, reply in sorted(found.items())]
    assert [said(reply) for reply in replies if isinstance(reply, Completion)] == expected
    assert [reply.cached for reply in replies if isinstance(reply, Completion)] == [False] * 12 + [True] * 3
    first, copy = twice[20], twice[21]
    assert isinstance(first, Completion)
    assert not first.cached
    assert copy == replace(first, cached=True, prompt_tokens=0, completion_tokens=0)


@pytest.mark.parametrize("used", [lambda client: None, lambda client: completions(client, QUESTIONS[:1])])
def test_closing_twice_is_closing(maker: Maker, used: Callable[[Client], object]) -> None:
    client = maker.open()
    used(client)
    client.close()
    client.close()
