"""Pairs files: answers generated elsewhere and their references, for judging alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from xl_alpacaeval_metric import languages, thinking
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import tables
from xl_alpacaeval_metric.records.judgements import Comparison

COLUMNS = ("instruction", "prediction", "reference", "language")


def read(file: Path, references: Path | None = None) -> list[Comparison]:
    """The comparisons in a JSONL, JSON or Parquet file.

    Its columns are instruction, prediction, reference, language and an optional id, by default the
    row's number. The columns of thoughts in a run's samples.jsonl are read, too. `references` is a
    file with the references of pairs that have none. Raises UserError that names the file, the row
    and what is wrong with it.
    """
    rows = tables.read_rows(file)
    if not rows:
        raise UserError(f"{file}: is empty; it needs rows with {', '.join(COLUMNS)}")
    given = read_references(references) if references else {}
    comparisons = []
    for number, (where, row) in enumerate(rows, 1):
        identifier = tables.identifier_of(row, where) or str(number)
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
                thinking=thought if isinstance(thought := row.get("thinking"), str) else "",
                thinking_tokens=tokens if isinstance(tokens := row.get("thinking_tokens"), int) else None,
                unfinished=row.get("unfinished") is True,
            )
        )
    return comparisons


def without_thoughts(comparisons: Sequence[Comparison]) -> tuple[list[Comparison], list[str]]:
    """The comparisons with answers alone, and lines for the user about the thoughts taken off.

    The candidate's thought goes into `thinking`. A thought that never ends leaves an empty answer.
    """
    found, references, unfinished = [], 0, 0
    for item in comparisons:
        answer, reference = _split(item.prediction), _split(item.reference)
        if _has_thought(answer):
            thought = "\n\n".join(filter(None, (item.thinking, answer.thought)))
            item = replace(
                item,
                prediction=answer.answer,
                thinking=thought,
                thinking_tokens=None,
                unfinished=item.unfinished or not answer.finished,
            )
        if _has_thought(reference):
            references += 1
            unfinished += not reference.finished
            item = replace(item, reference=reference.answer)
        found.append(item)
    taken = sum(new.prediction != old.prediction for new, old in zip(found, comparisons, strict=True))
    lines = [
        f"thoughts taken off {count} of {len(found)} {name} (--keep-thinking keeps them)"
        for count, name in ((taken, "predictions"), (references, "references"))
        if count
    ]
    if unfinished:
        lines.append(f"{unfinished} of {len(found)} references are a thought that never ends: they count as empty")
    return found, lines


def outputs_without_thoughts(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """The texts without their thoughts, and a line for the user if there were any."""
    found = [_split(text) for text in texts]
    count = sum(map(_has_thought, found))
    lines = [f"thoughts taken off {count} of {len(texts)} texts"] if count else []
    if unfinished := sum(not part.finished for part in found):
        lines.append(f"{unfinished} of them never end, and count as empty texts")
    return [part.answer for part in found], lines


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

    The file is JSONL, JSON or Parquet; thoughts of models are taken off. Raises UserError as `read`
    does, and if an item has two references.
    """
    found: dict[tuple[str, str], str] = {}
    for where, row in tables.read_rows(file):
        identifier = tables.identifier_of(row, where)
        if identifier is None:
            raise UserError(f'{where}: no "id"; give one')
        text = _split(_text(row, "reference", where)).answer
        if not text.strip():
            raise UserError(f'{where}: "reference" is a thought without an answer')
        if found.setdefault((identifier, _language(row, where)), text) != text:
            raise UserError(f"{where}: id {identifier!r} has another reference already; need one an item")
    if not found:
        raise UserError(f"{file}: is empty; it needs rows with id, language, reference")
    return found


def _split(text: str) -> thinking.Split:
    return thinking.split(text) if isinstance(text, str) else thinking.Split("", text)


def _has_thought(part: thinking.Split) -> bool:
    return bool(part.thought) or not part.finished


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
