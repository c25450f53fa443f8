"""Pairs files: answers generated elsewhere and their references, for judging alone."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from xl_alpacaeval_metric import correctness, languages, thinking
from xl_alpacaeval_metric.benchmark import Benchmark
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import tables
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.terminal import counted, counted_of

logger = logging.getLogger(__name__)

COLUMNS = ("instruction", "prediction", "reference", "language")


def read(file: Path, references: Path | None = None) -> list[Comparison]:
    """The comparisons that `read_against` finds."""
    return read_against(file, References.read(references) if references else None)[0]


def read_against(file: Path, given: "References | None" = None) -> tuple[list[Comparison], list[str]]:
    """The comparisons in a JSONL, JSON or Parquet file, and lines about their references.

    Its columns are instruction, prediction, reference, language and an optional id, by default the
    row's number. The columns of thoughts in a run's samples.jsonl are read, too. The `given`
    references take the place of the pairs' own. Where they are a run's, a pair whose item is not in
    the run, or whose instruction is another there, is left out.
    Raises UserError that names the file, the row and what is wrong with it.
    """
    rows = tables.read_rows(file)
    if not rows:
        raise UserError(f"{file}: is empty; it needs rows with {', '.join(COLUMNS)}")
    comparisons, replaced, kept, left_out = [], 0, 0, 0
    for number, (where, row) in enumerate(rows, 1):
        identifier = tables.identifier_of(row, where) or str(number)
        code = language_of(row, where)
        reference = own = row.get("reference")
        if given is not None:
            reference = given.of(identifier, code, row.get("instruction"))
            if reference is None and given.of_run:
                left_out += 1
                continue
            if reference is None and own is None:
                raise UserError(f'{where}: no "reference", and {given.path} has none for id {identifier!r} in {code}')
            replaced += own is not None and reference is not None
            kept += reference is None
            reference = own if reference is None else reference
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
                expected=correctness.as_json(row.get("expected")),
            )
        )
    if given is not None and given.of_run and not comparisons:
        raise UserError(
            f"{given.path}: has none of the {counted(len(rows), 'item')} of {file} with the same instruction"
        )
    return comparisons, _lines(given, replaced, kept, left_out, len(rows)) if given else []


def _lines(given: "References", replaced: int, kept: int, left_out: int, total: int) -> list[str]:
    name = given.path
    lines = [
        (replaced, f"references of {counted(replaced, 'pair')} are those of {name}, not the pairs' own"),
        (kept, f"references of {counted(kept, 'pair')} are their own, since {name} has none for them"),
        (left_out, f"left out: {left_out} of {counted(total, 'pair')}, whose item or instruction {name} does not have"),
    ]
    return [line for count, line in lines if count]


@dataclass(frozen=True, slots=True)
class References:
    """References by (id, language): those in a file, or the answers of a run.

    `instructions` are those that a run's answers were given to; a file has none.
    """

    texts: Mapping[ItemKey, str]
    instructions: Mapping[ItemKey, str]
    path: Path
    of_run: bool

    @property
    def name(self) -> str:
        """As in a signature: the file's name, or that of the run."""
        return f"run {self.path.resolve().name}" if self.of_run else self.path.name

    @classmethod
    def read(cls, path: Path) -> Self:
        """The references in a file (see `read_references`), or the answers in a run folder.

        Raises UserError for a folder that holds no run, a run without answers, and a bad file.
        """
        if not path.is_dir():
            return cls(read_references(path), {}, path, False)
        file = path / run_folder.SAMPLES
        if not file.is_file():
            raise UserError(
                f"{path}: holds no {run_folder.SAMPLES}; --reference takes a run folder with answers, or a file"
            )
        items = run_folder.read_samples(file)
        if not items:
            raise UserError(f"{file}: is empty; --reference takes a run folder with answers, or a file")
        answers = {item.key: item.prediction for item in items}
        return cls(answers, {item.key: item.instruction for item in items}, path, True)

    def of(self, identifier: str, language: str, instruction: object) -> str | None:
        """The reference of an item; None if there is none, or it answers another instruction."""
        key = (identifier, language)
        return None if self.instructions.get(key, instruction) != instruction else self.texts.get(key)

    def rows_of(self, benchmark: Benchmark) -> tuple[Benchmark, list[str]]:
        """The rows that the run answered, too, and a line about those that are left out.

        Raises UserError where there are none.
        """
        found = [row for row in benchmark.rows if self.of(row.id, row.response_language, row.instruction) is not None]
        if not found:
            raise UserError(f"{self.path}: has no answer to any row of {benchmark.name}; need a run on the same rows")
        total, more = len(benchmark.rows), len(benchmark.rows) - len(found)
        lines = [f"left out: {more} of {counted(total, 'row')}, to which run {self.path} has no answer"] * bool(more)
        return replace(benchmark, rows=tuple(found)), lines


