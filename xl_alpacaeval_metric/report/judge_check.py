"""The judge check as tables on the terminal, and as lines beside the figures of a run."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xl_alpacaeval_metric.records.judge_check import CheckFigures, CheckSummary, JudgeCheck, KindFigures
from xl_alpacaeval_metric.report import cells, fitting
from xl_alpacaeval_metric.terminal import counted

# Short, so that the tables fit 80 columns; docs/understand/judge-check.md defines them.
COLUMNS = ("verdict", "right % (95%)", "resol %", "first %", "length", "n")
KIND_COLUMNS = {
    "other_prompt": "prompt",
    "other_language": "lang",
    "cut": "cut",
    "loop": "loop",
    "garbled": "garbled",
    "half_english": "half",
    "shuffled": "shuffle",
    "padded": "padded",
    "same": "same",
}


def show(check: JudgeCheck, title: str, console: Console) -> None:
    """Print the figures by language, the share right by kind, and what was found and left out.

    Of a panel those of each judge come first.
    """
    for name, one in check.judges.items():
        _show_tables(one, name, console)
    _show_tables(check, title, console)
    for line in (*check.warnings, *_cost_lines(check)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _show_tables(check: JudgeCheck, title: str, console: Console) -> None:
    parts = [(cells.language(code), found) for code, found in check.by_language.items()]
    rows = [*parts, ("all", check.overall)] if len(parts) > 1 else parts
    fitting.print_table(_figures_table(rows, title), console)
    fitting.print_table(_kinds_table(rows), console)


def summary_line(found: CheckSummary) -> str:
    """One line beside a win rate."""
    if found.accuracy is None or found.resolution is None:
        return f"judge check: {found.verdict}"
    return (
        f"judge check: {found.verdict}; right on {found.accuracy:.0f}% of pairs whose right verdict is known, "
        f"gives the right answer a mean probability of {found.resolution:.1f}%"
    )


def _figures_table(rows: Sequence[tuple[str, CheckFigures]], title: str) -> Table:
    table = cells.table(escape(title))
    fitting.add_names(table, "language")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "verdict" else "right", no_wrap=True)
    for name, found in rows:
        taste = "-"
        if found.length_taste is not None and found.length_taste_stderr is not None:
            taste = f"{found.length_taste:+.1f} ± {found.length_taste_stderr:.1f}"
        table.add_row(
            escape(name),
            found.verdict,
            cells.with_interval(found.accuracy, ".1f", cells.interval(found.ci95, ".0f", between="-")),
            cells.figure(found.resolution),
            cells.figure(found.first_position_rate),
            taste,
            str(found.n),
            end_section=name == rows[-2][0] if len(rows) > 1 else False,
        )
    return table


def _kinds_table(rows: Sequence[tuple[str, CheckFigures]]) -> Table:
    table = cells.table("\nright by kind, %; not in the figure above: shuffle, padded, and same (the first one)")
    fitting.add_names(table, "language")
    kinds = [kind for kind in KIND_COLUMNS if any(kind in found.by_kind for _, found in rows)]
    for kind in kinds:
        fitting.add_figures(table, KIND_COLUMNS[kind])
    for name, found in rows:
        table.add_row(
            escape(name),
            *(_kind_cell(kind, found.by_kind.get(kind)) for kind in kinds),
            end_section=name == rows[-2][0] if len(rows) > 1 else False,
        )
    return table


def _kind_cell(kind: str, found: KindFigures | None) -> str:
    if found is None:
        return "-"
    return cells.figure(found.first_position_rate if kind == "same" else found.accuracy, ".0f")


def _markdown_line(check: JudgeCheck) -> list[str]:
    """The taste for Markdown, over all languages."""
    value, error = check.overall.markdown_taste, check.overall.markdown_taste_stderr
    return [] if value is None or error is None else [f"taste for Markdown: {value:+.1f} ± {error:.1f}"]


def _cost_lines(check: JudgeCheck) -> list[str]:
    return [
        *(f"missing {count}x: {' '.join(reason.split())[:160]}" for reason, count in check.missing_reasons.items()),
        *check.notes,
        *_markdown_line(check),
        f"{counted(check.requests, 'request')}, {check.cached} cached",
        f"judge:{check.judge}|prompt:{check.prompt}|check:{check.controls}",
    ]
