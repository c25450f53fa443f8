"""Sections on the answers: the languages they are in, their lengths, their levels."""

from collections.abc import Sequence

from xl_alpacaeval_metric.languages import composition
from xl_alpacaeval_metric.pages import charts
from xl_alpacaeval_metric.pages.charts import Cell, Point
from xl_alpacaeval_metric.pages.section import ALL, Section, Table, codes, end_text, interval, name_of, number
from xl_alpacaeval_metric.pages.shown_run import ShownRun
from xl_alpacaeval_metric.report import cells


def answered_in(runs: Sequence[ShownRun]) -> Section | None:
    """What was asked for against what was answered in, as heat maps."""
    known = [run for run in runs if any(part.get("answered_in") for part in run.by_language.values())]
    if not known:
        return None
    asked = codes(known)
    others = dict.fromkeys(code for run in known for part in run.by_language.values() for code in part["answered_in"])
    last = (composition.MIXED, composition.NONE)
    columns = [*asked, *(c for c in others if c not in (*asked, *last)), *(c for c in last if c in others)]
    found = [
        Cell(run.name, name_of(code), name_of(column), float(run.by_language[code]["answered_in"].get(column, 0.0)))
        for run in known
        for code in asked
        if run.by_language.get(code, {}).get("answered_in")
        for column in columns
    ]
    rows = [
        [run.name, name_of(code), *(cells.figure(part["answered_in"].get(column, 0.0), ".0f") for column in columns)]
        for run in known
        for code, part in run.by_language.items()
        if part.get("answered_in")
    ]
    return Section(
        name="answered_in",
        title="Asked for, answered in",
        about="Each row is a language that was asked for, and shows in percent which languages the answers are in; "
        "an empty cell is none. “Several” have a large part in another language.",
        chart=charts.heat_map(found, "asked for", "answered in", zeros=False),
        table=Table(("Run", "Asked for", *map(name_of, columns)), rows, frozenset(range(2, len(columns) + 2))),
    )


def fidelity(runs: Sequence[ShownRun]) -> Section | None:
    """How much of the text is in the language asked for: points, or a heat map of many runs."""
    values = [
        (name_of(code), run.name, value)
        for code in codes(runs)
        for run in runs
        if (value := number(run.by_language.get(code, {}), "fidelity")) is not None
    ]
    if not values:
        return None
    axis = "in the language, %"
    if len(runs) > len(charts.SERIES):
        chart = charts.heat_map([Cell("", run, code, value) for code, run, value in values], "", axis)
    else:
        points = [Point(code, run, value, text=end_text(f"{value:.1f}", runs)) for code, run, value in values]
        chart = charts.forest(points, axis, (0, 100))
    shown = ("fidelity", "line_pass_rate", "switch_rate", "coverage")
    rows = [
        [name_of(code) if code else ALL, run.name, *(cells.figure(number(part, name)) for name in shown)]
        for code in (*codes(runs), "")
        for run in runs
        if (part := run.by_language.get(code) if code else run.results)
    ]
    return Section(
        name="fidelity",
        title="Text in the language",
        about="This is the percentage of the answers' text that is in the language asked for. The table has the share "
        "of answers that pass line by line, that switch to another language inside, and that are long enough to be "
        "scored by line.",
        chart=chart,
        table=Table(
            ("Language", "Run", "Text, %", "Line pass, %", "Switched, %", "Scored, %"), rows, frozenset({2, 3, 4, 5})
        ),
    )


def lengths(runs: Sequence[ShownRun]) -> Section | None:
    """Mean lengths against the references'."""
    points, rows = [], []
    for code in codes(runs):
        for run in runs:
            part = run.by_language.get(code, {})
            mine, theirs = number(part, "avg_length"), number(part, "avg_reference_length")
            if mine is None:
                continue
            ratio = mine / theirs if theirs else None
            figures = [f"{mine:.0f}", cells.figure(theirs, ".0f"), cells.figure(ratio, ".2f")]
            rows.append(
                [name_of(code), run.name, *figures, *(str(part.get(name, "")) for name in ("n_empty", "n_items"))]
            )
            if ratio is not None:
                points.append(Point(name_of(code), run.name, ratio, text=end_text(f"{ratio:.2f}", runs)))
    if not rows:
        return None
    most = max((point.value or 0 for point in points), default=1)
    return Section(
        name="length",
        title="Lengths",
        about="This is the mean length of the answers, as a multiple of the references'. At 1 they are as long.",
        chart=charts.forest(points, "times the reference's length", (0, max(1.5, most * 1.05)), rule=1)
        if points
        else None,
        table=Table(
            ("Language", "Run", "Characters", "Reference", "Ratio", "Empty", "Answers"),
            rows,
            frozenset({2, 3, 4, 5, 6}),
        ),
    )


def criteria(runs: Sequence[ShownRun]) -> Section | None:
    """Mean levels on each criterion, over all languages, and by language in the table."""
    points, rows = [], []
    rated = [run for run in runs if run.results.get("criteria")]
    for name in dict.fromkeys(name for run in rated for name in run.results["criteria"]):
        for run in rated:
            for code, part in [("", run.results), *run.by_language.items()]:
                level = (part.get("criteria") or {}).get(name)
                if not level:
                    continue
                mean, bounds = number(level, "mean"), interval(level, "ci95")
                text = cells.with_interval(mean, ".2f", cells.interval(bounds, ".2f"))
                rows.append([name, run.name, name_of(code) if code else ALL, text, str(level.get("n", ""))])
                if not code:
                    points.append(Point(name, run.name, mean, bounds, text=end_text(text, rated)))
    if not rows:
        return None
    return Section(
        name="criteria",
        title="Criteria",
        about="These are mean levels from 1 to 5 over all languages, with 95% intervals; the table has each language.",
        chart=charts.forest(points, "level", (1, 5)),
        table=Table(("Criterion", "Run", "Language", "Level (95%)", "Rated"), rows, frozenset({3, 4})),
    )


def thoughts(runs: Sequence[ShownRun]) -> Section | None:
    """Answers that came with a thought, how long the thoughts are, and in which language."""
    rows = []
    for run in runs:
        for code, part in [*run.by_language.items(), ("", run.results)]:
            found = part.get("thinking")
            if not found:
                continue
            shares = [f"{name_of(one)} {share:.0f}%" for one, share in (found.get("languages") or {}).items()]
            tokens = cells.figure(number(found, "avg_tokens"), ".0f")
            counts = [str(found.get("n", "")), str(found.get("unfinished", "")), tokens]
            rows.append([name_of(code) if code else ALL, run.name, *counts, ", ".join(shares)])
    if not rows:
        return None
    return Section(
        name="thoughts",
        title="Thoughts",
        about="Answers that came with a thought, and thoughts that never ended. Thoughts are not judged.",
        table=Table(("Asked for", "Run", "Thoughts", "Unfinished", "Tokens", "Thought in"), rows, frozenset({2, 3, 4})),
    )
