"""The section on designs: what it does to the figures that a text is in another language."""

from collections.abc import Sequence

from xl_alpacaeval_metric.pages import charts
from xl_alpacaeval_metric.pages.charts import Point
from xl_alpacaeval_metric.pages.section import Section, Table, end_text, interval, number
from xl_alpacaeval_metric.pages.shown_run import ShownRun
from xl_alpacaeval_metric.report import cells

_TITLES = {"win_rate": "win rate", "line_pass_rate": "line pass rate", "correct_rate": "correct answers"}


def effects(runs: Sequence[ShownRun]) -> Section | None:
    """Each design minus the baseline, in points; None where no run has designs.

    The chart is of the win rate or, without a judge, of the line pass rate; the table has both.
    """
    some = [run for run in runs if run.results.get("effects")]
    figures = [
        name for name in _TITLES if any(name in part for run in some for part in run.results["effects"].values())
    ]
    if not figures:
        return None
    points, rows = [], []
    for design in dict.fromkeys(design for run in some for design in run.results["effects"]):
        for run in some:
            for name in figures:
                effect = run.results["effects"].get(design, {}).get(name)
                if not effect:
                    continue
                value, bounds = number(effect, "difference"), interval(effect, "ci95")
                text = cells.with_interval(value, "+.1f", cells.interval(bounds, "+.1f"))
                p = cells.p_value(number(effect, "p_value_holm"))
                rows.append([design, run.name, _TITLES[name], text, p, str(effect.get("n", ""))])
                if name == figures[0]:
                    points.append(Point(design, run.name, value, bounds, text=end_text(text, some)))
    edge = max([10.0, *(abs(end) for point in points for end in point.interval or ())])
    return Section(
        name="designs",
        title="Designs",
        about=f"What is in another language, against all in one: differences of the {_TITLES[figures[0]]} in points, "
        "with 95% intervals.",
        chart=charts.forest(points, f"points of {_TITLES[figures[0]]}", (-1.05 * edge, 1.05 * edge), rule=0),
        table=Table(("Different", "Run", "Figure", "Difference (95%)", "Holm p", "Pairs"), rows, frozenset({3, 4, 5})),
    )
