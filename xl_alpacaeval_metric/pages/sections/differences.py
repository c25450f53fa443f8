"""The section on the difference of two runs, on the items that both have."""

from collections.abc import Sequence

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.leaderboard import contrasts
from xl_alpacaeval_metric.pages import charts
from xl_alpacaeval_metric.pages.charts import Point
from xl_alpacaeval_metric.pages.section import ALL, Section, Table, name_of
from xl_alpacaeval_metric.pages.sections.win_rates import without_checks
from xl_alpacaeval_metric.pages.shown_run import ShownRun
from xl_alpacaeval_metric.records.judge_check import NO_JUDGE
from xl_alpacaeval_metric.report import cells
from xl_alpacaeval_metric.runs import compare
from xl_alpacaeval_metric.runs.contrast import Contrast
from xl_alpacaeval_metric.runs.finished import check_verdict


def of_two(runs: Sequence[ShownRun]) -> Section | None:
    """Two judged runs on the items they share; None for other numbers of runs."""
    if len(runs) != 2 or not all(run.setting.judged for run in runs):
        return None
    before, after = runs
    title, name = "Difference", "difference"
    try:
        (pair,) = contrasts.compare_all([_judged(run) for run in (after, before)]).pairs
    except UserError as error:
        return Section(name, title, "", lines=[f"not compared: {error}"])
    parts = [*((name_of(code), part) for code, part in pair.by_language.items()), (ALL, pair.overall)]
    parts = parts if len(pair.by_language) > 1 else parts[:-1]
    unjudged = {
        name_of(code) for run in runs for code, part in run.by_language.items() if check_verdict(part) == NO_JUDGE
    }
    points = [
        Point(row, "", None, note=NO_JUDGE)
        if row in unjudged
        else Point(row, "", part.difference, part.difference_ci95, text=_contrast_text(part))
        for row, part in parts
    ]
    rows = [_contrast_row(row, part, row not in unjudged) for row, part in parts]
    edge = max([10.0, *(abs(end) for point in points for end in point.interval or ())])
    columns = ("Language", f"{after.name}, %", f"{before.name}, %", "Difference (95%)", "p", "Holm p", "Items")
    return Section(
        name=name,
        title=title,
        about=f"The win rate of {after.name} minus that of {before.name} on the items that both have, in points, "
        f"with 95% intervals. Right of 0 {after.name} is better.",
        chart=charts.forest(points, "points of win rate", (-1.05 * edge, 1.05 * edge), rule=0),
        table=Table(columns, rows, frozenset(range(1, 7))),
        lines=without_checks(pair.caveats),
    )


def _judged(run: ShownRun) -> compare.Run:
    if run.opened is None:
        return contrasts.load(run.folder)
    items = {one.key: one for one in run.opened.items}
    return compare.Run(
        run.setting,
        items={key: one.comparison for key, one in items.items()},
        preferences={key: one.preference for key, one in items.items()},
    )


def _contrast_row(row: str, part: Contrast, judged: bool) -> list[str]:
    if not judged:
        return [row, "-", "-", NO_JUDGE, "-", "-", str(part.n)]
    rates = map(cells.figure, (part.win_rate_a, part.win_rate_b))
    return [row, *rates, _contrast_text(part), *map(cells.p_value, (part.p_value, part.p_value_holm)), str(part.n)]


def _contrast_text(part: Contrast) -> str:
    return cells.with_interval(part.difference, "+.1f", cells.interval(part.difference_ci95, "+.1f"))
