"""What runs need, and what of it is here, as a table on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from xl_alpacaeval_metric.prefetch.fetch import in_words
from xl_alpacaeval_metric.prefetch.found import Found
from xl_alpacaeval_metric.prefetch.needs import Source
from xl_alpacaeval_metric.report import cells, fitting
from xl_alpacaeval_metric.terminal import counted

_STATES = {Source.PACKAGE: "comes with xl-suite", Source.ENDPOINT: "at an endpoint, not checked"}


def show(found: Sequence[Found], console: Console) -> None:
    """Print a row for each need, the sum of their sizes, and a line for each thing missing."""
    shown = cells.table()
    fitting.add_names(shown, "for", "what", "revision")
    fitting.add_figures(shown, "size")
    fitting.add_names(shown, "")
    for one in found:
        state = _STATES.get(one.need.source, "here") if one.is_here else "MISSING"
        size = in_words(one.bytes) if one.bytes else "-"
        shown.add_row(escape(one.need.role), escape(one.need.name), one.commit[:12] or "-", size, state)
    fitting.print_table(shown, console)
    lines = [f"{counted(len(found), 'thing')}, {in_words(sum(one.bytes for one in found))} here"]
    cells.print_lines([*lines, *(f"missing: {line}" for one in found for line in one.lines)], console)
