"""What a chat or completions endpoint replies: the text, its thought, and whether it was cut."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "reasoning_text", "thought")
"""Fields in which servers return the thought of a message, or of a part of it."""
FILTERED = "content_filter"
"""How a choice ended that a content filter withheld."""
_TEXT_FIELDS = ("text", "content", "value")
_IS_THOUGHT = re.compile(r"think|reason|thought", re.IGNORECASE)
_AT_LIMIT = re.compile(r"length|max_?(?:output_?|completion_?)?tokens|model_length|\w*context_window\w*", re.IGNORECASE)


class EndpointReply(str):
    """The text of a reply. A str, since the harness passes replies on as text.

    `thinking` is the server's field for the thought ("" for none), `thinking_tokens` its length
    where the server counts it, `cut` whether the reply ended at the token limit, `filtered` whether
    a content filter withheld it, and `refused` why the endpoint refused the prompt ("" if not).
    """

    thinking: str
    thinking_tokens: int | None
    cut: bool
    filtered: bool
    refused: str

    def __new__(
        cls,
        text: str,
        thinking: str = "",
        thinking_tokens: int | None = None,
        cut: bool = False,
        filtered: bool = False,
        refused: str = "",
    ) -> Self:
        reply = super().__new__(cls, text)
        reply.thinking, reply.thinking_tokens, reply.cut = thinking, thinking_tokens, cut
        reply.filtered, reply.refused = filtered, refused
        return reply


@dataclass(frozen=True, slots=True)
class Withheld:
    """In the place of a body: no answer, since the prompt is `refused` for this reason.

    Without a reason a content filter withheld the answer.
    """

    refused: str = ""


def parse_generations(outputs: Any, **_: object) -> list[EndpointReply]:
    """The replies in a response body, or in several; takes the place of the harness's own parser.

    Raises ValueError for a body without choices or with an error in one: the harness retries.
    """
    return [reply for body in (outputs if isinstance(outputs, list) else [outputs]) for reply in _replies(body)]


def text_and_thought(message: Mapping[str, Any]) -> tuple[str, str]:
    """The text of a message, and the thought that the server reports beside it ("" for none).

    The content is a text or a list of parts, of which some may be thoughts. Raises TypeError for
    any other content.
    """
    text, inner = _of_content(message.get("content"))
    fields = (_all_text(message.get(name)) for name in _THOUGHT_FIELDS)
    return text, next(filter(None, fields), inner)


def at_limit(choice: Mapping[str, Any]) -> bool:
    """Whether a choice says that it ended at a token limit."""
    return _AT_LIMIT.fullmatch(str(choice.get("finish_reason"))) is not None


def thinking_tokens(usage: object) -> int | None:
    """The tokens of a thought that the server counts, if any."""
    if not isinstance(usage, Mapping):
        return None
    counts = (usage.get(name) for name in ("completion_tokens_details", "output_tokens_details"))
    for count in (
        *(found.get("reasoning_tokens") for found in counts if isinstance(found, Mapping)),
        usage.get("reasoning_tokens"),
    ):
        if isinstance(count, int) and count > 0:
            return count
    return None


def _replies(body: Any) -> list[EndpointReply]:
    if isinstance(body, Withheld):
        return [EndpointReply("", filtered=not body.refused, refused=body.refused)]
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices:
        raise ValueError(f"the endpoint's reply has no choices: {str(body)[:200]}")
    found = sorted(choices, key=lambda choice: choice.get("index") or 0)
    for choice in found:
        if choice.get("error"):
            raise ValueError(f"the endpoint's reply holds an error: {str(choice['error'])[:200]}")
    counted = body.get("usage") if len(choices) == 1 else None
    return [_reply(choice, thinking_tokens(counted)) for choice in found]


def _reply(choice: Mapping[str, Any], tokens: int | None) -> EndpointReply:
    message = choice.get("message")
    if not isinstance(message, Mapping):  # Of a completions endpoint.
        message = {"content": choice.get("text")}
    try:
        text, thought = text_and_thought(message)
    except TypeError:
        raise ValueError(f"the endpoint's reply has no text: {str(message)[:200]}") from None
    filtered = choice.get("finish_reason") == FILTERED and not text.strip()
    return EndpointReply(text, thought, tokens, at_limit(choice), filtered)


def _of_content(content: object) -> tuple[str, str]:
    """Text and thought of a message's content."""
    if content is None or isinstance(content, str):
        return content or "", ""
    texts: list[str] = []
    thoughts: list[str] = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, Mapping) and _is_thought(part):
            thoughts.append(_all_text(part))
        elif isinstance(part, Mapping):
            texts.append(_all_text({name: part.get(name) for name in _TEXT_FIELDS}))
            thoughts.append(_all_text({name: part.get(name) for name in _THOUGHT_FIELDS}))
        elif part is None or isinstance(part, str):
            texts.append(part or "")
        else:
            raise TypeError
    return "".join(texts), "\n".join(filter(None, thoughts))


def _is_thought(part: Mapping[str, Any]) -> bool:
    """Whether a part of a content is a thought: by its type, a mark in it, or without a text."""
    named = [value for name, value in part.items() if value and _IS_THOUGHT.search(name)]
    if _IS_THOUGHT.search(str(part.get("type"))) or True in named:
        return True
    return bool(named) and not any(map(part.get, _TEXT_FIELDS))


def _all_text(value: object) -> str:
    """All text in a value, however deep it lies: "" where there is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        found = (
            _all_text(inner)
            for name, inner in value.items()
            if name in _TEXT_FIELDS or _IS_THOUGHT.search(name) or name == "summary"
        )
        return next(filter(None, found), "")
    return "".join(map(_all_text, value)) if isinstance(value, Sequence) else ""
