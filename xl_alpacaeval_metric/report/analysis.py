"""Analyses as tables on the terminal: a comparison of runs, overlaps."""

from collections.abc import Sequence

from rich.console import Console

from xl_alpacaeval_metric.benchmark.contamination import Overlap
from xl_alpacaeval_metric.report import cells
from xl_alpacaeval_metric.runs.compare import Contrast, RunComparison


def show_comparison(found: RunComparison, console: Console) -> None:
    """Print one row per language and one for all, then what was left out."""
    cells.lines([f"A: {found.a}", f"B: {found.b}"], console)
    rows = [(cells.language(code), _contrast_cells(part)) for code, part in found.by_language.items()]
    cells.language_table(
        ("A %", "B %", "A - B", "95% interval", "p", "Holm p", "n"), rows, _contrast_cells(found.overall), console
    )
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
    cells.lines([*notes, *(f"warning: {line}" for line in found.caveats)], console)


def show_overlaps(overlaps: Sequence[Overlap], rows: int, title: str, console: Console) -> None:
    """Print what overlaps with which text, and how many of all rows do."""
    for overlap in overlaps:
        text = overlap.text
        row = f"{overlap.where} (id {overlap.row_id})" if overlap.row_id else overlap.where
        of = f"{text.benchmark} {text.id}, {text.kind} in {text.language}"
        cells.lines([f"{row}: {100 * overlap.coverage:.0f}% of {of}: {overlap.shared}"], console)
    cells.lines([f"{title}: {len({overlap.where for overlap in overlaps})} of {rows} rows overlap"], console)


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
