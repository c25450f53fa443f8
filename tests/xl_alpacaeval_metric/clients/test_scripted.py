"""What is the scripted client's own: the forms of a script, retries, and errors that it raises."""

import math

import pytest

from xl_alpacaeval_metric.clients.base import Client, Completion, Failure, Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import ModelUnavailable


def ask(text: str) -> Request:
    return Request(({"role": "user", "content": text},), max_tokens=1, choices=("A", "B"))


def test_answers_with_texts_logprobs_or_whole_replies() -> None:
    script = {
        "text": "B",
        "logprobs": {"A": math.log(0.8), "B": math.log(0.2)},
        "completion": Completion("A", prompt_tokens=7),
        "failure": Failure("refused", "too long"),
    }
    client: Client = ScriptedClient(lambda request: script[request.messages[0]["content"]], model="m")  # type: ignore[arg-type,return-value]
    client.preflight()
    assert client.spec == "scripted/m"
    assert list(client.complete([ask(text) for text in script])) == [
        (0, Completion("B")),
        (1, Completion("A", {"A": math.log(0.8), "B": math.log(0.2)})),
        (2, Completion("A", prompt_tokens=7)),
        (3, Failure("refused", "too long")),
    ]
    client.close()


def test_asks_once_for_identical_requests_and_again_for_unusable_answers() -> None:
    answers = iter(["hm", "A", "hm", "hm"])
    client = ScriptedClient(lambda _: next(answers), retries=1)
    replies = dict(client.complete([ask("x"), ask("y"), ask("x")], lambda completion: completion.text == "A"))
    assert replies == {
        0: Completion("A", retries=1),
        1: Failure("gave_up", "no usable answer in 'hm' (2 attempts)", 1),
        2: Completion("A", cached=True),
    }
    assert client.sent == [ask("x"), ask("x"), ask("y"), ask("y")]


def test_what_the_script_raises_comes_out() -> None:
    def script(_: Request) -> str:
        raise ModelUnavailable("gone")

    with pytest.raises(ModelUnavailable, match="gone"):
        list(ScriptedClient(script).complete([ask("x")]))
