"""A section of a page: a chart with the table behind it; and figures as sections read them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import composition
from xl_alpacaeval_metric.pages.charts import Spec
from xl_alpacaeval_metric.pages.shown_run import Figures, ShownRun

ALL = "all languages"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts; the first cell names the row.

    `numbers` are the columns to align as numbers, `marked` the rows to mark.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure to be read first, and what stands below it."""

    name: str
    value: str
    more: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page.

    `name` names its chart's files, `pictures` are its chart drawn as SVG, broad and narrow. A
    `folded` table is opened by who wants it, as one behind a chart is.
    """

    name: str
    title: str
    about: str
    chart: Spec | None = None
    table: Table | None = None
    key: Sequence[KeyFigure] = ()
    lines: Sequence[str] = ()
    folded: bool = False
    pictures: Sequence[str] = field(default=(), repr=False)

    def drawn(self, pictures: Sequence[str]) -> "Section":
        return replace(self, pictures=pictures)


def number(figures: Figures, name: str) -> float | None:
    """A figure, None where it is missing."""
    value = figures.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def interval(figures: Figures, name: str) -> tuple[float, float] | None:
    """An interval, None where it is missing."""
    value = figures.get(name)
    if not isinstance(value, list | tuple) or len(value) != 2 or None in value:
        return None
    return float(value[0]), float(value[1])


def name_of(code: str) -> str:
    """The name of a language, or of what no language is."""
    if code in (composition.MIXED, composition.NONE):
        return {composition.MIXED: "several", composition.NONE: "none found"}[code]
    try:
        return languages.get(code).name
    except UserError:
        return code


def codes(runs: Iterable[ShownRun]) -> list[str]:
    """The languages of the runs, in the order in which they come."""
    return list(dict.fromkeys(code for run in runs for code in run.by_language))


def end_text(text: str, runs: Sequence[ShownRun]) -> str:
    """The text at the end of a chart's row, for which there is no room with several runs."""
    return text if len(runs) == 1 else ""
