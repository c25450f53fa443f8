"""What the commands print, without the control characters that data may hold.

Rows, files, models and servers come from others. An escape sequence in a name or a text of theirs
could clear the screen, hide a line, or set what the user's next command is.
"""

import logging
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""C0 and C1 controls, line separators, and the controls that reorder a line (bidi overrides)."""
_KEPT = frozenset(map(ord, "\n\t"))
_REMOVED = dict.fromkeys(code for code in _CONTROLS if code not in _KEPT)


def printable(text: str) -> str:
    """The text without control characters; line ends and tabs are kept."""
    return text.translate(_REMOVED)


def counted(number: int, noun: str, several: str = "", *, form: str = "") -> str:
    """A number with its noun: `1 row`, `2 rows`; `several` is a plural that does not end in s.

    `form` is a format of the number: with "," it is `1,234 rows`.
    """
    return f"{number:{form}} {noun if number == 1 else several or f'{noun}s'}"


def counted_of(
    number: int, total: int, noun: str, verb: str = "is", verbs: str = "are", *, several: str = "", form: str = ""
) -> str:
    """Some of a whole, with their verb: `1 of 40 rows is`, `2 of 40 rows are`.

    `several` and `form` are as for `counted`.
    """
    return f"{number:{form}} of {counted(total, noun, several, form=form)} {verb if number == 1 else verbs}"


def say(text: object, *, error: bool = False) -> None:
    """Print a line, to standard error where it is an `error`, progress or advice."""
    print(printable(str(text)), file=sys.stderr if error else sys.stdout)


def console(stream: TextIO | None = None) -> "Console":
    """rich's console on a stream, by default standard output.

    It prints texts as `printable`; its own colours and cursor movements remain.
    """
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class PrintableConsole(Console):
        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for text, style, control in super().render(renderable, options):
                yield Segment(text if control else printable(text), style, control)

    if os.environ.get("COLUMNS", "").strip() == "0":  # rich would print nothing in no columns.
        return PrintableConsole(file=stream or sys.stdout, width=80)
    return PrintableConsole(file=stream or sys.stdout)


class PrintableFormatter(logging.Formatter):
    """A log line without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))
