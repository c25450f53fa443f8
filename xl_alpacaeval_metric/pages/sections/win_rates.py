"""Sections on win rates: the figures to be read first, runs side by side, by language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.leaderboard import formats
from xl_alpacaeval_metric.leaderboard.places import Place
from xl_alpacaeval_metric.leaderboard.ranking import rank
from xl_alpacaeval_metric.pages import charts
from xl_alpacaeval_metric.pages.charts import Point
from xl_alpacaeval_metric.pages.section import (
    ALL,
    KeyFigure,
    Section,
    Table,
    codes,
    interval,
    name_of,
    number,
)
from xl_alpacaeval_metric.pages.shown_run import Figures, ShownRun
from xl_alpacaeval_metric.records.judge_check import NO_JUDGE
from xl_alpacaeval_metric.report import cells
from xl_alpacaeval_metric.runs.finished import check_verdict


def overview(runs: Sequence[ShownRun]) -> Section:
    """The figures to be read first: of one run, or of each with its place among the others."""
    return _of_one(runs[0]) if len(runs) == 1 else _of_several(runs)


def _of_one(run: ShownRun) -> Section:
    found, figures = [], run.results
    if number(figures, "win_rate") is not None:
        ci = cells.interval(interval(figures, "win_rate_ci95"), ".1f")
        value = win_rate_value(figures)
        found.append(KeyFigure("Win rate", value, "" if value == NO_JUDGE else f"95% interval {ci}"))
    if number(figures, "fidelity") is not None:
        more = f"{cells.figure(number(figures, 'line_pass_rate'))}% of the answers pass line by line"
        found.append(KeyFigure("Text in the language", f"{number(figures, 'fidelity'):.1f}%", more))
    if number(figures, "correct_rate") is not None:
        more = f"of the answers to closed questions ({figures.get('n_checkable', '-')}), by the facts that they name"
        found.append(KeyFigure("Correct", f"{number(figures, 'correct_rate'):.1f}%", more))
    if check := check_verdict(figures):
        right = figures["judge_check"].get("accuracy")
        more = "" if right is None else f"right on {right:.0f}% of the pairs with a known verdict"
        found.append(KeyFigure("Judge check", check, more))
    languages = f"in {len(run.by_language)} languages" if len(run.by_language) > 1 else ""
    found.append(KeyFigure("Answers", f"{figures.get('n_items', '-')}", _counts(figures) or languages))
    return Section("overview", "At a glance", "", key=found)


def _counts(figures: Figures) -> str:
    if not figures.get("n"):
        return ""
    counts = ", ".join(
        f"{figures.get(name, 0)} {word}" for name, word in (("wins", "won"), ("ties", "tied"), ("losses", "lost"))
    )
    return counts + (f", {figures['n_missing']} without a verdict" if figures.get("n_missing") else "")


def _of_several(runs: Sequence[ShownRun]) -> Section:
    places, lines = _places(runs)
    order = {name: place.rank for name, place in places.items()}
    some = sorted(runs, key=lambda run: (order.get(run.name, len(runs)), -(number(run.results, "win_rate") or 0)))
    rows = [_overview_row(run, places.get(run.name)) for run in some]
    judged = [run for run in some if number(run.results, "win_rate") is not None]
    about = "These are win rates over all languages, with 95% intervals. "
    if places:
        about += "Runs that share a letter are not told apart; “ranks” are those that a run may truly have."
    columns = (
        "Run",
        "Win rate, % (95%)",
        "Rank",
        "Ranks",
        "Group",
        "Text in language, %",
        "Line pass, %",
        "Judge check",
        "Answers",
    )
    return Section(
        name="win_rate",
        title="Side by side",
        about=about if judged else "What is known of each run, over all languages.",
        chart=_overall_chart(judged, places) if judged else None,
        table=Table(columns, rows, frozenset({1, 2, 3, 5, 6, 8})),
        lines=[*(_not_drawn(some) if judged else ()), *lines],
    )


def _not_drawn(runs: Sequence[ShownRun]) -> list[str]:
    """A line on the runs without a win rate, which no chart of win rates shows; none if none."""
    names = [run.name for run in runs if number(run.results, "win_rate") is None]
    return [f"not in the chart, since they have no win rate: {', '.join(names)}"] if names else []


def _overview_row(run: ShownRun, place: Place | None) -> list[str]:
    figures = run.results
    ranked = [str(place.rank), formats.ranks(place), place.groups] if place else ["-", "-", "-"]
    shares = [cells.figure(number(figures, name)) for name in ("fidelity", "line_pass_rate")]
    return [
        run.name,
        win_rate_text(figures),
        *ranked,
        *shares,
        check_verdict(figures) or "-",
        str(figures.get("n_items", "-")),
    ]


def _places(runs: Sequence[ShownRun]) -> tuple[Mapping[str, Place], list[str]]:
    """Each run's place by win rate, or the reason why they are not ranked."""
    if not all(run.setting.judged for run in runs):
        return {}, []
    try:
        found = rank({run.name: run.folder for run in runs}, figures=["win_rate"])
    except UserError as error:
        return {}, [f"not ranked: {error}"]
    ranking = found.figures["win_rate"]
    return {place.name: place for place in ranking.overall}, without_checks(found.notes)


