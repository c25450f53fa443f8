"""The turns in a value of a row: of a chat, or a text."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.conversations import unread_columns

_ROLES = {"human": "user", "gpt": "assistant"}  # ShareGPT's names of roles.


class Turn(NamedTuple):
    """A message: its text and who says it (user, assistant, system, or another role of the row)."""

    role: str
    text: str


def of_chat(chat: object, where: str) -> Iterator[Turn]:
    """The turns of a chat; raises UserError for one that is no object with a role and a text."""
    for turn in chat if isinstance(chat, list) else ():
        role = (turn.get("role") or turn.get("from")) if isinstance(turn, Mapping) else None
        if not isinstance(turn, Mapping) or not isinstance(role, str):
            raise UserError(f"{where}: a turn of its chat is no object with role and content")
        content = _content(turn.get("content", turn.get("value")), role, where)
        if not turn.keys() <= unread_columns.TURN:
            unread_columns.check(turn, unread_columns.TURN, (content,), f"{where}, a turn of {role}", otherwise="")
        yield Turn(_ROLES.get(role, role), content)


def said(value: object, role: str, where: str) -> Iterator[Turn]:
    """The turns in a value: a text of `role`, a list of turns, or texts at any depth."""
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        yield from of_chat(value, where)
    else:
        yield from (Turn(role, text) for text in unread_columns.strings(value))


def _content(content: object, role: str, where: str) -> str:
    """The text of a turn, which may be in parts (type, text), as servers take it."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise UserError(f"{where}: the {role} turn of its chat has {'a part without' if len(texts) > 1 else 'no'} text")
    return "\n".join(map(str, texts))
