"""Rows of JSONL, JSON and Parquet files."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import tables


def data_files(data: Path) -> Sequence[Path]:
    """The file, or all data files of a folder; raises UserError where there is none."""
    if not data.is_dir():
        return [data]
    found = sorted(
        file for suffix in ("parquet", "jsonl", "json") for file in data.rglob(f"*.{suffix}") if file.is_file()
    )
    if not found:
        raise UserError(f"{data}: holds no .parquet, .jsonl or .json file")
    return found


def rows_of(files: Sequence[Path]) -> Iterator[tuple[str, dict[str, object]]]:
    """The rows of these files, one after the other, each with where it stands."""
    for file in files:
        yield from tables.iter_rows(file)


def read_rows(file: Path) -> list[tuple[str, dict[str, object]]]:
    """The rows of a JSONL, JSON (a list of objects) or Parquet file, each with where it stands ("FILE line 3").

    Raises UserError with file and line.
    """
    if not file.is_file():
        raise UserError(f"{file}: is a folder, not a file" if file.is_dir() else f"{file}: no such file")
    if file.suffix == ".parquet":
        return [(f"{file} row {number}", row) for number, row in enumerate(_parquet(file), 1)]
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not readable as UTF-8 text ({type(error).__name__})") from None
    if text.lstrip().startswith("["):
        rows = [(f"{file} entry {n}", row) for n, row in enumerate(_parse(str(file), text), 1)]
    else:
        numbered = ((f"{file} line {n}", line) for n, line in enumerate(text.split("\n"), 1) if line.strip())
        rows = [(where, _parse(where, line)) for where, line in numbered]
    for where, row in rows:
        if not isinstance(row, dict):
            raise UserError(f"{where}: not a JSON object")
    return rows


def iter_rows(file: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """The rows of `read_rows`, one at a time in memory that does not grow with a JSONL or Parquet file.

    Raises UserError with file and line.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.suffix == ".parquet" and file.is_file():
        try:
            rows = (row for batch in pq.ParquetFile(file).iter_batches(1000) for row in batch.to_pylist())
            yield from ((f"{file} row {number}", row) for number, row in enumerate(rows, 1))
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"{file}: not a readable Parquet file ({type(error).__name__})") from None
    elif file.suffix == ".jsonl" and file.is_file():
        try:
            with file.open(encoding="utf-8-sig", newline="\n") as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        row = _parse(where := f"{file} line {number}", line)
                        if not isinstance(row, dict):
                            raise UserError(f"{where}: not a JSON object")
                        yield where, row
        except UnicodeDecodeError:
            raise UserError(f"{file}: not readable as UTF-8 text") from None
    else:
        yield from read_rows(file)


def _parse(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not valid JSON ({error.msg}, column {error.colno})") from None
    except RecursionError:
        raise UserError(f"{where}: JSON nested too deeply") from None
    except ValueError as error:  # A number of more digits than Python turns into one.
        raise UserError(f"{where}: not valid JSON ({error})") from None


def _parquet(file: Path) -> list[dict[str, object]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Without partitioning, a folder called language=fi says nothing about what its file holds.
        return list(pq.read_table(file, partitioning=None).to_pylist())
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise UserError(f"{file}: not a readable Parquet file ({reason})") from None
