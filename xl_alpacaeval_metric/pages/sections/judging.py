"""Sections on how the runs were judged: the check of the judges, the costs, the settings."""

import json
from collections.abc import Mapping, Sequence

from xl_alpacaeval_metric.machine import shareable
from xl_alpacaeval_metric.pages import charts
from xl_alpacaeval_metric.pages.charts import Point
from xl_alpacaeval_metric.pages.section import ALL, Section, Table, end_text, interval, name_of, number
from xl_alpacaeval_metric.pages.shown_run import Figures, ShownRun
from xl_alpacaeval_metric.report import cells

_RAN = ("started", "ended", "hardware", "libraries")
"""What the last command's entry in run.json says of where and when it ran."""
_COSTS = ("requests", "cached", "retries", "prompt_tokens", "completion_tokens")


def check(runs: Sequence[ShownRun]) -> Section | None:
    """What the check of each judge found; None where none was checked."""
    checks: dict[str, tuple[list[ShownRun], Figures]] = {}
    for run in runs:
        if run.check.get("by_language"):
            key = json.dumps([run.check.get(part) for part in ("judge", "prompt", "controls", "accuracy")])
            checks.setdefault(key, ([], run.check))[0].append(run)
    if not checks:
        return None
    points, rows, lines = [], [], []
    for some, found in checks.values():
        judge = str(found.get("judge") or "judge")
        name = judge if len(checks) == 1 else f"{judge} ({', '.join(run.name for run in some)})"
        lines += [f"{name}: {fault}" if len(checks) > 1 else fault for fault in found.get("faults") or ()]
        for code, part in [*found["by_language"].items(), ("", found)]:
            bounds, verdict = interval(part, "ci95"), str(part.get("verdict"))
            accuracy = cells.with_interval(number(part, "accuracy"), ".0f", cells.interval(bounds, ".0f"))
            rest = [cells.figure(number(part, key), ".0f") for key in ("resolution", "first_position_rate")]
            reason = str(part.get("reason") or "")
            rows.append(
                [name_of(code) if code else ALL, name, verdict, accuracy, *rest, str(part.get("n", "")), reason]
            )
            if code:
                text = f"{accuracy}  {verdict}" if len(checks) == 1 else ""
                points.append(Point(name_of(code), name, number(part, "accuracy"), bounds, text=text))
    columns = ("Language", "Judge", "Verdict", "Right, % (95%)", "Resolution, %", "First, %", "Pairs", "Reason")
    return Section(
        name="judge_check",
        title="Judge check",
        about="This is how often the judge is right on pairs whose right verdict is known, with 95% intervals. At 50 "
        "it guesses, and its win rates say nothing.",
        chart=charts.forest(points, "right, %", (0, 100), rule=50),
        table=Table(columns, rows, frozenset({3, 4, 5, 6})),
        lines=lines,
    )


def panel(runs: Sequence[ShownRun]) -> Section | None:
    """The judges of a panel: what each says, and how it leans; None where no run has several."""
    some = [run for run in runs if run.results.get("by_judge")]
    points, rows = [], []
    for judge in dict.fromkeys(judge for run in some for judge in run.results["by_judge"]):
        for run in some:
            part = run.results["by_judge"].get(judge)
            if not part:
                continue
            value, bounds = number(part, "win_rate"), interval(part, "win_rate_ci95")
            text = cells.with_interval(value, ".1f", cells.interval(bounds, ".1f"))
            lean = cells.with_interval(
                number(part, "lean"), "+.1f", cells.interval(interval(part, "lean_ci95"), "+.1f")
            )
            points.append(Point(judge, run.name, value, bounds, text=end_text(text, some)))
            rows.append([judge, run.name, text, lean, str(part.get("n", "")), str(part.get("n_missing", ""))])
    if not rows:
        return None
    alphas = "; ".join(f"{run.name} {cells.figure(number(run.results, 'judge_alpha'), '.2f')}" for run in some)
    return Section(
        name="judges",
        title="Judges",
        about="What each judge of the panel says, with 95% intervals. Krippendorff's alpha of their preferences: "
        f"{alphas}.",
        chart=charts.forest(points, "win rate, %", (0, 100), rule=50),
        table=Table(
            ("Judge", "Run", "Win rate, % (95%)", "Against the others", "Judged", "Missing"),
            rows,
            frozenset({2, 3, 4, 5}),
        ),
    )


def costs(runs: Sequence[ShownRun], prices: tuple[float, float] | None = None) -> Section | None:
    """What judging took, and when; None where that is not known.

    `prices` are those of a million tokens read and written.
    """
    rows = []
    for run in runs:
        usage = run.results.get("usage")
        if isinstance(usage, dict) and run.setting.judged:
            counts = [f"{usage.get(name, 0):,}" for name in _COSTS]
            row = [run.name, *counts, f"{usage.get('seconds', 0):,.0f}"]
            if prices:
                row.append(f"{sum(n * price for n, price in zip(run.tokens, prices, strict=True)) / 1e6:,.2f}")
            rows.append(row)
    if not rows:
        return None
    columns = ["Run", "Requests", "From cache", "Retries", "Tokens read", "Tokens written", "Seconds"]
    about = "This is what the judge was asked in the command that finished each run."
    if prices:
        columns.append("Price")
        about += (
            " The price is that of every judgement in the run, whichever command asked for it, "
            f"at {prices[0]:g} and {prices[1]:g} a million tokens read and written."
        )
    return Section(
        name="costs",
        title="Costs",
        about=about,
        table=Table(columns, rows, frozenset(range(1, len(columns)))),
    )


def settings(runs: Sequence[ShownRun]) -> Section:
    """The parts of the signatures and the settings in run.json, a column for each run."""
    columns = [
        {key: _written(value) for key, value in {**run.setting.settings, **run.setting.parts}.items()} for run in runs
    ]
    keys = [
        key for key in dict.fromkeys(key for column in columns for key in column) if any(c.get(key) for c in columns)
    ]
    keys.sort(key=lambda key: not any(key in run.setting.parts for run in runs))
    rows = [[key, *(column.get(key, "") for column in columns)] for key in keys]
    differing = frozenset(k for k, row in enumerate(rows) if len(set(row[1:])) > 1)
    rows += [
        [key, *(_written(run.last.get(key)) for run in runs)] for key in _RAN if any(run.last.get(key) for run in runs)
    ]
    rows.append(["folder", *(shareable.text(run.folder.resolve().name) for run in runs)])
    return Section(
        name="settings",
        title="Settings",
        about="What the figures depend on." + (" Rows in which the runs differ are marked." if differing else ""),
        table=Table(("Setting", *(run.name for run in runs)), rows, marked=differing),
        folded=True,
    )


def notices(runs: Sequence[ShownRun]) -> list[str]:
    """What to read before the figures: each warning of each run."""
    found: dict[str, list[str]] = {}
    for run in runs:
        for line in run.results.get("warnings") or ():
            found.setdefault(str(line), []).append(run.name)
    for run in runs:
        if run.results.get("stopped_early"):
            line = f"judged in looks ({run.results.get('stopping_rule')}), items not judged: {run.results.get('n_not_judged')}"
            found.setdefault(line, []).append(run.name)
    return [line if len(runs) == len(names) else f"{', '.join(names)}: {line}" for line, names in found.items()]


def _written(value: object) -> str:
    if value is None or value == {} or value == []:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_written(part)}" for key, part in value.items() if _written(part))
    return json.dumps(value, ensure_ascii=False)
