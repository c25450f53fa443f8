"""The verdicts of a finished or unfinished run, read for analyses of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl, tables
from xl_alpacaeval_metric.judge import votes
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Order, Verdict, VerdictKey
from xl_alpacaeval_metric.runs import folder as run_folder

_ORDERS: Mapping[object, Order] = {"candidate_first": "candidate_first", "reference_first": "reference_first"}


def read(path: Path) -> dict[ItemKey, list[Verdict]]:
    """The verdicts on each item in a run folder or a verdicts.jsonl; the last on each question.

    Raises UserError where there are none, and with the line for one that is no verdict.
    """
    return of_rows(read_rows(path))


def read_rows(path: Path) -> list[tables.Row]:
    """The lines of a run folder's verdicts.jsonl, or the rows of any other file.

    Raises UserError where there are none.
    """
    file = path
    if path.is_dir():
        file = path / run_folder.VERDICTS
        if not file.exists():
            raise UserError(
                f"{path}: holds no {run_folder.VERDICTS}; need a run folder with verdicts (not --judge none)"
            )
        # Not tables.rows: the last line of a run that goes on, or was killed, is unfinished.
        rows = [(f"{file} line {number}", row) for number, row in enumerate(jsonl.read_lines(file), 1)]
    else:
        rows = tables.read_rows(file)
    if not rows:
        raise UserError(f"{file}: is empty; it needs rows with id, language and preference or label")
    return rows


def read_samples(path: Path) -> dict[ItemKey, Comparison]:
    """The items of a run, from samples.jsonl in the folder or beside its verdicts.jsonl.

    Empty without that file. Raises UserError for a damaged file.
    """
    samples = (path if path.is_dir() else path.parent) / run_folder.SAMPLES
    if not samples.is_file():
        return {}
    return {item.key: item for item in run_folder.read_samples(samples)}


def of_rows(rows: Sequence[tables.Row]) -> dict[ItemKey, list[Verdict]]:
    """The verdicts in these rows, by item; raises UserError with the line for one that is none."""
    found: dict[VerdictKey, Verdict] = {}
    for where, row in rows:
        order, code = _ORDERS.get(row.get("order")), language_of(row, where)
        if order is None or code is None:
            need = f'"language" and "order" ({" or ".join(_ORDERS.values())})'
            raise UserError(f"{where}: is no verdict; needs {need}, as in a run folder's {run_folder.VERDICTS}")
        number = vote if isinstance(vote := row.get("vote"), int) else 0
        judge = str(row.get("judge") or "")
        verdict = Verdict(identifier_of(row, where), code, order, preference_of(row, where), vote=number, judge=judge)
        found[verdict.key] = verdict
    by_item: dict[ItemKey, list[Verdict]] = {}
    for verdict in votes.averaged(found.values()):
        by_item.setdefault((verdict.id, verdict.language), []).append(verdict)
    return by_item


def identifier_of(row: Mapping[str, object], where: str) -> str:
    """A row's id; raises UserError if it has none."""
    found = tables.identifier_of(row, where)
    if found is None:
        raise UserError(f'{where}: no "id"; verdicts and labels are matched by it')
    return found


def language_of(row: Mapping[str, object], where: str) -> str | None:
    """The code of a row's language, None if it has none; raises UserError for an unknown one."""
    value = row.get("language")
    if value is None or value == "":
        return None
    try:
        return languages.get(value).code  # type: ignore[arg-type]  # It refuses what is no text.
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def preference_of(row: Mapping[str, object], where: str) -> float | None:
    """A row's preference, None if it is missing; raises UserError unless it is in [0, 1]."""
    value = row.get("preference")
    if "preference" not in row:
        raise UserError(f'{where}: neither "preference" nor "label"; give one')
    if value is None or value != value:  # nan is how a table writes "none"
        return None
    if isinstance(value, str):  # A cell of a CSV file.
        value = _number(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UserError(
            f'{where}: "preference" is {row["preference"]!r}; '
            "need a number from 0 (reference) to 1 (candidate), or null"
        )
    return float(value)


def _number(cell: str) -> object:
    """The number in a cell, with a decimal point or comma; the text itself where it is none."""
    try:
        return float(cell.strip().replace(",", "."))
    except ValueError:
        return cell
