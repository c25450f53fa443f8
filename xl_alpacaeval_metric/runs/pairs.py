"""Pairs files: answers generated elsewhere and their references, for judging alone."""

from collections.abc import Mapping
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import tables
from xl_alpacaeval_metric.records import Comparison

COLUMNS = ("instruction", "prediction", "reference", "language")


def read(file: Path, references: Path | None = None) -> list[Comparison]:
    """The comparisons in a JSONL, JSON or Parquet file.

    Its columns are instruction, prediction, reference, language and an optional id, by default the
    row's number. `references` is a file with the references of pairs that have none. Raises
    UserError that names the file, the row and what is wrong with it.
    """
    rows = tables.read_rows(file)
    if not rows:
        raise UserError(f"{file}: is empty; it needs rows with {', '.join(COLUMNS)}")
    given = read_references(references) if references else {}
    comparisons = []
    for number, (where, row) in enumerate(rows, 1):
        identifier = identifier_of(row, where) or str(number)
        code = _language(row, where)
        reference = row.get("reference")
        if reference is None and given:
            reference = given.get((identifier, code))
            if reference is None:
                raise UserError(f'{where}: no "reference", and {references} has none for id {identifier!r} in {code}')
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
    """The texts and language codes in the columns prediction and language of a file.

    The file is JSONL, JSON or Parquet. Raises UserError as `read` does.
    """
    rows = tables.read_rows(file)
    if not rows:
        raise UserError(f"{file}: is empty; it needs rows with prediction, language")
    texts = [_text(row, "prediction", where, empty=True) for where, row in rows]
    return texts, [_language(row, where) for where, row in rows]


def read_references(file: Path) -> dict[tuple[str, str], str]:
    """References by (id, language), from the columns id, language and reference of a file.

    The file is JSONL, JSON or Parquet. Raises UserError as `read` does, and if an item has two
    references.
    """
    found: dict[tuple[str, str], str] = {}
    for where, row in tables.read_rows(file):
        identifier = identifier_of(row, where)
        if identifier is None:
            raise UserError(f'{where}: no "id"; give one')
        text = _text(row, "reference", where)
        if found.setdefault((identifier, _language(row, where)), text) != text:
            raise UserError(f"{where}: id {identifier!r} has another reference already; need one an item")
    if not found:
        raise UserError(f"{file}: is empty; it needs rows with id, language, reference")
    return found


def identifier_of(row: Mapping[str, object], where: str) -> str | None:
    """A row's `id` as text, None if it has none.

    Raises UserError for an id that is neither text nor a number.
    """
    value = row.get("id")
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        value = value.item()
    if value is None or value != value:  # A table of numbers has nan for a missing id,
        return None
    if isinstance(value, float) and value.is_integer():  # which turns the other ids into floats.
        value = int(value)
    if not isinstance(value, str | int | float):
        raise UserError(f'{where}: "id" is {type(value).__name__}, neither text nor a number')
    return str(value)


def _language(row: Mapping[str, object], where: str) -> str:
    try:
        return languages.get(_text(row, "language", where)).code
    except UserError as error:
        raise UserError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None


def _text(row: Mapping[str, object], column: str, where: str, *, empty: bool = False) -> str:
    value = row.get(column)
    if value is None:
        hint = ", or --reference FILE" if column == "reference" else ""
        raise UserError(f'{where}: no "{column}"; give one{hint}')
    if not isinstance(value, str):
        raise UserError(f'{where}: "{column}" is {type(value).__name__}, not text')
    if not value.strip() and not empty:
        raise UserError(f'{where}: "{column}" is empty')
    return value
