"""Analyses as tables on the terminal: a judge's agreement, overlaps."""

from collections.abc import Mapping, Sequence

from rich.console import Console

from xl_alpacaeval_metric.benchmark.contamination import Overlap
from xl_alpacaeval_metric.labels.agreement import Agreement
from xl_alpacaeval_metric.report import cells


def show_overlaps(overlaps: Sequence[Overlap], rows: int, title: str, console: Console) -> None:
    """Print what overlaps with which text, and how many of all rows do."""
    for overlap in overlaps:
        text = overlap.text
        row = f"{overlap.where} (id {overlap.row_id})" if overlap.row_id else overlap.where
        of = f"{text.benchmark} {text.id}, {text.kind} in {text.language}"
        cells.print_lines([f"{row}: {100 * overlap.coverage:.0f}% of {of}: {overlap.shared}"], console)
    cells.print_lines([f"{title}: {len({overlap.where for overlap in overlaps})} of {rows} rows overlap"], console)


def show_agreement(found: Agreement, title: str, console: Console) -> None:
    """Print one row per language and one for all, the confusion matrix, and what was left out."""
    cells.print_lines([title], console)
    rows = [(cells.language(code), _agreement_cells(part)) for code, part in found.by_language.items()]
    cells.print_by_language(
        ("agreement %", "95% interval", "kappa", "consistent %", "n"), rows, _agreement_cells(found), console
    )
    notes = [f"verdict {mine}: {_counts(theirs)}" for mine, theirs in found.confusion.items() if any(theirs.values())]
    if found.n_both_orders:
        notes.append(
            f"consistent: the same winner in both orders, over the {found.n_both_orders} items of the verdicts asked in both"
        )
    if found.n_missing:
        notes.append(f"left out: {found.n_missing} items in both files without a verdict or without a label")
    if found.only_verdicts:
        notes.append(f"left out: {found.only_verdicts} items that have a verdict and stand in no line of the labels")
    if found.only_labels:
        notes.append(f"left out: {found.only_labels} items of the labels that have no verdict")
    cells.print_lines(notes, console)


def _agreement_cells(part: Agreement) -> tuple[str, ...]:
    return (
        cells.figure(part.agreement),
        cells.interval(part.agreement_ci95),
        cells.figure(part.kappa, ".2f"),
        cells.figure(part.position_consistency),
        str(part.n),
    )


def _counts(labels: Mapping[str, int]) -> str:
    return ", ".join(f"{count} labelled {label}" for label, count in labels.items())
