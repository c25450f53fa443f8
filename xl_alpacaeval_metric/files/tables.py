"""Rows of JSONL, JSON, Parquet and CSV files, one at a time, with the values of the file."""

import codecs
import csv
import io
import json
import lzma
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from xl_alpacaeval_metric.errors import UserError, first_line
from xl_alpacaeval_metric.files import data_files

Row = tuple[str, dict[str, Any]]
"""Where a row is ("pairs.jsonl line 3"), and the row."""

_LONGEST_CELL = 2**31 - 1
"""Of a CSV file, in characters; Python's own limit is 131072."""
_LONGEST_HEAD = 1 << 16
"""Characters of the first line that are looked at for the separator."""
_BATCH = 1000
"""Rows of a Parquet file that are converted at a time."""


def rows(file: Path | IO[bytes], name: str | None = None) -> Iterator[Row]:
    """Each row of a file, or of an open binary file, with where it is; errors call the file `name`.

    The name's suffix says what the file is: Parquet, CSV (or .tsv), or for any other suffix JSON,
    which is one list of objects or has an object on each line; a second suffix (.gz, .bz2, .xz,
    .zst) that it is compressed. The cells of a CSV file are separated by
    commas, semicolons or tabs, as its first line is. A list is read whole; the memory for all
    other files does not grow with their size. No column is given one type for all rows. An empty
    cell of a CSV file is None, all others are text.

    Raises UserError with the file, and the line or row where there is one. Errors of the disk or
    the network that occur while an open file is read are raised as they are.
    """
    if not isinstance(file, Path):
        yield from _rows(file, name or str(getattr(file, "name", "file")))
        return
    name = name or str(file)
    if not file.exists() or file.is_dir():
        raise UserError(f"{name}: is a folder, not a file" if file.is_dir() else f"{name}: no such file")
    try:
        with file.open("rb") as opened:
            # A pipe, as `<(command)` and /dev/stdin are, cannot be read from its beginning again.
            yield from _rows(opened if opened.seekable() else io.BytesIO(opened.read()), name)
    except OSError as error:
        raise UserError(f"{name}: cannot be read ({error.strerror or type(error).__name__})") from None


def read_rows(file: Path | IO[bytes], name: str | None = None) -> list[Row]:
    """The rows of `rows` in a list."""
    return list(rows(file, name))


def rows_of(files: Iterable[Path]) -> Iterator[Row]:
    """The rows of several files, one file after the other."""
    for file in files:
        yield from rows(file)


def files_of(path: Path) -> tuple[Sequence[Path], Sequence[str]]:
    """A file itself, or all files with rows below a folder, and lines on those left out.

    Raises UserError for a folder without any.
    """
    if not path.is_dir():
        return [path], []
    found = data_files.in_folder(path)
    return [path / name for name in found.names], found.notes(str(path))


def _rows(file: IO[bytes], name: str) -> Iterator[Row]:
    kind = data_files.format_of(name)
    content = data_files.decompressed(file, name)
    try:
        if kind == ".parquet":
            # Its index is at the end: a compressed one is read whole.
            yield from _parquet(content if content is file else io.BytesIO(content.read()), name)
        else:
            yield from _text_rows(content, name, is_csv=kind in (".csv", ".tsv"))
    except (OSError, EOFError, lzma.LZMAError) as error:
        if content is file or getattr(error, "errno", None) is not None:
            raise
        raise UserError(f"{name}: damaged, cannot be decompressed ({first_line(error)})") from None


def _text_rows(file: IO[bytes], name: str, *, is_csv: bool) -> Iterator[Row]:
    head = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # type: ignore[type-var]
    begins = head.peek(_LONGEST_HEAD)
    text = io.TextIOWrapper(head, encoding="utf-8-sig", newline="" if is_csv else "\n")
    try:
        if is_csv:
            yield from _csv(text, name, _separator(begins))
        elif begins.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"[":
            for number, row in enumerate(_parsed(text.read(), name), 1):
                yield _object(row, f"{name} entry {number}")
        else:
            for number, line in enumerate(text, 1):
                if line.strip():
                    where = f"{name} line {number}"
                    yield _object(_parsed(line.rstrip("\n"), where), where)
    except UnicodeDecodeError:
        hint = "; save it as CSV UTF-8" if is_csv else ""
        raise UserError(f"{name}: not readable as UTF-8 text{hint}") from None


def _parquet(file: IO[bytes], name: str) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        for batch in pq.ParquetFile(file).iter_batches(_BATCH):
            # Arrow keeps what it has freed: in the end more than the rows take.
            pa.default_memory_pool().release_unused()
            for row in batch.to_pylist():
                number += 1
                yield f"{name} row {number}", row
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, OSError) and (error.errno is not None or type(error) is not OSError):
            # An error of the disk or the network: those of pyarrow about the content are plain and
            # have no number.
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        problem = f"damaged after row {number}" if number else "not a readable Parquet file"
        raise UserError(f"{name}: {problem} ({reason})") from None


def _csv(text: io.TextIOWrapper, name: str, separator: str) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.DictReader(text, strict=True, delimiter=separator)
    try:
        names = reader.fieldnames or ()
        if twice := next((column for column in names if names.count(column) > 1), None):
            raise UserError(f"{name} line 1: has two columns {twice!r}")
        for row in reader:
            if None in row or None in row.values():
                raise UserError(
                    f"{name} line {reader.line_num}: has {'more' if None in row else 'fewer'} cells than names"
                )
            yield f"{name} line {reader.line_num}", {key: value or None for key, value in row.items()}
    except csv.Error as error:
        raise UserError(f"{name} line {reader.reader.line_num}: not valid CSV ({error})") from None


def _separator(head: bytes) -> str:
    """What separates the names of columns: a comma, or what spreadsheets elsewhere take."""
    first = head.decode("utf-8", "replace").partition("\n")[0]
    names = re.sub(r'"[^"]*"', "", first)
    return max(",;\t", key=names.count)


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = f"line {error.lineno} " if error.lineno > 1 else ""
        raise UserError(f"{where}: not valid JSON ({error.msg}, {line}column {error.colno})") from None
    except RecursionError:
        raise UserError(f"{where}: JSON nested too deeply") from None
    except ValueError:  # Python's limit is 4300 digits.
        raise UserError(f"{where}: not valid JSON (a number with too many digits)") from None


def _object(row: Any, where: str) -> Row:
    if not isinstance(row, dict):
        raise UserError(f"{where}: not a JSON object")
    return where, row


def lacks(row: Mapping[str, object], column: str) -> str:
    """What is wrong with a row that has nothing in a column: where it has none, those it has."""
    known = ", ".join(str(name)[:40] for name in [*row][:8])
    return f'no "{column}"' + (f" (it has {known})" if known and column not in row else "")


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
