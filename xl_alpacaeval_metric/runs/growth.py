"""A run that grows: the rows of its folder and those of a command, taken together."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.records import run_settings
from xl_alpacaeval_metric.records.judgements import ItemKey
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.signature import parse
from xl_alpacaeval_metric.terminal import counted, counted_of

Row = Mapping[str, Any]

_OF_ROWS = ("languages", "rows", "revision", "references", "pairs")
_OF_A_JUDGE = ("judge", "judge_identity", "judge_votes", "judge_thinking", "judge_thinking_tokens", "prompt", "order")


def taken_on(theirs: Row, ours: Row) -> frozenset[str]:
    """The settings in which a command may differ from the folder that it works in.

    They follow what the folder holds: rows, another judge, both orders, more votes. The same judge
    with another prompt is none of them. Raises UserError for answers of another kind.
    """
    if ("pairs" in theirs) != ("pairs" in ours):
        made = "judge from a file of answers" if "pairs" in theirs else "eval"
        raise UserError(
            f"was made by {made}; `judge` with this folder in the place of PAIRS judges it, or choose another --output"
        )
    if _judge(theirs) != _judge(ours):
        return frozenset((*_OF_ROWS, *_OF_A_JUDGE, "seed"))
    return frozenset((*_OF_ROWS, "judge_votes", *(("order",) if ours.get("order") == "both" else ())))


def _judge(settings: Row) -> str:
    """The judge's specification, or those of a panel, without versions."""
    return re.sub("@[^+]*", "", str(settings.get("judge", "none")))


def key_of(row: Row) -> ItemKey:
    """(id, language) of a row of a run folder."""
    return (str(row["id"]), str(row["language"]))


def merged(
    before: Sequence[Row], now: Sequence[Row], same: Collection[str], judged: Collection[ItemKey], where: Path
) -> list[Row]:
    """The rows of a folder and those of a command: the command's, and those that it does not name.

    A row that both have is the command's, with the folder's reference where it has none. In the
    order of the command where it names all of the folder's; else language by language, the folder's
    languages first. `same` are the columns that may not differ; references may, for items that are
    not `judged`. Raises UserError that names the first row that is another in the folder `where`.
    """
    found = {key_of(row): row for row in now}
    for row in before:
        key = key_of(row)
        if key in found:
            if not found[key].get("reference") and row.get("reference"):
                found[key] = {**found[key], "reference": row["reference"]}
            _check(row, found[key], (*same, *(("reference",) if key in judged else ())), where)
    earlier = [row for row in before if key_of(row) not in found]
    if not earlier:
        return list(found.values())
    order = dict.fromkeys(str(row["language"]) for row in (*before, *now))
    return [row for code in order for row in (*found.values(), *earlier) if row["language"] == code]


def is_another(row: Row, asked: Mapping[ItemKey, tuple[str, str | None]]) -> bool:
    """Whether a row of a folder has another instruction or reference than the one that is asked.

    A reference that the command has none for stays, as in `merged`; so does a row that it does not
    name.
    """
    instruction, reference = asked.get(key_of(row), (row.get("instruction"), None))
    theirs = (row.get("instruction") or "", row.get("reference") or "")
    return (instruction or "", reference or theirs[1]) != theirs


def in_order(samples: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """The samples in the order of the run's rows: a killed `eval` may leave them in another."""
    places = {key_of(row): place for place, row in enumerate(rows)}
    return sorted(samples, key=lambda row: places.get(key_of(row), len(places)))


def added(before: Sequence[Row], now: Sequence[Row]) -> list[str]:
    """Lines for the user: what the folder holds beside the command's rows, and what is new."""
    had, asked = (dict.fromkeys(map(key_of, rows)) for rows in (before, now))
    lines = []
    if had and (new := [key for key in asked if key not in had]):
        lines.append(f"adds {_counted(new)}")
    if more := [key for key in had if key not in asked]:
        lines.append(f"holds {_counted(more)} beside what this command names; they stay, and count")
    return lines


def unanswered(asked: Sequence[Row], answered: Sequence[Row]) -> list[str]:
    """A line about rows of a run that have no answer yet; none where all have one."""
    missing = {key_of(row) for row in asked} - {key_of(row) for row in answered}
    if not missing:
        return []
    without = counted_of(len(missing), len(asked), "row", "has", "have")
    return [f"{without} no answer yet; the command that made the run asks for these"]


def refuse(theirs: Row, ours: Row, where: Path) -> None:
    """Raises UserError with what differs, where a folder cannot take it on."""
    other = [key for key in run_settings.different(theirs, ours) if key not in taken_on(theirs, ours)]
    if other:
        raise UserError(f"{where}: {run_settings.difference(theirs, ours, other[0])}")


def source_of(stored: Row, folder: Path) -> tuple[str, str]:
    """The benchmark and the references of a run, as its signature names them."""
    found = stored.get("source")
    if isinstance(found, list) and len(found) == 2:
        return str(found[0]), str(found[1])
    results, settings = folder / run_folder.RESULTS, stored["settings"]
    line = jsonl.read_json(results).get("signature") if results.is_file() else ""
    parts = parse(str(line or ""))
    benchmark = parts.get("benchmark") or f"{settings.get('benchmark', 'pairs')}@{settings.get('revision', '')}"
    return benchmark, parts.get("reference", "given").rpartition("@")[0] or "given"


def _check(before: Row, now: Row, columns: Iterable[str], where: Path) -> None:
    for column in columns:
        if (now.get(column) or "") != (before.get(column) or ""):
            identifier, code = key_of(now)
            raise UserError(
                f"{where}: holds a run in which id {identifier!r} in {code} has another {column}; "
                f"{run_settings.ANOTHER_FOLDER}"
            )


def _counted(keys: Iterable[ItemKey]) -> str:
    counts = Counter(code for _, code in keys)
    names = ", ".join(f"{code} ({count})" for code, count in counts.items())
    return f"{names}: {counted(counts.total(), 'item')}"
