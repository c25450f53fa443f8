"""Analyses as tables on the terminal: a comparison of runs, a judge's agreement, overlaps."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.markup import escape

from xl_alpacaeval_metric.benchmark.contamination import Overlap
from xl_alpacaeval_metric.labels.agreement import Agreement
from xl_alpacaeval_metric.report import cells
from xl_alpacaeval_metric.runs.compare import Contrast, RunComparison


def show_comparison(found: RunComparison, console: Console) -> None:
    """Print one row per language and one for all, then what was left out."""
    _lines([f"A: {found.a}", f"B: {found.b}"], console)
    rows = [(cells.language(code), _contrast_cells(part)) for code, part in found.by_language.items()]
    _table(("A %", "B %", "A - B", "95% interval", "p", "Holm p", "n"), rows, _contrast_cells(found.overall), console)
    notes = [
        f"{found.overall.n} items of {found.overall.n_prompts} prompts; p: sign-flip test, Holm p: corrected for "
        f"{sum(part.p_value is not None for part in found.by_language.values())} languages; interval: the same test's"
    ]
    if found.overall.n_missing:
        notes.append(f"left out: {found.overall.n_missing} shared items without a verdict in one run or both")
    if found.n_changed:
        notes.append(f"left out: {found.n_changed} items whose instruction is another in each run")
    for side, only in (("A", found.only_a), ("B", found.only_b)):
        if only:
            counts = ", ".join(f"{code} {count}" for code, count in sorted(only.items()))
            notes.append(f"left out: {sum(only.values())} items that only {side} has ({counts})")
    _lines([*notes, *(f"warning: {line}" for line in found.caveats)], console)


def show_overlaps(overlaps: Sequence[Overlap], rows: int, title: str, console: Console) -> None:
    """Print what overlaps with which text, and how many of all rows do."""
    for overlap in overlaps:
        text = overlap.text
        row = f"{overlap.where} (id {overlap.row_id})" if overlap.row_id else overlap.where
        of = f"{text.benchmark} {text.id}, {text.kind} in {text.language}"
        _lines([f"{row}: {100 * overlap.coverage:.0f}% of {of}: {overlap.shared}"], console)
    _lines([f"{title}: {len({overlap.where for overlap in overlaps})} of {rows} rows overlap"], console)


def show_agreement(found: Agreement, title: str, console: Console) -> None:
    """Print one row per language and one for all, the confusion matrix, and what was left out."""
    _lines([title], console)
    rows = [(cells.language(code), _agreement_cells(part)) for code, part in found.by_language.items()]
    _table(("agreement %", "95% interval", "kappa", "consistent %", "n"), rows, _agreement_cells(found), console)
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
    _lines(notes, console)


def _table(
    columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], overall: Sequence[str], console: Console
) -> None:
    table = cells.table()
    table.add_column("language", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for name, row in rows:
        table.add_row(escape(name), *row)
    if len(rows) > 1:
        table.add_section()
        table.add_row("all", *overall)
    console.print(table)


def _lines(lines: Iterable[str], console: Console) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _contrast_cells(part: Contrast) -> tuple[str, ...]:
    return (
        cells.figure(part.win_rate_a),
        cells.figure(part.win_rate_b),
        cells.figure(part.difference, "+.1f"),
        cells.interval(part.difference_ci95, "+.1f"),
        cells.p_value(part.p_value),
        cells.p_value(part.p_value_holm),
        str(part.n),
    )


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