def with_references(
    rows: Sequence[Mapping[str, Any]], given: References | None
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Lines of a run's samples.jsonl with the given references, and lines about them for the user.

    Raises UserError where none of them is given.
    """
    if given is None:
        return list(rows), []
    texts = [given.of(str(row["id"]), str(row["language"]), row["instruction"]) for row in rows]
    taken = sum(text is not None for text in texts)
    if not taken:
        raise UserError(f"{given.path}: has no reference for any of the answers (the same id and language)")
    found = [row if text is None else {**row, "reference": text} for row, text in zip(rows, texts, strict=True)]
    replaced = sum(text is not None and bool(row.get("reference")) for row, text in zip(rows, texts, strict=True))
    return found, _lines(given, replaced, len(rows) - taken, 0, len(rows))


def without_thoughts(comparisons: Sequence[Comparison], hint: str = "") -> tuple[list[Comparison], list[str]]:
    """The comparisons with answers alone, and lines for the user about the thoughts taken off.

    The candidate's thought goes into `thinking`. A thought that never ends leaves an empty answer.
    `hint` says how to keep them.
    """
    found, references, unfinished = [], 0, 0
    for item in comparisons:
        answer, reference = _split(item.prediction), _split(item.reference)
        # Marks around no thought, which models write that do not think, go off, too.
        if answer.answer != item.prediction:
            thought = "\n\n".join(filter(None, (item.thinking, answer.thought)))
            item = replace(
                item,
                prediction=answer.answer,
                thinking=thought,
                thinking_tokens=None if answer.thought else item.thinking_tokens,
                unfinished=item.unfinished or not answer.finished,
            )
        if reference.answer != item.reference:
            references += 1
            unfinished += not reference.finished
            item = replace(item, reference=reference.answer)
        found.append(item)
    taken = sum(new.prediction != old.prediction for new, old in zip(found, comparisons, strict=True))
    lines = [
        f"thoughts taken off {count} of {counted(len(found), name)}{hint}"
        for count, name in ((taken, "prediction"), (references, "reference"))
        if count
    ]
    if unfinished:
        lines.append(f"{counted_of(unfinished, len(found), 'reference')} a thought that never ends: no text is left")
    return found, lines


def outputs_without_thoughts(texts: Sequence[str]) -> tuple[list[str], int, int]:
    """The texts without their thoughts; how many had one, and how many of these never end."""
    found = [_split(text) for text in texts]
    count, unfinished = sum(map(_has_thought, found)), sum(not part.finished for part in found)
    return [part.answer for part in found], count, unfinished


def read_references(file: Path) -> dict[tuple[str, str], str]:
    """References by (id, language), from the columns id, language and reference of a file.

    The file is JSONL, JSON or Parquet; thoughts of models are taken off, and their number is
    logged. Raises UserError as `read` does, and if an item has two references.
    """
    found: dict[tuple[str, str], str] = {}
    thoughts = 0
    for where, row in tables.read_rows(file):
        identifier = tables.identifier_of(row, where)
        if identifier is None:
            raise UserError(f'{where}: no "id"; give one')
        reference = _split(_text(row, "reference", where))
        text = reference.answer
        thoughts += _has_thought(reference)
        if not text.strip():
            raise UserError(f'{where}: "reference" is a thought without an answer')
        if found.setdefault((identifier, language_of(row, where)), text) != text:
            raise UserError(f"{where}: id {identifier!r} has another reference already; need one an item")
    if not found:
        raise UserError(f"{file}: is empty; it needs rows with id, language, reference")
    if thoughts:
        logger.warning("%s: thoughts taken off %d of %d references", file, thoughts, len(found))
    return found


def _split(text: str) -> thinking.Split:
    return thinking.split(text) if isinstance(text, str) else thinking.Split("", text)


def _has_thought(part: thinking.Split) -> bool:
    return bool(part.thought) or not part.finished


def language_of(row: Mapping[str, object], where: str) -> str:
    """The code of a row's language; raises UserError where it has none, or an unknown one."""
    try:
        return languages.get(_text(row, "language", where)).code
    except UserError as error:
        raise UserError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None


def _text(row: Mapping[str, object], column: str, where: str, *, empty: bool = False) -> str:
    value = row.get(column)
    if value is None:
        hint = ", or --reference FILE" if column == "reference" else ""
        raise UserError(f"{where}: {tables.lacks(row, column)}; give one{hint}")
    if not isinstance(value, str):
        raise UserError(f'{where}: "{column}" is {type(value).__name__}, not text')
    if not value.strip() and not empty:
        raise UserError(f'{where}: "{column}" is empty')
    return value
