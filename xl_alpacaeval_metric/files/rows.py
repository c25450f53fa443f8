"""The rows of a data file, one at a time and as they stand in it."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any

from xl_alpacaeval_metric.errors import UserError

_LONGEST_CELL = 2**31 - 1
"""Of a CSV file, in characters; Python's own limit is 131072."""


def rows(file: IO[bytes], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row with where it stands ("NAME line 3").

    Parquet, JSONL (also under the name .json) and CSV are read in memory that does not grow with the file; a .json
    file that is one list is read whole. Values are what the file says: no column is given a type for all rows.
    Raises UserError with file and line.
    """
    if PurePosixPath(name).suffix == ".parquet":
        yield from _parquet(file, name)
        return
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="" if name.endswith(".csv") else "\n")
    try:
        if name.endswith(".csv"):
            yield from _csv(text, name)
        elif name.endswith(".json") and _is_list(text):
            for number, row in enumerate(_parsed(text.read(), name), 1):
                yield _checked(row, f"{name} entry {number}")
        else:
            for number, line in enumerate(text, 1):
                if line.strip():
                    yield _checked(_parsed(line, f"{name} line {number}"), f"{name} line {number}")
    except UnicodeDecodeError:
        raise UserError(f"{name}: not readable as UTF-8 text") from None


def _parquet(file: IO[bytes], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        for batch in pq.ParquetFile(file).iter_batches(1000):
            for row in batch.to_pylist():
                number += 1
                yield f"{name} row {number}", row
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and (error.errno is not None or type(error) is not OSError):
            raise  # Of the disk or the network; pyarrow's own, about what the file holds, are plain and have no number.
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise UserError(f"{name}: missing or damaged after row {number} ({reason})") from None


def _csv(text: io.TextIOWrapper, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.DictReader(text, strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise UserError(
                    f"{name} line {reader.line_num}: has {'more' if None in row else 'fewer'} cells than names"
                )
            yield f"{name} line {reader.line_num}", {key: value or None for key, value in row.items()}
    except csv.Error as error:
        raise UserError(f"{name} line {reader.line_num}: not valid CSV ({error})") from None


def _is_list(text: io.TextIOWrapper) -> bool:
    """Whether a JSON file begins as a list; the file is at its beginning again afterwards."""
    first = next((mark for mark in iter(lambda: text.read(1), "") if not mark.isspace()), "")
    text.seek(0)
    return first == "["


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not valid JSON ({error.msg}, column {error.colno})") from None
    except (RecursionError, ValueError) as error:
        raise UserError(f"{where}: not valid JSON ({type(error).__name__})") from None


def _checked(row: Any, where: str) -> tuple[str, dict[str, Any]]:
    if not isinstance(row, dict):
        raise UserError(f"{where}: not a JSON object")
    return where, row
