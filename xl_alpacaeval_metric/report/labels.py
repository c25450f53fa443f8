"""People's labels on the terminal: agreement with a judge, and the win rate anchored in them."""

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.markup import escape

from xl_alpacaeval_metric.labels.agreement import Agreement
from xl_alpacaeval_metric.labels.calibration import Anchored, Calibration
from xl_alpacaeval_metric.labels.people import Annotator, People
from xl_alpacaeval_metric.labels.reliability import Reliability
from xl_alpacaeval_metric.report import cells, fitting
from xl_alpacaeval_metric.terminal import counted


def show_agreement(found: Agreement, title: str, console: Console) -> None:
    """Print one row per language and one for all, what is behind it, and what was left out."""
    cells.print_lines([title], console)
    _agreement_table(found, console)
    cells.print_lines(_agreement_notes(found), console)
    if found.calibration:
        _reliability_table(found.calibration, console)
    _annotators_table(found.annotators, console)
    cells.print_lines(_left_out(found), console)


def show_calibration(found: Calibration, title: str, width: float | None, console: Console) -> None:
    """Print the anchored win rates, then the audit of the judge and the agreement of people."""
    cells.print_lines([title], console)
    rows = [(cells.language(code), _anchored_cells(part)) for code, part in found.by_language.items()]
    columns = ("anchored %", "95% interval", "judge only %", "labels", "worth", "items")
    cells.print_by_language(columns, rows, _anchored_cells(found.overall), console)
    cells.print_lines(_anchored_notes(found, width), console)
    _agreement_table(found.agreement, console)
    cells.print_lines(_agreement_notes(found.agreement), console)
    if found.agreement.calibration:
        _reliability_table(found.agreement.calibration, console)
    _annotators_table(found.agreement.annotators, console)
    cells.print_lines((f"warning: {line}" for line in found.warnings), console)


def _anchored_cells(part: Anchored) -> tuple[str, ...]:
    return (
        cells.figure(part.anchored_win_rate),
        cells.interval(part.anchored_win_rate_ci95),
        cells.figure(part.judge_only),
        str(part.n_labels),
        cells.figure(part.effective_n, ".0f"),
        str(part.n),
    )


def _anchored_notes(found: Calibration, width: float | None) -> Iterator[str]:
    part = found.overall
    yield "anchored: what the people would say of all items; worth: labels that are as precise without the judge"
    bounds = part.anchored_win_rate_ci95
    if bounds and part.judge_only is not None and not bounds[0] <= part.judge_only <= bounds[1]:
        yield f"the judge alone ({part.judge_only:.1f}) is outside of the interval: do not report its number by itself"
    for code, other in found.by_language.items():
        if other.reason:
            yield f"{cells.language(code)}: no anchored win rate ({other.reason})"
    if width is None:
        return
    if part.labels_for_width is None:
        yield (
            f"an interval {width:g} points wide is out of reach with these items: "
            f"labels on all {part.n} give {cells.figure(part.width_all_labelled)}"
        )
    else:
        yield f"an interval {width:g} points wide takes about {counted(part.labels_for_width, 'labelled item')} ({part.n_labels} now)"


def _agreement_table(found: Agreement, console: Console) -> None:
    rows = [(cells.language(code), _agreement_cells(part)) for code, part in found.by_language.items()]
    columns = ("agreement %", "95% interval", "no ties %", "kappa", "AC1", "labels")
    cells.print_by_language(columns, rows, _agreement_cells(found), console)


def _agreement_cells(part: Agreement) -> tuple[str, ...]:
    return (
        cells.figure(part.agreement),
        cells.interval(part.agreement_ci95),
        cells.figure(part.agreement_without_ties),
        cells.figure(part.kappa, ".2f"),
        cells.figure(part.ac1, ".2f"),
        str(part.n_labels),
    )


def _agreement_notes(found: Agreement) -> Iterator[str]:
    yield (
        f"without ties: {_percent(found.agreement_without_ties, found.agreement_without_ties_ci95)} of "
        f"{found.n_without_ties}; a tie counted half: "
        f"{_percent(found.agreement_half_credit, found.agreement_half_credit_ci95)}"
    )
    yield f"kappa {_index(found.kappa, found.kappa_ci95)}; AC1 {_index(found.ac1, found.ac1_ci95)}"
    if found.people:
        yield from _people_notes(found.people)
    parts = {"": found, **{f"{cells.language(code)}: ": part for code, part in found.by_language.items()}}
    for name, part in parts.items():
        if part.n_labels and (not name or len(found.by_language) > 1):
            yield from _confusion(name, part)
    if found.n_both_orders:
        yield (
            f"consistent: the same winner in both orders on {cells.figure(found.position_consistency)}% of the "
            f"{counted(found.n_both_orders, 'item')} asked in both"
        )


def _confusion(name: str, part: Agreement) -> Iterator[str]:
    for mine, theirs in part.confusion.items():
        if any(theirs.values()):
            counts = ", ".join(f"{count} labelled {label}" for label, count in theirs.items())
            yield f"{name}verdict {mine}: {counts}"


def _people_notes(found: People) -> Iterator[str]:
    yield (
        f"people among each other, on {counted(found.n_items, 'item')} with several labels: "
        f"{_percent(found.agreement, found.agreement_ci95)}, without ties "
        f"{_percent(found.agreement_without_ties, found.agreement_without_ties_ci95)}, "
        f"AC1 {_index(found.ac1, found.ac1_ci95)}, alpha {_index(found.alpha, found.alpha_ci95)}"
    )
    yield f"the judge with people, on the same items: {_percent(found.judge_agreement, found.judge_agreement_ci95)}"


def _reliability_table(found: Reliability, console: Console) -> None:
    table = cells.table()
    fitting.add_figures(table, "the judge's p", "mean p %", "mean label %", "labels")
    for part in found.bins:
        table.add_row(
            f"{part.low:.1f} to {part.high:.1f}", *map(cells.figure, (part.preference, part.label)), str(part.n)
        )
    fitting.print_table(table, console)
    bounds = cells.interval(found.residual_ci95, "+.1f")
    cells.print_lines(
        [
            f"label - p: {cells.with_interval(found.residual, '+.1f', bounds)} points on average",
            f"Brier score {found.brier:.3f}; {found.brier_constant:.3f} for a judge that always says the mean label",
        ],
        console,
    )


def _annotators_table(found: Mapping[str, Annotator], console: Console) -> None:
    if len(found) < 2 and not any(one.answer_1 is not None for one in found.values()):
        return
    table = cells.table()
    fitting.add_names(table, "annotator")
    fitting.add_figures(table, "labels", "mean %", "to answer 1 %")
    for name, one in found.items():
        table.add_row(escape(name), str(one.n), cells.figure(one.mean), cells.figure(one.answer_1))
    fitting.print_table(table, console)


def _left_out(found: Agreement) -> Iterator[str]:
    if found.n_missing:
        yield f"left out: {counted(found.n_missing, 'item')} in both files without a verdict or without a label"
    if found.only_verdicts:
        yield f"left out: {counted(found.only_verdicts, 'item')} with a verdict that no line of the labels is about"
    if found.only_labels:
        yield f"left out: {counted(found.only_labels, 'item')} of the labels without a verdict"


def _percent(value: float | None, bounds: tuple[float, float] | None) -> str:
    return "-" if value is None else cells.with_interval(value, ".1f", cells.interval(bounds)).replace(" (", "% (", 1)


def _index(value: float | None, bounds: tuple[float, float] | None) -> str:
    return cells.with_interval(value, ".2f", cells.interval(bounds, ".2f"))
