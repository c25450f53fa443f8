"""A benchmark of one's own: rows from a file, a folder, or a dataset on the Hub."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark.context import FENCE
from xl_alpacaeval_metric.benchmark.rows import Row
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import data_files, file_names, jsonl, tables
from xl_alpacaeval_metric.hub import download

LANGUAGE = ("response_language", "language")
"""Columns with the language that the answer should be in."""
UNKNOWN = "und"
"""The language of an instruction where the rows do not say it (BCP-47: undetermined)."""


def is_source(name: str) -> bool:
    """Whether `name` is a file or a folder of this machine, or has the form of a Hub id."""
    return (
        (name.strip() != "" and Path(name).expanduser().exists())
        or "/" in name
        or data_files.format_of(name) is not None
    )


def name_of(source: str) -> str:
    """The benchmark's name: that of the file, the folder or the dataset, in plain characters."""
    path = Path(source).expanduser()
    name = data_files.stem_of(path.name) if path.is_file() else path.resolve().name if path.exists() else path.name
    return file_names.plain(name, 60).strip(".-") or "own"


def rows(source: str, codes: Sequence[str] | None = None) -> list[Row]:
    """The rows of a benchmark, language by language; those with responses in `codes`, if given.

    Columns: instruction and language (or response_language); id, by default the row's number, the
    same for one prompt in several languages; reference, context, subset, request,
    instruction_language and context_language where there are any. A context that is not in the
    instruction is put before it, fenced as in the benchmark `context`. Raises UserError with the
    row that is wrong, for a source that is not there, and for a language that it has no rows in.
    """
    found: dict[str, list[Row]] = {}
    seen: dict[tuple[str, str], str] = {}
    for number, (where, columns) in enumerate(_rows_of(source), 1):
        row = _row(columns, where, number)
        key = (row.id, row.response_language)
        if key in seen:
            raise UserError(
                f"{where}: id {row.id!r} stands in {row.response_language!r} already ({seen[key]}); "
                "ids must be unique in a language"
            )
        seen[key] = where
        found.setdefault(row.response_language, []).append(row)
    if not found:
        raise UserError(f"{source}: is empty; a benchmark needs rows with id, instruction, language")
    if missing := [code for code in codes or () if code not in found]:
        raise UserError(f"{source}: has no rows in {missing[0]!r}; it has {', '.join(found)}")
    return [row for code in codes or found for row in found[code]]


def hub_id(source: str) -> str | None:
    """The dataset of the Hub that a source names; None for a file or a folder of this machine.

    Raises UserError for what is neither.
    """
    if Path(source).expanduser().exists():
        return None
    if source.startswith((".", "/", "~")) or source.count("/") != 1 or data_files.format_of(source):
        raise UserError(f"{source}: no such file or folder; --benchmark takes a name, a file, a folder or a Hub id")
    return source


def _rows_of(source: str) -> Iterator[tables.Row]:
    repo = hub_id(source)
    path = download.dataset(repo) if repo else Path(source).expanduser()
    files, _ = tables.files_of(path)
    tests = [file for file in files if path.is_dir() and data_files.split_of(str(file.relative_to(path))) == "test"]
    return tables.rows_of(tests or files)


def _row(columns: Mapping[str, Any], where: str, number: int) -> Row:
    code = next((columns[name] for name in LANGUAGE if columns.get(name)), None)
    if code is None:
        raise UserError(
            f"{where}: {tables.lacks(columns, 'language')}; give the code of the language that the answer should be in"
        )
    instruction, context = _text(columns, "instruction", where), _text(columns, "context", where)
    if not instruction:
        raise UserError(f'{where}: no text in column "instruction"')
    request = _text(columns, "request", where)
    if context and context not in instruction:
        request = request or instruction
        instruction = f"{FENCE}\n{context}\n{FENCE}\n\n{instruction}"
    of_context = columns.get("context_language")
    return Row(
        id=tables.identifier_of(columns, where) or str(number),
        instruction=instruction,
        request=request or None,
        instruction_language=_code(columns.get("instruction_language") or UNKNOWN, where),
        response_language=_code(code, where),
        context=context or None,
        context_language=_code(of_context, where) if of_context else None,
        reference=_text(columns, "reference", where) or None,
        subset=_text(columns, "subset", where),
    )


def _text(columns: Mapping[str, Any], name: str, where: str) -> str:
    """The text in a column, empty where there is none; raises UserError for anything else."""
    value = columns.get(name)
    if value is None or value != value:  # A table of numbers has nan for a missing text.
        return ""
    if not isinstance(value, str):
        raise UserError(f'{where}: "{name}" is {type(value).__name__}, not text')
    if not jsonl.is_utf8(value):
        raise UserError(f'{where}: "{name}" holds half a character (a lone surrogate)')
    return value if value.strip() else ""


def _code(value: object, where: str) -> str:
    if value == UNKNOWN:
        return UNKNOWN
    try:
        return languages.get(value).code  # type: ignore[arg-type]  # It refuses what is no text.
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
