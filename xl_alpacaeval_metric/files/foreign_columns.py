"""The usual columns of instruction data, read as the turns of a conversation.

The one parser of rows with foreign column names: an instruction and its response as text under any
of their names, with Alpaca's `input`, a system prompt or a history beside them; TRL's prompt and
completion as lists of turns; chats as `messages` (role, content) or in ShareGPT's form (from,
value).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from xl_alpacaeval_metric.errors import UserError

INSTRUCTION = ("instruction", "prompt", "query", "question", "input", "inputs")
RESPONSE = ("response", "output", "answer", "completion", "target", "targets")
CHAT = ("messages", "conversations", "conversation")
SYSTEM = ("system", "system_prompt")
HISTORY = "history"
_NAMES = frozenset((*INSTRUCTION, *RESPONSE, *CHAT, *SYSTEM, HISTORY, "text"))
_ROLES = {"human": "user", "gpt": "assistant"}  # ShareGPT's names of roles.


class Turn(NamedTuple):
    """A message: its text and who says it (user, assistant, system, or another role of the row)."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns of a row in order, and the columns that they come from.

    `unused` names the instruction or response column whose text is in none of the turns.
    """

    turns: tuple[Turn, ...]
    columns: tuple[str, ...]
    unused: tuple[str, ...] = ()


def conversation_of(row: Mapping[str, object], where: str) -> Conversation:
    """The conversation in a row: its instruction and response, or its chat where that differs.

    `input` beside an instruction is its second paragraph, as in Alpaca's data. A system prompt
    becomes the first turn, a history the turns after it. A chat is preferred to an instruction and
    response unless all it says is in them, too.

    Raises UserError with the row's place (`where`) and what it needs: where it has neither a chat
    nor an instruction with a response, or where a turn is not an object with a role and a text.
    """
    asked, answered = _first(row, INSTRUCTION), _first(row, RESPONSE)
    chat = next((name for name in CHAT if isinstance(row.get(name), list)), None)
    if chat is None and (asked is None or answered is None):
        for name in INSTRUCTION if asked is None else RESPONSE:
            if name in row:
                raise UserError(f"{where}: {name} is {_kind(row[name])}; need text")
        raise UserError(
            f"{where}: no instruction with its response; needs {' or '.join(INSTRUCTION[:2])} and "
            f"{' or '.join(RESPONSE[:2])}, or {CHAT[0]}, and has {', '.join(map(str, row)) or 'nothing'}"
        )
    parts = {
        name: tuple(_column(row, name, role, where))
        for name, role in ((asked, "user"), (answered, "assistant"))
        if name is not None
    }
    system = tuple(_system(row, where))
    history = tuple(_history(row, where)) if chat is None else ()
    pair = (*system, *history, *(turn for part in parts.values() for turn in part))
    if chat is None:
        return Conversation(pair, tuple(parts))
    turns = tuple(_turns(row[chat], where))
    if len(parts) == 2 and _says(turns) <= _says(pair):
        return Conversation(pair, tuple(parts))
    # Many files repeat the system prompt of a chat in a column.
    turns = (*(turn for turn in system if not _says([turn]) <= _says(turns)), *turns)
    unused = tuple(name for name, part in parts.items() if not _says(part) <= _says(turns))
    return Conversation(turns, (chat,), unused)


def texts_of(row: Mapping[str, object], where: str) -> Sequence[str]:
    """Every text in a row, each once, under whatever name and at whatever depth; all but its `id`.

    Raises UserError where no column that usually holds an instruction, a response, a chat or a text
    has any.
    """
    if not any(name in _NAMES and next(_strings(value), None) is not None for name, value in row.items()):
        raise UserError(f"{where}: no text; needs instruction and response, or messages")
    return list(dict.fromkeys(text for name, value in row.items() if name != "id" for text in _strings(value)))


def _first(row: Mapping[str, object], names: Sequence[str]) -> str | None:
    """The first of these columns with text or turns; a list of anything else is neither."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str) or (isinstance(value, list) and value and isinstance(value[0], Mapping)):
            return name
    return None


def _column(row: Mapping[str, object], name: str, role: str, where: str) -> Iterator[Turn]:
    value = row[name]
    more = row.get("input") if role == "user" and name != "input" else None
    more = more if isinstance(more, str) and more.strip() else None
    if isinstance(value, str):
        yield Turn(role, "\n\n".join(filter(str.strip, (value, more))) if more else value)
        return
    yield from _turns(value, where)
    if more:
        yield Turn(role, more)


def _system(row: Mapping[str, object], where: str) -> Iterator[Turn]:
    for name in SYSTEM:
        text = row.get(name)
        if text is not None and not isinstance(text, str):
            raise UserError(f"{where}: {name} is {_kind(text)}; need text")
        if text and text.strip():
            yield Turn("system", text)


def _kind(value: object) -> str:
    """What a value is, for somebody who looks for it in a file."""
    if value is None:
        return "empty"
    names = {bool: "true or false", int: "a number", float: "a number", bytes: "binary data", list: "a list"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "an object")


def _history(row: Mapping[str, object], where: str) -> Iterator[Turn]:
    """Earlier turns, as turns or as pairs of a request and its answer."""
    found = row.get(HISTORY)
    if found is not None and found != "" and not isinstance(found, list):
        raise UserError(
            f"{where}: {HISTORY} is {'text' if isinstance(found, str) else _kind(found)}; need a list of turns"
        )
    for entry in found if isinstance(found, list) else ():
        if isinstance(entry, list) and len(entry) == 2 and all(isinstance(text, str) for text in entry):
            yield from (Turn("user", entry[0]), Turn("assistant", entry[1]))
        else:
            yield from _turns([entry], where)


def _turns(chat: object, where: str) -> Iterator[Turn]:
    for turn in chat if isinstance(chat, list) else ():
        role = (turn.get("role") or turn.get("from")) if isinstance(turn, Mapping) else None
        if not isinstance(turn, Mapping) or not isinstance(role, str):
            raise UserError(f"{where}: a turn of its chat is no object with role and content")
        content = turn.get("content", turn.get("value"))
        if not isinstance(content, str):
            raise UserError(f"{where}: the {role} turn of its chat has no text")
        yield Turn(_ROLES.get(role, role), content)


def _says(turns: Iterable[Turn]) -> Counter[str]:
    """The texts of turns and how often each is said, whatever their spacing."""
    return Counter(" ".join(turn.text.split()) for turn in turns)


def _strings(value: object) -> Iterator[str]:
    waiting = [value]  # Not by recursion: JSON may be nested more deeply than Python calls.
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping | list):
            waiting += reversed(list(value.values()) if isinstance(value, Mapping) else value)
