"""Tables fitted to the terminal: headings and names take several lines, and nothing is cut."""

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table

_LEAST = (12, 8)
"""Characters that a column of names keeps; the second where the first is too much."""


def add_names(table: Table, *columns: str) -> None:
    """Add columns of names or texts, which are continued on the next line where they are long."""
    for column in columns:
        table.add_column(column, overflow="fold")


def add_figures(table: Table, *columns: str) -> None:
    """Add columns of figures, which stay on one line."""
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)


def print_table(table: Table, console: Console) -> None:
    """Print a table in the width of the terminal.

    Where it is too wide, headings are broken between words, then columns of names (`add_names`) get
    what the figures leave them. A table that does not fit even so is printed wider than the
    terminal: a figure without its end would be another figure.
    """
    if _width(table, console) > console.width:
        for column in table.columns:
            if column.no_wrap:
                _break_heading(column, console)
        _share_out(table, console)
    console.print(table, crop=False)


def _share_out(table: Table, console: Console) -> None:
    """Set the widths of the columns of names, and that of a table that cannot fit."""
    names = [column for column in table.columns if not column.no_wrap]
    most = [_needed(column, [column.header, *column.cells], console) for column in names]
    widths, room = most, console.width - _width(table, console)
    for least in _LEAST:
        if room < 0:
            widths = [min(wide, least) for wide in most]
            room = console.width - _width(table, console) + sum(most) - sum(widths)
    for _ in range(room):
        missing = [wide - width for wide, width in zip(most, widths, strict=True)]
        if not any(missing):
            break
        widths[missing.index(max(missing))] += 1
    for column, width in zip(names, widths, strict=True):
        column.width = width
    if room < 0:
        table.width = console.width - room


def _break_heading(column: Column, console: Console) -> None:
    heading = str(column.header)
    wide = max([_needed(column, [*column.cells], console), *map(cell_len, heading.split())])
    column.header = "\n".join(textwrap.wrap(heading, wide, break_on_hyphens=False))


def _needed(column: Column, parts: Sequence[object], console: Console) -> int:
    """The width of the widest of a column's cells."""
    options = console.options.update(width=10_000)
    widest = max((Measurement.get(console, options, part).maximum for part in parts), default=0)  # type: ignore[arg-type]
    return min(widest, column.max_width or widest)


def _width(table: Table, console: Console) -> int:
    return Measurement.get(console, console.options.update(width=10_000), table).maximum
