"""JSON and JSON-lines files: written whole or not at all, appended line by line, read up to the last finished line."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from xl_alpacaeval_metric.errors import UserError


def open_for_append(path: Path) -> TextIO:
    """Open a JSONL file to add lines, first cutting off a last line that was never finished."""
    if path.exists():
        with path.open("rb+") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
    return path.open("a", encoding="utf-8")


def json_line(content: object, indent: int | None = None) -> str:
    """The content as JSON and a line feed, readable in any language; raises ValueError for nan."""
    text = json.dumps(content, ensure_ascii=False, indent=indent, allow_nan=False)
    # Half a character (a lone surrogate) has no UTF-8 and must be written as an escape.
    return (text if _is_utf8(text) else json.dumps(content, indent=indent)) + "\n"


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def write_json(path: Path, content: object) -> None:
    """Write a JSON file whole, or not at all."""
    replace_file(path, json_line(content, indent=2))


def read_json(path: Path) -> dict[str, object]:
    """The object in a JSON file; raises UserError where it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise UserError(f"{path}: not readable as JSON") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: not a JSON object")
    return content


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The complete lines of a JSONL file that may not exist yet, one at a time; raises UserError where one is damaged."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return  # Its writer was killed.
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                raise UserError(f"{path} line {number}: damaged; delete that line, or choose a new folder")
            yield row


def replace_file(path: Path, text: str) -> None:
    """Write a text file whole, or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
