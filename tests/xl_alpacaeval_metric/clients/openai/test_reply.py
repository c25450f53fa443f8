"""Replies of endpoints in all their spellings, read as a judge's and as a candidate's."""

import json
from typing import Any

import pytest

from tests.servers.dialects import stream_of
from xl_alpacaeval_metric.clients.base import Completion
from xl_alpacaeval_metric.clients.endpoint_reply import parse_generations
from xl_alpacaeval_metric.clients.openai.body import parsed
from xl_alpacaeval_metric.clients.openai.protocol import Fault
from xl_alpacaeval_metric.clients.openai.reply import read_reply

THOUGHT = "Is it A? No."


def body(message: object, finish: str = "stop", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": more.pop("logprobs", None)}
    return {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}, **more}


def completion(reply: object, limit: int | None = 50) -> Completion:
    found = read_reply(reply if isinstance(reply, str) else json.dumps(reply), ("A", "B"), limit)
    assert isinstance(found, Completion), found
    return found


@pytest.mark.parametrize(
    "message",
    [
        {"content": "B", "reasoning_content": THOUGHT},
        {"content": "B", "reasoning": THOUGHT, "reasoning_details": [{"type": "reasoning.text", "text": THOUGHT}]},
        {"content": "B", "reasoning": None, "reasoning_details": [{"type": "reasoning.summary", "summary": THOUGHT}]},
        {"content": "B", "thinking": THOUGHT},
        {"content": "B", "thought": THOUGHT},
        {"content": "B", "reasoning": {"content": THOUGHT}},
        {"content": "B", "reasoning_content": [{"type": "text", "text": THOUGHT}]},
        {"content": [{"type": "thinking", "thinking": THOUGHT, "signature": "x"}, {"type": "text", "text": "B"}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}, "B"]},
        {"content": [{"type": "reasoning", "text": THOUGHT}, {"type": "output_text", "text": "B"}]},
        {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": THOUGHT}]}, {"text": "B"}]},
        {"content": [{"text": THOUGHT, "thought": True}, {"text": "B"}]},
        {"content": [{"type": "text", "text": "B", "reasoning": THOUGHT, "thought_signature": "x"}]},
        {"content": [{"text": THOUGHT, "is_reasoning": True}, {"text": "B", "reasoning_tokens": 3}]},
        {"content": [{"reasoningContent": {"reasoningText": {"text": THOUGHT}}}, {"text": {"value": "B"}}]},
    ],
    ids=str,
)
def test_a_thought_is_kept_apart_from_the_text_wherever_it_stands(message: dict[str, Any]) -> None:
    found = completion(body(message))
    assert (found.text, found.thought) == ("B", THOUGHT)
    (reply,) = parse_generations(body(message))
    assert (str(reply), reply.thinking) == ("B", THOUGHT)


@pytest.mark.parametrize(
    "content",
    [
        {"type": "text", "text": "B"},
        [None, {"type": "text", "text": "B"}],
        [{"type": "redacted_thinking", "data": "A"}, "B"],
    ],
    ids=str,
)
def test_parts_without_a_text_are_none(content: object) -> None:
    assert completion(body({"content": content})).text == "B"
    assert parse_generations(body({"content": content})) == ["B"]


@pytest.mark.parametrize("finish", ["length", "MAX_TOKENS", "max_tokens", "max_output_tokens", "model_length"])
def test_a_reply_that_is_cut_says_so_in_many_words(finish: str) -> None:
    assert completion(body({"content": "B is"}, finish)).cut
    assert completion(body(None, finish)).text == ""
    assert parse_generations(body({"content": "B is"}, finish))[0].cut
    assert not parse_generations(body({"content": "B is"}))[0].cut


@pytest.mark.parametrize("usage", [{"completion_tokens_details": {"reasoning_tokens": 7}}, {"reasoning_tokens": 7}])
def test_thoughts_that_are_only_counted(usage: dict[str, Any]) -> None:
    reply = body({"content": "B"}, usage=usage)
    assert completion(reply).thinking_tokens == 7
    assert parse_generations(reply)[0].thinking_tokens == 7


