"""Pairs files: answers made elsewhere, beside their references, for judging without generating."""

from collections.abc import Mapping
from pathlib import Path

from xl_alpacaeval_metric import hub, languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records import Comparison

COLUMNS = ("instruction", "prediction", "reference", "language")


def read(file: Path, references: Path | None = None) -> list[Comparison]:
    """The comparisons of a JSONL or Parquet file with the columns instruction, prediction, reference, language, optional id.

    Without ids the number of the row is the id. `references` is a file with the references, where the pairs have none.
    Raises UserError that names the file, the row and what is wrong with it.
    """
    rows = hub.read_rows(file)
    if not rows:
        raise UserError(f"{file}: is empty; it needs rows with {', '.join(COLUMNS)}")
    given = read_references(references) if references else {}
    comparisons = []
    for number, (where, row) in enumerate(rows, 1):
        identifier = str(row["id"]) if row.get("id") is not None else str(number)
        code = languages.get(_text(row, "language", where)).code
        reference = row.get("reference")
        if reference is None and given:
            reference = given.get((identifier, code))
        comparisons.append(
            Comparison(
                id=identifier,
                language=code,
                instruction=_text(row, "instruction", where),
                prediction=_text(row, "prediction", where, empty=True),
                reference=_text({"reference": reference}, "reference", where, empty=True),
            )
        )
    return comparisons


def read_outputs(file: Path) -> tuple[list[str], list[str]]:
    """The texts and language codes of a JSONL, JSON or Parquet file with the columns prediction, language."""
    rows = hub.read_rows(file)
    if not rows:
        raise UserError(f"{file}: is empty; it needs rows with prediction, language")
    texts = [_text(row, "prediction", where, empty=True) for where, row in rows]
    return texts, [languages.get(_text(row, "language", where)).code for where, row in rows]


def read_references(file: Path) -> dict[tuple[str, str], str]:
    """References by (id, language) from a JSONL, JSON or Parquet file with the columns id, language, reference."""
    found = {}
    for where, row in hub.read_rows(file):
        key = (_text(row, "id", where), languages.get(_text(row, "language", where)).code)
        found[key] = _text(row, "reference", where)
    if not found:
        raise UserError(f"{file}: is empty; it needs rows with id, language, reference")
    return found


def _text(row: Mapping[str, object], column: str, where: str, *, empty: bool = False) -> str:
    value = row.get(column)
    if value is None:
        hint = ", or --reference FILE" if column == "reference" else ""
        raise UserError(f'{where}: no "{column}"; give one{hint}')
    if not isinstance(value, str):
        if column != "id":
            raise UserError(f'{where}: "{column}" is {type(value).__name__}, not text')
        return str(value)
    if not value.strip() and not empty:
        raise UserError(f'{where}: "{column}" is empty')
    return value
