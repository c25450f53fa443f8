"""JSON and JSON-lines files.

They are replaced completely or not at all, appended to line by line, and read up to the last
complete line.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from xl_alpacaeval_metric.errors import UserError


def open_for_append(path: Path) -> TextIO:
    """Open a JSONL file to append lines, after an incomplete last line was cut off."""
    if path.exists():
        with path.open("rb+") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
    return path.open("a", encoding="utf-8")


def json_line(content: object, indent: int | None = None) -> str:
    """The content as JSON and a line feed; raises ValueError for nan.

    Characters other than ASCII are not escaped, so that texts stay readable.
    """
    text = json.dumps(content, ensure_ascii=False, indent=indent, allow_nan=False)
    # A lone surrogate has no UTF-8 encoding and must be escaped.
    return (text if is_utf8(text) else json.dumps(content, indent=indent)) + "\n"


def is_utf8(text: str) -> bool:
    """Whether the text can be written: it holds no half of a character (a lone surrogate)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def write_json(path: Path, content: object) -> None:
    """Write a JSON file completely, or not at all."""
    replace_file(path, json_line(content, indent=2))


def read_json(path: Path) -> dict[str, object]:
    """The object in a JSON file; raises UserError for a file that holds none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise UserError(f"{path}: not readable as JSON") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: not a JSON object")
    return content


def short_hash(content: object) -> str:
    """8 hexadecimal digits of a hash of the content as JSON, which is never one text in memory."""
    found = hashlib.sha256()
    for piece in json.JSONEncoder(default=str).iterencode(content):
        found.update(piece.encode())
    return found.hexdigest()[:8]


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The complete lines of a JSONL file, one at a time; none if the file does not exist.

    Raises UserError for a line that is not a JSON object.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return  # Its writer was killed.
            yield _object(line, path, number)


def _object(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise UserError(f"{path} line {number}: damaged; delete that line, or choose a new folder")
    return row


class Tail:
    """The lines that another process appends to a JSONL file."""

    def __init__(self, path: Path) -> None:
        self._path, self._position, self._number = path, 0, 0

    def new_lines(self) -> list[dict[str, Any]]:
        """The lines that were completed since the last call; at first all there are.

        Raises UserError as `read_lines` does.
        """
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._position)
            content = file.read()
        complete = content[: content.rfind(b"\n") + 1]
        found = []
        for line in complete.split(b"\n")[:-1]:
            self._number += 1
            found.append(_object(line, self._path, self._number))
        self._position += len(complete)
        return found


def replace_file(path: Path, text: str) -> None:
    """Write a text file completely, or not at all; an OSError names the file."""
    replace_lines(path, (text,))


def replace_lines(path: Path, lines: Iterable[str]) -> None:
    """Do as `replace_file` with lines that have their line feeds, one in memory at a time."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            file.writelines(lines)
        unfinished.replace(path)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # A full disk is said of no file.
        raise
