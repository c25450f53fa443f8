"""What a chat or completions endpoint replies: the text, its thought, and whether it was cut."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking")
"""Fields of a message in which servers with a reasoning parser return the thought."""


class EndpointReply(str):
    """The text of a reply. A str, since the harness passes replies on as text.

    `thinking` is the server's field for the thought ("" for none), `thinking_tokens` its length
    where the server counts it, and `cut` whether the reply ended at the token limit.
    """

    thinking: str
    thinking_tokens: int | None
    cut: bool

    def __new__(cls, text: str, thinking: str = "", thinking_tokens: int | None = None, cut: bool = False) -> Self:
        reply = super().__new__(cls, text)
        reply.thinking, reply.thinking_tokens, reply.cut = thinking, thinking_tokens, cut
        return reply


def parse_generations(outputs: Any, **_: object) -> list[EndpointReply]:
    """The replies in a response body, or in several; takes the place of the harness's own parser.

    Raises ValueError for a body without choices or with an error in one: the harness retries.
    """
    return [reply for body in (outputs if isinstance(outputs, list) else [outputs]) for reply in _replies(body)]


def _replies(body: Any) -> list[EndpointReply]:
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices:
        raise ValueError(f"the endpoint's reply has no choices: {str(body)[:200]}")
    found = sorted(choices, key=lambda choice: choice.get("index") or 0)
    for choice in found:
        if choice.get("error"):
            raise ValueError(f"the endpoint's reply holds an error: {str(choice['error'])[:200]}")
    counted = body.get("usage") if len(choices) == 1 else None
    return [_reply(choice, _thinking_tokens(counted)) for choice in found]


def _reply(choice: Mapping[str, Any], tokens: int | None) -> EndpointReply:
    message = choice.get("message")
    cut = choice.get("finish_reason") == "length"
    if not isinstance(message, Mapping):
        return EndpointReply(_text(choice.get("text"))[0], cut=cut)
    text, thought = _text(message.get("content"))
    fields = (_text(message.get(name))[0] for name in _THOUGHT_FIELDS)
    return EndpointReply(text, thought or next(filter(None, fields), ""), tokens, cut)


def _text(content: object) -> tuple[str, str]:
    """Text and thought of a message's content, which is a text or a list of parts."""
    if isinstance(content, str):
        return content, ""
    texts: list[str] = []
    thoughts: list[str] = []
    for part in content if isinstance(content, Sequence) else ():
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping):
            inner = next((part[name] for name in _THOUGHT_FIELDS if part.get(name)), None)
            (texts if inner is None else thoughts).append(_text(part.get("text") if inner is None else inner)[0])
    return "".join(texts), "".join(thoughts)


def _thinking_tokens(usage: object) -> int | None:
    details = usage.get("completion_tokens_details") if isinstance(usage, Mapping) else None
    count = details.get("reasoning_tokens") if isinstance(details, Mapping) else None
    return count if isinstance(count, int) and count > 0 else None