@pytest.mark.parametrize(
    "logprobs", [[{"token": "B"}], "none", {"tokens": ["B"], "token_logprobs": [-0.1]}, {}], ids=str
)
def test_log_probabilities_of_another_shape_are_none(logprobs: object) -> None:
    found = completion(body({"content": "B"}, logprobs=logprobs))
    assert (found.text, found.logprobs, found.choice_tokens) == ("B", None, ())


def test_a_choice_of_which_nothing_is_left_for_the_other_is_certain() -> None:
    """A server that lists the token it took alone, and gives it all of the mass."""
    found = completion(
        body({"content": "B"}, logprobs={"content": [{"token": "B", "logprob": 0.0, "top_logprobs": []}]})
    )
    assert found.logprobs is not None
    assert found.logprobs["B"] == 0.0
    assert found.logprobs["A"] < -15


def test_a_call_of_a_tool_is_no_text() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "verdict", "arguments": "{}"}}
    outcome = read_reply(json.dumps(body({"content": None, "tool_calls": [call]}, "tool_calls")), ("A", "B"))
    assert isinstance(outcome, Fault)
    assert outcome.reason == "a call of a tool instead of a text"


def test_a_stream_is_read_as_the_reply_that_it_is_pieces_of() -> None:
    positions: list[dict[str, Any]] = [
        {"token": token, "logprob": -0.1, "top_logprobs": []} for token in ("The", " answer", " B")
    ]
    whole = body({"content": "The answer B", "reasoning": THOUGHT}, "length", logprobs={"content": positions})
    joined = parsed("\ufeff" + stream_of(whole).decode())
    assert joined["choices"][0] == {
        "message": {"role": "assistant", "content": "The answer B", "reasoning": THOUGHT},
        "logprobs": {"content": positions},
        "finish_reason": "length",
    }
    assert joined["usage"] == whole["usage"]


@pytest.mark.parametrize("lost", [3, 4, 9])
def test_a_stream_that_breaks_off_is_a_passing_fault(lost: int) -> None:
    events = stream_of(body({"content": "A is worse than B."})).decode().split("\r\n\r\n")
    outcome = read_reply("\r\n\r\n".join(events[:-lost]), ("A", "B"))
    assert isinstance(outcome, Fault)
    assert outcome.kind == "transient"


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"role": "assistant", "content": "B"}},
        {"index": 0, "text": "B"},
        {"delta": {"content": "B"}, "message": {"content": "B"}},
    ],
    ids=str,
)
def test_a_stream_of_other_pieces_is_read_too(choice: dict[str, Any]) -> None:
    other = {"index": 1, "delta": {"content": "A"}, "finish_reason": "stop"}
    events = [{"choices": [other]}, {"choices": [choice | {"finish_reason": "stop"}, other]}]
    assert completion("".join(f"data: {json.dumps(event)}\n\n" for event in events)).text == "B"


@pytest.mark.parametrize("choices", [5, "B", {"a": 1}, [5], [{"finish_reason": "stop"}]], ids=str)
def test_a_stream_of_another_shape_is_a_passing_fault(choices: object) -> None:
    outcome = read_reply(f"data: {json.dumps({'choices': choices})}\n\ndata: [DONE]\n\n", ("A", "B"))
    assert isinstance(outcome, Fault)
    assert outcome.kind == "transient"


def test_an_error_in_a_stream_is_said() -> None:
    begun = (
        stream_of(body({"content": "A is worse than B."}))
        .decode()
        .partition('data: {"choices": [{"index": 0, "delta": {"content": "s w"')[0]
    )
    outcome = read_reply(f'{begun}\n\ndata: {{"error": {{"message": "The provider is down."}}}}\n\n', ("A", "B"))
    assert isinstance(outcome, Fault)
    assert "The provider is down." in outcome.reason
