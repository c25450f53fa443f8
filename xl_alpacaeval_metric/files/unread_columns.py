"""Columns of a row that its conversation has no place for: labels, and texts that would be lost."""

import re
from collections.abc import Collection, Iterator, Mapping

from xl_alpacaeval_metric.errors import UserError

_LABEL = re.compile(
    r"(?:.*[\W_])?(?:ids?|u?uid|idx|index|hash|urls?|link|uri|sources?|origin|datasets?|categor(?:y|ies)|topics?|lang(?:uage)?s?"
    r"|locale|code|licen[sc]e|models?|split|type|kind|task|tags?|date|time(?:stamp)?|created|updated|author|annotator"
    r"|generator|worker|scores?|ratings?|rank|labels?|level|quality|difficulty|domain|subject|name|title|version"
    r"|meta(?:data)?|file|path|count|length|tokens)_*",
    re.IGNORECASE,
)
"""Names of columns that describe a row and are no part of what is said (category, source_id)."""
_SCRIPTS = re.compile(r"[^\x00-\x7f]|\s")


def of(row: Mapping[str, object], read: Collection[str]) -> list[str]:
    """The columns with any text besides those `read`."""
    return [name for name, value in row.items() if name not in read and next(_texts(value), None) is not None]


def leave_out(row: Mapping[str, object], names: Collection[str]) -> dict[str, object]:
    """The row without these columns."""
    return {name: value for name, value in row.items() if name not in names}


def check(row: Mapping[str, object], read: Collection[str], said: Collection[str], where: str) -> None:
    """Raises UserError for columns besides `read` whose text is in none of the texts that are said.

    Labels are passed over: columns called so, and values of one word. So is a
    column that has all of the turns in it, as the whole prompt of Alpaca's data.
    """
    others = [name for name in of(row, read) if not _LABEL.fullmatch(str(name))]
    if not others:
        return
    turns = [_spaced(text) for text in said]
    lost = [name for name in others if not all(_is_said(_spaced(text), turns) for text in _texts(row[name]))]
    if lost:
        raise UserError(
            f"{where}: column {', '.join(map(str, lost[:4]))} has text that is not read; call it context to make it a "
            f"paragraph of the instruction, or leave it out with --leave-out {','.join(map(str, lost[:4]))}"
        )


def _is_said(text: str, turns: Collection[str]) -> bool:
    if not _SCRIPTS.search(text):
        return True
    return any(text in turn for turn in turns) or all(turn in text for turn in turns)


def _texts(value: object) -> Iterator[str]:
    waiting = [value]  # Not by recursion: JSON may be nested more deeply than Python calls.
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if value.strip():
                yield value
        elif isinstance(value, Mapping | list):
            waiting += value.values() if isinstance(value, Mapping) else value


def _spaced(text: str) -> str:
    return " ".join(text.split())
