"""All pairs of several runs: each compared as two runs are, with p-values corrected for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import composition
from xl_alpacaeval_metric.leaderboard import answer_figures
from xl_alpacaeval_metric.leaderboard.answer_figures import AnswerLanguage
from xl_alpacaeval_metric.ranking import pairs
from xl_alpacaeval_metric.records.judgements import ItemKey
from xl_alpacaeval_metric.runs import compare, finished, opened
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.compare import Run
from xl_alpacaeval_metric.runs.contrast import Contrast, RunComparison
from xl_alpacaeval_metric.stats.missing import Floats


@dataclass(frozen=True, slots=True)
class RunsComparison:
    """Every pair of the runs `names`, in their order; `models` are the names of their models.

    `p_value_adjusted` of the overall contrasts is corrected for all pairs, that of the contrasts in
    one language for all pairs in all languages.
    """

    names: Sequence[str]
    pairs: Sequence[RunComparison]
    models: Sequence[str] = ()

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {"runs": list(self.names), "models": list(self.models), "pairs": [pair.as_dict() for pair in self.pairs]}


FIGURES = (compare.WIN_RATE, answer_figures.WIN_RATE_IN_LANGUAGE, *answer_figures.FIGURES)
"""What runs can be compared by."""


def load(folder: Path, figure: str = compare.WIN_RATE) -> Run:
    """A run, a file of answers or a log of the harness, by one of `FIGURES`.

    Raises UserError for another figure, and as `runs.compare.load` does.
    """
    if figure not in FIGURES:
        raise UserError(f"--figure {figure!r} is not one of {', '.join(FIGURES)}")
    if figure == compare.WIN_RATE:
        return compare.load(folder)
    if figure == compare.CORRECT_RATE:
        return _by_correctness(folder)
    judged = figure == answer_figures.WIN_RATE_IN_LANGUAGE
    if (folder / run_folder.RUN).is_file():
        run, languages = _run(folder, judged), answer_figures.read(folder, figure) or {}
    else:
        found = opened.read(folder)
        run = _of(found.with_verdicts() if judged else found)
        languages = {item.key: AnswerLanguage.of(item.language) for item in found.items}
    values = {
        key: languages[key].preference(_value(run, key)) if judged else languages[key].value(figure)
        for key in run.items
        if key in languages
    }
    return replace(
        run,
        preferences={key: None if value != value else value for key, value in values.items()},
        figure=figure,
        answered_in={key: one.answered_in for key, one in languages.items() if one.answered_in},
        thought_in=_thought_in(run),
    )


def _by_correctness(folder: Path) -> Run:
    """The closed questions of a run, a file of answers or a log, and which of them it answered."""
    run = (
        _run(folder, judged=False) if (folder / run_folder.RUN).is_file() else _of(opened.read(folder, languages=False))
    )
    correct = answer_figures.correct(folder, run.items.values())
    items = {key: run.items[key] for key in correct}
    return replace(run, items=items, preferences=correct, figure=compare.CORRECT_RATE)


def _of(found: opened.Opened) -> Run:
    """A run of what was opened."""
    return Run(
        replace(found.setting, name=found.name),
        {item.key: item.comparison for item in found.items},
        {item.key: item.preference for item in found.items},
        model=found.model,
        notes=found.notes,
    )


def _thought_in(run: Run) -> dict[ItemKey, str]:
    """The language that each thought is in, "und" where none is identified."""
    thoughts = {key: item.thinking for key, item in run.items.items() if item.thinking}
    found = composition.main_languages(list(thoughts.values()))
    return {key: code or "und" for key, code in zip(thoughts, found, strict=True)}


def _run(folder: Path, judged: bool) -> Run:
    """A finished run folder; without its preferences unless `judged`."""
    if judged:
        return compare.load(folder)
    setting = finished.read(folder, judged=False)
    items = {item.key: item for item in run_folder.read_samples(folder / run_folder.SAMPLES)}
    return Run(setting, items, {}, model=opened.model_in(folder, setting.settings))


def load_all(folders: Sequence[Path], figure: str = compare.WIN_RATE) -> list[Run]:
    """`load` each; raises UserError also for the same path twice."""
    opened.check_once(folders)
    return [load(folder, figure) for folder in folders]


def compare_all(runs: Sequence[Run]) -> RunsComparison:
    """Compare every two of the runs (`runs.compare.compare`), and correct for their number.

    Step-down max-T over sign flips of whole prompts that all pairs share (`ranking.pairs`). Raises
    UserError for fewer than two runs, and as `compare` does.
    """
    if len(runs) < 2:
        raise UserError(f"a comparison needs two runs or more; {len(runs)} given")
    if len(runs) > 2 and len({run.name for run in runs}) < len(runs):
        raise UserError("one of the runs is given twice; give each run once")
    found = [compare.compare(a, b) for a, b in combinations(runs, 2)]
    models = [run.model for run in runs]
    if len(found) == 1:
        return RunsComparison([run.name for run in runs], found, models)
    keys = _keys(runs)
    values = np.array([[_value(run, key) for key in keys] for run in runs])
    prompts = [next(run.items[key] for run in runs if key in run.items).cluster for key in keys]
    languages = [code for _, code in keys]
    overall, by_language = pairs.all_pairs(values, prompts, languages)
    parts = by_language or {languages[0]: overall}
    return RunsComparison(
        [run.name for run in runs],
        [
            replace(
                pair,
                overall=_adjusted(pair.overall, overall.p_adjusted, number),
                by_language={
                    code: _adjusted(part, parts[code].p_adjusted, number) for code, part in pair.by_language.items()
                },
            )
            for number, pair in enumerate(found)
        ],
        models,
    )


def _keys(runs: Sequence[Run]) -> list[ItemKey]:
    """The items of any run whose instruction is the same in all that have it."""
    asked: dict[ItemKey, set[str]] = {}
    for run in runs:
        for key, item in run.items.items():
            asked.setdefault(key, set()).add(item.instruction)
    return [key for key, instructions in asked.items() if len(instructions) == 1]


def _value(run: Run, key: ItemKey) -> float:
    value = run.preferences.get(key)
    return float("nan") if value is None else value


def _adjusted(part: Contrast, p_adjusted: Floats, pair: int) -> Contrast:
    """The contrast with its corrected p-value, which is never below its own."""
    if part.p_value is None or np.isnan(p_adjusted[pair]):
        return part
    return replace(part, p_value_adjusted=max(part.p_value, float(p_adjusted[pair])))


def letters(names: Sequence[str]) -> Mapping[str, str]:
    """A short name for each run: A, B, C and so on; from the 27th on A1, B1."""
    return {name: chr(ord("A") + k % 26) + (str(k // 26) if k > 25 else "") for k, name in enumerate(names)}
