"""The page of one run or of several side by side, and its charts as files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.destinations import write_errors
from xl_alpacaeval_metric.pages import answer_list, charts, document, drawing, shown_run
from xl_alpacaeval_metric.pages.document import Head, RecordList
from xl_alpacaeval_metric.pages.section import Section, codes, name_of, number
from xl_alpacaeval_metric.pages.sections import answers, designs, differences, judging, win_rates
from xl_alpacaeval_metric.pages.shown_run import ShownRun
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.signature import package_version

_OBJECTS = ("answered_in", "criteria", "judge_check", "usage", "thinking", "by_design", "effects", "by_judge")
"""Keys of results.json that hold objects, or null."""
_TITLE = 90
"""Characters of names in the title of a page."""


def sections(runs: Sequence[ShownRun], prices: tuple[float, float] | None = None) -> list[Section]:
    """The sections that there are figures for; many runs from the best to the worst.

    `prices` are those of a million tokens that the judge reads and writes. Raises UserError where
    the results or the check of a run are damaged.
    """
    for run in runs:
        _check(run)
    if len(runs) > len(charts.SERIES):
        runs = sorted(runs, key=lambda run: -(number(run.results, "win_rate") or 0))
    found = [
        win_rates.overview(runs),
        win_rates.by_language(runs),
        differences.of_two(runs),
        designs.effects(runs),
        answers.answered_in(runs),
        answers.fidelity(runs),
        answers.lengths(runs),
        answers.criteria(runs),
        answers.thoughts(runs),
        judging.check(runs),
        judging.panel(runs),
        judging.costs(runs, prices),
        judging.settings(runs),
    ]
    names = shown_run.without_paths(runs)
    return [
        replace(section, about=names(section.about), lines=list(map(names, section.lines)))
        for section in found
        if section is not None
    ]


def write(runs: Sequence[ShownRun], file: Path, prices: tuple[float, float] | None = None) -> int:
    """Write the page of these runs; returns the number of answers on it.

    `prices` as for `sections`. Raises UserError where the file cannot be written, a run's file is
    damaged, or the extra "report" is not installed.
    """
    drawn = [
        section
        if section.chart is None
        else section.drawn([drawing.svg(spec) for spec in (section.chart, charts.narrow(section.chart))])
        for section in sections(runs, prices)
    ]
    return document.write(file, _head(runs), drawn, _answers(runs))


def write_figures(runs: Sequence[ShownRun], folder: Path) -> list[Path]:
    """Write each chart as SVG and as PDF; returns the files.

    Raises UserError as `write`, and where there is nothing to draw.
    """
    drawn: dict[Path, bytes] = {}
    for section in sections(runs):
        if section.chart is not None:
            drawn[folder / f"{section.name}.svg"] = drawing.svg(section.chart).encode("utf-8", "replace")
            drawn[folder / f"{section.name}.pdf"] = drawing.pdf(section.chart)
    if not drawn:
        raise UserError(f"{runs[0].folder}: has no figures to draw; it may be of an earlier version")
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in drawn.items():
            file.write_bytes(content)
    return list(drawn)


def _check(run: ShownRun) -> None:
    """Raises UserError where parts of results.json or check.json are no objects, but should be."""
    for name, found in ((run_folder.RESULTS, run.results), (run_folder.CHECK, run.check)):
        by_language = found.get("by_language") or {}
        parts = [found, *(by_language.values() if isinstance(by_language, dict) else [None])]
        for part in parts:
            inner = [part.get(key) for key in _OBJECTS] if isinstance(part, dict) else ["none"]
            if any(one is not None and not isinstance(one, dict) for one in inner):
                raise UserError(f"{run.folder / name}: damaged; the command that made the run writes it again")


def _answers(runs: Sequence[ShownRun]) -> RecordList:
    return RecordList(
        title="Answers",
        search="Search in requests, answers, references and ids",
        script="answers.js",
        put=lambda put: answer_list.write(runs, put),
    )


def _head(runs: Sequence[ShownRun]) -> Head:
    known = codes(runs)
    parts = [run.setting.parts for run in runs]
    shared = [
        (word, {part.get(key, "") for part in parts}) for word, key in (("benchmark", "benchmark"), ("judge", "judge"))
    ]
    line = "; ".join(f"{word} {next(iter(values))}" for word, values in shared if len(values) == 1 and values != {""})
    return Head(
        title=_title([run.name for run in runs]),
        subtitle=[line, ", ".join(map(name_of, known))] if known else [line],
        notices=judging.notices(runs),
        footer=f"Written by xl-suite {package_version()}. This page loads nothing from the network.",
        signatures=[(run.name, run.setting.signature) for run in runs if run.setting.signature],
    )


def _title(names: Sequence[str]) -> str:
    """The runs' number and names; only the number where the names do not fit into two lines."""
    if len(names) == 1:
        return names[0]
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{len(names)} runs: {listed}" if len(listed) <= _TITLE else f"{len(names)} runs"
