"""The judges of a panel as a table on the terminal."""

from rich.markup import escape
from rich.table import Table

from xl_alpacaeval_metric.records.panel import PanelFigures
from xl_alpacaeval_metric.report import cells, fitting


def judges_table(panel: PanelFigures) -> Table:
    """One row per judge: its own win rate, and how it leans against the other judges."""
    table = cells.table(f"\nby judge: Krippendorff's alpha {cells.figure(panel.alpha, '.2f')}")
    fitting.add_names(table, "judge")
    fitting.add_figures(table, "win rate %", "95% interval", "against the others", "first %", "check", "n")
    for judge, one in panel.by_judge.items():
        lean = cells.with_interval(one.lean, "+.1f", cells.interval(one.lean_ci95, "+.0f"))
        table.add_row(
            escape(judge),
            cells.figure(one.win_rate),
            cells.interval(one.win_rate_ci95),
            lean,
            cells.figure(one.first_position_rate, ".0f"),
            one.judge_check.verdict if one.judge_check else "-",
            cells.number(one.n, one.n_missing),
        )
    return table
