"""The table that people label in: its columns, and cells that a spreadsheet takes for text."""

import csv
import io
from collections.abc import Mapping, Sequence

ITEM, DRAWN = "item", "drawn"
COLUMNS = (ITEM, "id", "language", "instruction", "answer_1", "answer_2", "label", "comment", "annotator", DRAWN)
LONGEST_CELL = 32_767
"""Characters that Excel keeps of a cell."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""How a cell begins that a spreadsheet may take for a formula, or that `as_text` has changed."""


def csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    """The rows as CSV with a byte order mark, by which Excel knows UTF-8.

    No cell is a formula (see `as_text`); halves of characters, which cannot be written, are
    escaped.
    """
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    table.writeheader()
    for row in rows:
        table.writerow({name: as_text(str(value)) for name, value in row.items()})
    return "\ufeff" + out.getvalue().encode("utf-8", "backslashreplace").decode("utf-8")


def as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before one that it might.

    `from_text` takes it away again.
    """
    return f"'{cell}" if cell.lstrip(" \n").startswith(_FORMULA) else cell


def from_text(cell: str) -> str:
    """What `as_text` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" \n").startswith(_FORMULA) else cell
