"""Analyses as tables on the terminal: overlaps of texts."""

from collections.abc import Sequence

from rich.console import Console

from xl_alpacaeval_metric.benchmark.contamination import Overlap
from xl_alpacaeval_metric.report import cells
from xl_alpacaeval_metric.terminal import counted


def show_overlaps(overlaps: Sequence[Overlap], rows: int, title: str, console: Console) -> None:
    """Print what overlaps with which text, and how many of all rows do."""
    for overlap in overlaps:
        text = overlap.text
        row = f"{overlap.where} (id {overlap.row_id})" if overlap.row_id else overlap.where
        of = f"{text.benchmark} {text.id}, {text.kind} in {text.language}"
        cells.print_lines([f"{row}: {100 * overlap.coverage:.0f}% of {of}: {overlap.shared}"], console)
    cells.print_lines(
        [f"{title}: {len({overlap.where for overlap in overlaps})} of {counted(rows, 'row')} overlap"], console
    )
