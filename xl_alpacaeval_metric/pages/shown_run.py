"""A run as a page shows it: its name, settings, figures, check, and its answers one by one."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.judge import aggregate
from xl_alpacaeval_metric.languages import fidelity
from xl_alpacaeval_metric.machine import shareable
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey
from xl_alpacaeval_metric.runs import finished, opened, verdicts
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.finished import Setting
from xl_alpacaeval_metric.runs.opened import Opened
from xl_alpacaeval_metric.runs.opened import results as opened_results

Figures = Mapping[str, Any]
"""The keys of results.json, of one language or of all; an earlier version lacks some."""
_SHOWN_OF_VERDICTS = ("judge", "order", "vote", "preference", "raw", "reason")
_PARTS = 512
"""Answers whose language is identified at a time, where items.jsonl does not say it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer with what is known of it.

    `measured` has the keys of a line of items.jsonl, `verdicts` those of lines of verdicts.jsonl.
    """

    item: Comparison
    measured: Figures
    verdicts: Sequence[Figures]
    levels: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run, read as far as charts and tables need it; or answers that are no run folder.

    Its texts name no secret and no folder of this machine (`shareable`), but for those of answers.
    `results` and `check` are what the files of these names hold; `check` is empty without one.
    `last` is the entry of run.json on the last command: when and where it ran. `opened` are the
    answers where they are no run folder's.
    """

    name: str
    folder: Path
    setting: Setting
    results: Figures
    check: Figures = field(default_factory=dict)
    last: Figures = field(default_factory=dict)
    opened: Opened | None = None

    @property
    def by_language(self) -> Mapping[str, Figures]:
        """Code -> figures, in the order of the run."""
        found = self.results.get("by_language")
        return found if isinstance(found, dict) else {}

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens that the judge read and wrote for all judgements here, whenever they were made."""
        found = [0, 0]
        for name in (run_folder.VERDICTS, run_folder.RATINGS):
            for row in jsonl.read_lines(self.folder / name) if self.folder.is_dir() else ():
                for k, key in enumerate(("prompt_tokens", "completion_tokens")):
                    found[k] += value if isinstance(value := row.get(key), int) else 0
        return found[0], found[1]

    def answers(self) -> Iterator[Answer]:
        """Every answer, in the order of the run; raises UserError where a file is damaged."""
        if self.opened is not None:
            for one in self.opened.items:
                levels_of = {name: int(level) for name, level in one.scores.items()}
                shown = list(map(_shown, opened_results.verdict_rows(one)))
                yield Answer(one.comparison, opened_results.item_row(one), shown, levels_of)
            return
        items = run_folder.read_samples(self.folder / run_folder.SAMPLES)
        said = _verdicts(self.folder / run_folder.VERDICTS)
        levels = _levels(self.folder / run_folder.RATINGS)
        measured = {_key(row): row for row in jsonl.read_lines(self.folder / run_folder.ITEMS)}
        preferences: dict[ItemKey, float | None] = {}
        if said and not measured:
            found = verdicts.read(self.folder)
            preferences = {key: aggregate.preference_of(some) for key, some in found.items()}
        for start in range(0, len(items), _PARTS):
            some = items[start : start + _PARTS]
            unknown = [item for item in some if item.key not in measured]
            rows = fidelity.texts_fidelity([one.prediction for one in unknown], [one.language for one in unknown])
            for item, row in zip(unknown, rows, strict=True):
                measured[item.key] = {**fidelity.fidelity_row(row), "preference": preferences.get(item.key)}
            for item in some:
                yield Answer(item, measured[item.key], said.get(item.key, ()), levels.get(item.key))


def read(folders: Sequence[Path]) -> list[ShownRun]:
    """The runs at these paths, under names that tell them apart.

    Run folders, files of answers, and output folders of the harness, which may hold several models.
    Raises UserError for no path, one that is none of these, a run that is not finished, and the
    same path twice.
    """
    if not folders:
        raise UserError("no run given; give run folders of eval or judge, or files of answers")
    opened.check_once(folders)
    return named([run for folder in folders for run in _read(folder)])


def named(runs: Sequence[ShownRun]) -> list[ShownRun]:
    """The runs; a name that several have with as much of the folder as tells them apart."""
    names = Counter(run.name for run in runs)
    places = {
        name: iter(shareable.places([run.folder for run in runs if run.name == name]))
        for name in names
        if names[name] > 1
    }
    found = []
    for run in runs:
        place = next(places[run.name]) if run.name in places else run.name
        found.append(run if place == run.name else replace(run, name=f"{run.name} ({place})"))
    return found


def without_paths(runs: Sequence[ShownRun]) -> Callable[[str], str]:
    """What turns the paths of runs in a text into the names of their folders.

    Messages name runs by their paths; a page is passed on, and where it was made is nobody's
    business. Other paths and secrets go, too (`shareable`). Where folders have the same name, the
    run's name on the page stands for it.
    """
    folders = [shareable.text(run.folder.resolve().name) for run in runs]
    counts = Counter(folders)
    found = {}
    for run, name in zip(runs, folders, strict=True):
        for path in (str(run.folder), str(run.folder.resolve())):
            if os.sep in path:
                found[path] = name if counts[name] == 1 else run.name
    paths = re.compile("|".join(map(re.escape, sorted(found, key=len, reverse=True))) or r"(?!)")
    return lambda text: shareable.text(paths.sub(lambda match: found[match[0]], text))


def _read(path: Path) -> list[ShownRun]:
    if (path / run_folder.RUN).is_file():
        return [_read_run(path)]
    return [
        ShownRun(
            name=one.model or shareable.text(one.path.resolve().name),
            folder=one.path,
            setting=_shareable(one.setting),
            results=shareable.value(opened_results.results(one)),
            opened=one,
        )
        for one in opened.read_all([path])
    ]


def _read_run(folder: Path) -> ShownRun:
    setting = finished.read(folder, judged=False)
    if not (folder / run_folder.SAMPLES).is_file():
        raise UserError(f"{folder}: holds no {run_folder.SAMPLES}; a page shows every answer of a run")
    check = folder / run_folder.CHECK
    history = jsonl.read_json(folder / run_folder.RUN).get(run_folder.HISTORY)
    return ShownRun(
        name=opened.model_in(folder, setting.settings) or folder.resolve().name,
        folder=folder,
        setting=_shareable(setting),
        results=shareable.value(jsonl.read_json(folder / run_folder.RESULTS)),
        check=shareable.value(jsonl.read_json(check)) if check.is_file() else {},
        last=history[-1] if isinstance(history, list) and history and isinstance(history[-1], dict) else {},
    )


def _shareable(setting: Setting) -> Setting:
    settings = shareable.value({**setting.settings, "model": opened.model_of(setting.settings)})
    return replace(setting, signature=shareable.text(setting.signature), settings=settings)


def _key(row: Figures) -> ItemKey:
    return str(row.get("id")), str(row.get("language"))


def _verdicts(file: Path) -> dict[ItemKey, list[Figures]]:
    """The last verdict on each question, by item."""
    found: dict[ItemKey, dict[object, Figures]] = {}
    for row in jsonl.read_lines(file):
        question = (row.get("judge", ""), row.get("order"), row.get("vote") or 0)
        found.setdefault(_key(row), {})[question] = _shown(row)
    return {key: list(some.values()) for key, some in found.items()}


def _shown(row: Figures) -> Figures:
    """What a page shows of a line of verdicts.jsonl."""
    shown = {name: row[name] for name in _SHOWN_OF_VERDICTS if row.get(name) not in (None, "", 0)}
    for name in shown.keys() & {"judge", "reason"}:
        shown[name] = shareable.value(shown[name])
    return {**shown, "preference": row.get("preference")}


def _levels(file: Path) -> dict[ItemKey, Mapping[str, int]]:
    return {_key(row): row["scores"] for row in jsonl.read_lines(file) if isinstance(row.get("scores"), dict)}