def without_checks(lines: Iterable[str]) -> list[str]:
    """Without what the table and the notices say: that the judge is none, or doubtful."""
    return [line for line in lines if not line.startswith("the judge's check says")]


def _overall_chart(runs: Sequence[ShownRun], places: Mapping[str, Place]) -> charts.Spec:
    points = []
    for run in runs:
        point = _point(run.name, run, run.results, text=True)
        groups = places[run.name].groups if run.name in places else ""
        points.append(replace(point, series="", text="   ".join(part for part in (point.text, groups) if part)))
    return charts.forest(points, "win rate, %", _percent_domain(points), rule=50)


def win_rate_value(figures: Figures) -> str:
    """The win rate, or what the check says in its place where the judge is none."""
    return NO_JUDGE if check_verdict(figures) == NO_JUDGE else cells.figure(number(figures, "win_rate"))


def win_rate_text(figures: Figures) -> str:
    """As `win_rate_value`, with the interval."""
    value = win_rate_value(figures)
    bounds = cells.interval(interval(figures, "win_rate_ci95"), ".1f")
    return value if value in (NO_JUDGE, "-") or bounds == "-" else f"{value} ({bounds})"


def by_language(runs: Sequence[ShownRun]) -> Section | None:
    """Win rates by language, as a forest plot; None where no run has any."""
    judged = [run for run in runs if number(run.results, "win_rate") is not None]
    if not judged:
        return None
    points = [
        _point(name_of(code), run, run.by_language[code], text=len(judged) == 1)
        for code in codes(judged)
        for run in judged
        if code in run.by_language
    ]
    rows = [
        [name_of(code), *_row(run, part)]
        for code in codes(judged)
        for run in judged
        if (part := run.by_language.get(code)) is not None
    ]
    rows += [[ALL, *_row(run, run.results)] for run in judged]
    return Section(
        name="win_rate_by_language",
        title="Win rate by language",
        about="This is how often the judge prefers the run's answers to the references, with 95% intervals. At 50 "
        "both are equally good. In the table, “in the language” counts answers in another language as lost.",
        chart=charts.forest(points, "win rate, %", _percent_domain(points), rule=50),
        table=Table(
            ("Language", "Run", "Win rate, % (95%)", "In the language, %", "Judged", "Missing"),
            rows,
            frozenset({2, 3, 4, 5}),
        ),
        lines=_not_drawn(runs),
    )


def _row(run: ShownRun, figures: Figures) -> list[str]:
    believed = check_verdict(figures) != NO_JUDGE
    in_language = number(figures, "win_rate_in_language") if believed else None
    counts = [str(figures.get(name, "")) for name in ("n", "n_missing")]
    return [run.name, win_rate_text(figures), cells.figure(in_language), *counts]


def _point(row: str, run: ShownRun, figures: Figures, *, text: bool) -> Point:
    if check_verdict(figures) == NO_JUDGE:
        return Point(row, run.name, None, note=NO_JUDGE)
    written = win_rate_text(figures) if text else ""
    return Point(row, run.name, number(figures, "win_rate"), interval(figures, "win_rate_ci95"), text=written)


def _percent_domain(points: Sequence[Point]) -> tuple[float, float]:
    """From 0 to a round number above all, with 50 in it."""
    most = max((max(point.value or 0, *(point.interval or (0,))) for point in points), default=100.0)
    return 0, min(100, max(60, 10 * -(-most // 10)))
