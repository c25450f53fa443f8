"""Cells of a table: figures, intervals, p-values and languages as text; "-" where there is none."""

from rich.box import SIMPLE_HEAD
from rich.table import Table

from xl_alpacaeval_metric import languages


def figure(value: float | None, form: str = ".1f") -> str:
    """A number in a format such as ".1f"."""
    return "-" if value is None else format(value, form)


def interval(bounds: tuple[float, float] | None, form: str = ".1f", between: str = " to ") -> str:
    """Both bounds of an interval, in the format of a number."""
    return "-" if bounds is None else f"{bounds[0]:{form}}{between}{bounds[1]:{form}}"


def with_interval(value: float | None, form: str, bounds: str) -> str:
    """A number and, in brackets, its interval as text."""
    return figure(value, form) if value is None or bounds == "-" else f"{value:{form}} ({bounds})"


def p_value(value: float | None) -> str:
    """A p-value with three digits; smaller ones are "< 0.001"."""
    return "< 0.001" if value is not None and value < 0.001 else figure(value, ".3f")


def language(code: str) -> str:
    """The name of a language and its code."""
    return f"{languages.get(code).name} ({code})"


def table(title: str | None = None, gap: int = 1) -> Table:
    """An empty table with a line below its head only; `gap` is the space after a column."""
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, padding=(0, gap, 0, 0))
