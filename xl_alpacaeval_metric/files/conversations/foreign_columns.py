"""The usual columns of instruction data, read as the turns of a conversation.

The one parser of rows with foreign column names: an instruction and its response as text under any
of their names, with Alpaca's `input`, Dolly's `context`, a system prompt or a history beside them;
TRL's prompt and completion as lists of turns; chats as `messages` (role, content) or in ShareGPT's
form (from, value).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.conversations import unread_columns
from xl_alpacaeval_metric.files.conversations.turns import Turn, of_chat, said
from xl_alpacaeval_metric.files.conversations.unread_columns import strings

INSTRUCTION = ("instruction", "prompt", "query", "question", "input", "inputs")
RESPONSE = ("response", "output", "answer", "completion", "target", "targets")
CHAT = ("messages", "conversations", "conversation", "dialog", "dialogue", "chat")
SYSTEM = ("system", "system_prompt", "system_message", "sys_prompt")
HISTORY = ("history", "chat_history")
BESIDE = ("input", "context")
"""Columns whose text belongs to the instruction beside them, as further paragraphs."""
READ = frozenset(("id", *INSTRUCTION, *RESPONSE, *CHAT, *SYSTEM, *HISTORY, *BESIDE))
"""The columns that are read."""
_NAMES = READ - {"id"} | {"text"}


def conversation_of(row: Mapping[str, object], where: str, known: Collection[str] = ()) -> Sequence[Turn]:
    """The turns in a row, in order: its instruction and response, or its chat where that differs.

    `input` and `context` beside an instruction are its further paragraphs, as in Alpaca's and
    Dolly's data. A system prompt becomes the first turn, a history the turns after it. A chat is
    preferred to an instruction and response unless all it says is in them, too.

    No text is lost: raises UserError with the row's place (`where`) where a column says something
    else than the one that is read, such as `output` beside `response`; where another column, but
    for those `known` to the caller, or another part of a turn has a text (see
    `unread_columns.check`); where the row has neither a chat nor an instruction with a response;
    and where a turn is no object with a role and a text.
    """
    asked, answered = _first(row, INSTRUCTION), _first(row, RESPONSE)
    chat = next((name for name in CHAT if isinstance(row.get(name), list) and row[name]), None)
    chat = chat or next((name for name in CHAT if isinstance(row.get(name), list)), None)
    if chat is None and (asked is None or answered is None):
        for name in INSTRUCTION if asked is None else RESPONSE:
            if name in row:
                raise UserError(f"{where}: {name} is {_kind(row[name])}; need text")
        raise UserError(
            f"{where}: no instruction with its response; needs {' or '.join(INSTRUCTION[:2])} and "
            f"{' or '.join(RESPONSE[:2])}, or {CHAT[0]}, and has {', '.join(map(str, row)) or 'nothing'}"
        )
    request = () if asked is None else tuple(_request(row, asked, where))
    answer = () if answered is None else tuple(said(row[answered], "assistant", where))
    before = (*_system(row, where), *_history(row, where))
    turns: Sequence[Turn] = (*before, *request, *answer)
    if chat is not None:
        chatted = tuple(of_chat(row[chat], where))
        if asked is None or answered is None or not _says(chatted) <= _says(turns):
            turns = _with(before, chatted)
        else:
            chat = None
    _check_complete(row, turns, request, (chat or asked, chat or answered), where)
    if not row.keys() <= READ:
        unread_columns.check(row, READ.union(known), [turn.text for turn in turns], where)
    return turns


def _request(row: Mapping[str, object], asked: str, where: str) -> Iterator[Turn]:
    """The turns of the instruction in column `asked`, with the paragraphs that stand beside it."""
    found = [row[asked]]
    for name in BESIDE:
        text = row.get(name)
        if name == asked or text is None:
            continue
        if not isinstance(text, str):
            raise UserError(f"{where}: {name} is {_kind(text)}; need text")
        if text.strip() and text not in found:
            found.append(text)
    if isinstance(found[0], str):
        yield Turn("user", "\n\n".join(filter(str.strip, map(str, found))) if len(found) > 1 else found[0])
        return
    for value in found:
        yield from said(value, "user", where)


def _with(before: Sequence[Turn], chat: Sequence[Turn]) -> Sequence[Turn]:
    """A chat with the system prompt and the history that stand beside it.

    Many files repeat in a column what the chat holds: that is not said twice.
    """
    system = [turn for turn in before if turn.role == "system" and not _says([turn]) <= _says(chat)]
    history = [turn for turn in before if turn.role != "system"]
    history = [] if _says(history) <= _says(chat) else history
    own = next((number for number, turn in enumerate(chat) if turn.role != "system"), len(chat))
    return (*system, *chat[:own], *history, *chat[own:])


def _check_complete(
    row: Mapping[str, object],
    turns: Sequence[Turn],
    request: Sequence[Turn],
    read: tuple[str | None, str | None],
    where: str,
) -> None:
    """Raises UserError for a column whose text is in none of the turns.

    `read` are the columns of the instruction and the response: twice that of the chat, where it is
    the chat that is read.
    """
    exact = set(turns)
    there: set[Turn] = set()  # With single spaces; made for the first text that is not found exactly.
    system = next((name for name in SYSTEM if row.get(name)), None)
    lost: dict[str | None, list[str]] = {}
    for names, role, other in (
        (dict.fromkeys((*INSTRUCTION, *BESIDE)), "user", read[0]),
        (RESPONSE, "assistant", read[1]),
        (SYSTEM, "system", system),
        (CHAT, "", read[0]),
    ):
        for name in names:
            for turn in said(row.get(name), role, where):
                if turn in exact:
                    continue
                there = there or _spaced_turns(turns, request, row)
                text = _spaced(turn.text)
                found = Turn(turn.role, text) in there or not text
                if not found and not (name in BESIDE and any(text in one.text for one in there)):
                    lost.setdefault(other, []).append(name)
                    break
    for other, columns in lost.items():
        raise UserError(
            f"{where}: {' and '.join(columns)} and {other} have different texts; leave out one of them (--leave-out)"
        )


def _spaced_turns(turns: Sequence[Turn], request: Sequence[Turn], row: Mapping[str, object]) -> set[Turn]:
    """The turns with single spaces, and the instruction that is one paragraph of a turn in them."""
    there = {Turn(turn.role, _spaced(turn.text)) for turn in turns}
    if request and all(Turn(turn.role, _spaced(turn.text)) in there for turn in request):
        asked = row[_first(row, INSTRUCTION) or ""]
        there |= {Turn("user", _spaced(asked))} if isinstance(asked, str) else set()
    return there


def texts_of(row: Mapping[str, object], where: str) -> Sequence[str]:
    """Every text in a row, each once, under whatever name and at whatever depth; all but its `id`.

    Raises UserError where no column that usually holds an instruction, a response, a chat or a text
    has any, and no other one has a text of several words.
    """
    usual = any(name in _NAMES and next(strings(value), None) is not None for name, value in row.items())
    if not usual and not unread_columns.has_text(row):
        raise UserError(f"{where}: no text; needs instruction and response, or messages")
    return list(dict.fromkeys(text for name, value in row.items() if name != "id" for text in strings(value)))


def _first(row: Mapping[str, object], names: Sequence[str]) -> str | None:
    """The first of these columns with text or turns, an empty one only where all are empty."""
    there = []
    for name in names:
        value = row.get(name)
        if isinstance(value, str) or (isinstance(value, list) and value and isinstance(value[0], Mapping)):
            there.append(name)
    filled = (name for name in there if not isinstance(value := row[name], str) or value.strip())
    return next(filled, there[0] if there else None)


def _system(row: Mapping[str, object], where: str) -> Iterator[Turn]:
    """The system prompt of a row, from the first column that has one."""
    found: list[Turn] = []
    for name in SYSTEM:
        text = row.get(name)
        if text is not None and not isinstance(text, str):
            raise UserError(f"{where}: {name} is {_kind(text)}; need text")
        if text and text.strip():
            found.append(Turn("system", text))
    yield from found[:1]


def _kind(value: object) -> str:
    """What a value is, for somebody who looks for it in a file."""
    if value is None:
        return "empty"
    names = {bool: "true or false", int: "a number", float: "a number", bytes: "binary data", list: "a list"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "an object")


def _history(row: Mapping[str, object], where: str) -> Iterator[Turn]:
    """Earlier turns, as turns or as pairs of a request and its answer."""
    name, *others = [name for name in HISTORY if row.get(name)] or HISTORY
    found = row.get(name)
    if others and row.get(others[0]) not in (None, [], "", found):
        raise UserError(f"{where}: {others[0]} and {name} have different texts; leave out one of them")
    if found is not None and found != "" and not isinstance(found, list):
        raise UserError(
            f"{where}: {name} is {'text' if isinstance(found, str) else _kind(found)}; need a list of turns"
        )
    for entry in found if isinstance(found, list) else ():
        if isinstance(entry, list) and len(entry) == 2 and all(isinstance(text, str) for text in entry):
            yield from (Turn("user", entry[0]), Turn("assistant", entry[1]))
        else:
            yield from of_chat([entry], where)


def _says(turns: Iterable[Turn]) -> Counter[str]:
    """The texts of turns and how often each is said, whatever their spacing."""
    return Counter(_spaced(turn.text) for turn in turns)


def _spaced(text: str) -> str:
    """A text with single spaces, as texts are compared."""
    return " ".join(text.split())
