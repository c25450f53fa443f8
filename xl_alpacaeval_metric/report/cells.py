"""Cells of a table: figures, intervals, p-values and languages as text; "-" where there is none."""

from collections.abc import Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import composition
from xl_alpacaeval_metric.report import fitting

_NO_LANGUAGE = {composition.MIXED: "several languages", composition.NONE: "none identified", "und": "unknown"}


def figure(value: float | None, form: str = ".1f") -> str:
    """A number in a format such as ".1f"."""
    return "-" if value is None else format(value, form)


def interval(bounds: tuple[float, float] | None, form: str = ".1f", between: str = " to ") -> str:
    """Both bounds of an interval, in the format of a number."""
    return "-" if bounds is None else f"{bounds[0]:{form}}{between}{bounds[1]:{form}}"


def with_interval(value: float | None, form: str, bounds: str) -> str:
    """A number and, in brackets, its interval as text."""
    return figure(value, form) if value is None or bounds == "-" else f"{value:{form}} ({bounds})"


def number(n: int, n_missing: int) -> str:
    """How many items have a figure; with how many there are where some lack it: `9 of 12`."""
    return f"{n} of {n + n_missing}" if n_missing else str(n)


def p_value(value: float | None) -> str:
    """A p-value with three digits; smaller ones are "< 0.001"."""
    return "< 0.001" if value is not None and value < 0.001 else figure(value, ".3f")


def language(code: str) -> str:
    """The name of a language and its code."""
    return f"{languages.get(code).name} ({code})"


def answered_in(by_language: Mapping[str, Mapping[str, float]], what: str = "answered") -> list[str]:
    """A line about each language in which not every text is in it: what the others are in."""
    found = []
    for code, shares in by_language.items():
        if any(other != code for other in shares):
            parts = [
                f"{_NO_LANGUAGE.get(other) or language(other)} {share:.0f}%" for other, share in [*shares.items()][:6]
            ]
            found.append(f"asked for {language(code)}, {what} in: {', '.join(parts)}")
    return found


def table(title: str | None = None, gap: int = 1) -> Table:
    """An empty table with a line below its head only; `gap` is the space after a column."""
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, padding=(0, gap, 0, 0))


def print_by_language(
    columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], overall: Sequence[str], console: Console
) -> None:
    """Print one row per language and, if there are several, one for all."""
    shown = table()
    fitting.add_names(shown, "language")
    fitting.add_figures(shown, *columns)
    for name, row in rows:
        shown.add_row(escape(name), *row)
    if len(rows) > 1:
        shown.add_section()
        shown.add_row("all", *overall)
    fitting.print_table(shown, console)


def print_lines(lines: Iterable[str], console: Console) -> None:
    """Print lines as they are, however long."""
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
