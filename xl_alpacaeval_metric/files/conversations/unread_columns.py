"""Columns of a row that its conversation has no place for: labels, and texts that would be lost."""

import re
from collections.abc import Collection, Iterator, Mapping

from xl_alpacaeval_metric.errors import UserError

_RECORD = re.compile(
    r"(?:.*[\W_])?(?:ids?|u?uid|idx|index|hash|urls?|link|uri|lang(?:uage)?s?|(?:lang(?:uage)?|country|iso)_?code"
    r"|locale|licen[sc]e|models?|revision|version|split|date|time(?:stamp)?|created|updated|\w+_at|count|length|tokens"
    r"|scores?|ratings?|rank|meta(?:data)?|headers?|ip|agent|params?|parameters|configs?|moderation)_*",
    re.IGNORECASE,
)
"""Names of columns that say where a row comes from and how it was made (source_id, user_agent)."""
_LABEL = re.compile(
    r"(?:.*[\W_])?(?:sources?|origin|datasets?|subset|categor(?:y|ies)|topics?|domain|subject|area|field|genre|type"
    r"|kind|task|skills?|format|style|tone|tags?|labels?|flags?|keywords?|level|quality|difficulty|safety|status|votes"
    r"|group|cluster|authors?|annotators?|reviewers?|translators?|\w+_by|generator|teacher|worker|speaker|provider"
    r"|copyright|attribution|country|region|state|city|culture|dialect|gender|age|name|title|file|path"
    r"|(?:finish|stop)_reason)_*",
    re.IGNORECASE,
)
"""Names of columns that describe a row in a few words (category, task_type)."""
LABEL_LENGTH = 300
"""Characters of a label, at most: a longer one, or one of several lines, is a text."""
TURN = frozenset(("role", "from", "content", "value"))
"""What is read of a turn of a chat."""
_SEVERAL_WORDS = re.compile(r"\s|\{\"|[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]{5}")
"""A space, a JSON object, or more letters than a word has in a script without spaces."""


def of(row: Mapping[str, object], read: Collection[str]) -> list[str]:
    """The columns with any text besides those `read`."""
    return [name for name, value in row.items() if name not in read and next(_texts(value), None) is not None]


def strings(value: object) -> Iterator[str]:
    """Every text in a value, at any depth."""
    waiting = [value]  # Not by recursion: JSON may be nested more deeply than Python calls.
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping | list):
            waiting += reversed(list(value.values()) if isinstance(value, Mapping) else value)


class LeftOut:
    """Columns that are left out of rows, and parts of turns that are called so."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self.names = tuple(names)
        self._in_turns = set(names).difference(TURN)
        self._missing, self._columns = set(names), dict[str, None]()

    def without(self, row: Mapping[str, object]) -> dict[str, object]:
        """The row without them."""
        if not self.names:
            return dict(row)
        if self._missing:
            parts = (part for value in row.values() if isinstance(value, list) for part in value)
            self._columns |= dict.fromkeys(row)
            self._missing.difference_update(row, *(part for part in parts if isinstance(part, Mapping)))
        return {name: _without(value, self._in_turns) for name, value in row.items() if name not in self.names}

    def check(self) -> None:
        """Raises UserError where no row that was read had one of the names."""
        missing = [name for name in self.names if name in self._missing]
        if missing:
            there = f"; there are {', '.join([*self._columns][:20])}" if self._columns else ""
            raise UserError(
                f"--leave-out {','.join(missing)}: no row has such a column, or turn with such a part{there}"
            )


def check(
    row: Mapping[str, object],
    read: Collection[str],
    said: Collection[str],
    where: str,
    otherwise: str = "call it context to make it a paragraph of the instruction, or ",
) -> None:
    """Raises UserError for columns besides `read` whose text is in none of the texts that are said.

    Labels are passed over: columns called so, and values of one word. So is a column that has all
    paragraphs of the turns in it, as the whole prompt of Alpaca's data. `otherwise` is what the
    user may do other than leave a column out.
    """
    others = [name for name in of(row, read) if not _is_label(str(name), row[name])]
    if not others:
        return
    turns = [_spaced(text) for text in said]
    parts = [part for text in said for paragraph in text.split("\n\n") if (part := _spaced(paragraph))]
    lost = [name for name in others if not all(_is_said(_spaced(text), turns, parts) for text in _texts(row[name]))]
    if lost:
        raise UserError(
            f"{where}: column {', '.join(map(str, lost))} has text that is not read; {otherwise}"
            f"leave it out with --leave-out {','.join(map(str, lost))}"
        )


def has_text(row: Mapping[str, object]) -> bool:
    """Whether a column besides labels has a text of several words."""
    return any(
        not _is_label(str(name), value) and any(_SEVERAL_WORDS.search(text) for text in _texts(value))
        for name, value in row.items()
    )


def _is_label(name: str, value: object) -> bool:
    if _RECORD.fullmatch(name):
        return True
    return bool(_LABEL.fullmatch(name)) and not any(len(text) > LABEL_LENGTH or "\n" in text for text in _texts(value))


def _is_said(text: str, turns: Collection[str], parts: Collection[str]) -> bool:
    if not _SEVERAL_WORDS.search(text):
        return True
    return any(text in turn for turn in turns) or all(part in text for part in parts)


def _without(value: object, names: Collection[str]) -> object:
    if not isinstance(value, list):
        return value
    return [
        {name: part for name, part in turn.items() if name not in names} if isinstance(turn, Mapping) else turn
        for turn in value
    ]


def _texts(value: object) -> Iterator[str]:
    return (text for text in strings(value) if text.strip())


def _spaced(text: str) -> str:
    return " ".join(text.split())
