"""A finished run as it is published: nothing in it that names this machine or its folders."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.records.judge_check import NO_JUDGE
from xl_alpacaeval_metric.runs import finished
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.opened import harness

ALL = "all"
_LICENSES = {
    "mini": "apache-2.0",
    "context": "apache-2.0",
    "xl": "cc-by-nc-4.0",
    "m": "cc-by-nc-4.0",
    "en": "cc-by-nc-4.0",
}


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """A run to publish.

    `model` is a Hub id, or the last part of a folder's path. `judge` is empty where there was none.
    `results` are the contents of results.json, `dates` the ISO times of the first command that
    worked on the run and of the end of the last, empty where they are not known.
    """

    folder: Path
    model: str
    judge: str
    benchmark: str
    signature: str
    results: Mapping[str, Any]
    settings: Mapping[str, Any]
    dates: tuple[str, str]

    @property
    def license(self) -> str:
        """The licence of the requests and references in the run; "unknown" for rows of others."""
        return _LICENSES.get(self.benchmark, "unknown")

    @property
    def model_id(self) -> str:
        """The model's Hub id; empty where it was a folder or answers that existed already."""
        return self.model if self.model.count("/") == 1 else ""

    def scores(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The figures of each language and, where there are several, of all together."""
        by_language: Mapping[str, Mapping[str, Any]] = self.results.get("by_language") or {}
        yield from by_language.items()
        if len(by_language) != 1:
            yield ALL, self.results

    @staticmethod
    def believed(scores: Mapping[str, Any]) -> bool:
        """Whether there is a win rate, by a judge that was not found to be none."""
        check = scores.get("judge_check")
        return scores.get("win_rate") is not None and not (
            isinstance(check, Mapping) and check.get("verdict") == NO_JUDGE
        )

    def samples(self) -> Iterator[dict[str, Any]]:
        """The items, each with its figures of items.jsonl."""
        figures = {
            (str(row.get("id")), str(row.get("language"))): row
            for row in jsonl.read_lines(self.folder / run_folder.ITEMS)
        }
        for row in jsonl.read_lines(self.folder / run_folder.SAMPLES):
            yield {**figures.get((str(row.get("id")), str(row.get("language"))), {}), **row}

    def verdicts(self) -> Iterator[dict[str, Any]]:
        """Every judgement, oldest first."""
        yield from jsonl.read_lines(self.folder / run_folder.VERDICTS)


def read(folder: Path) -> PublishedRun:
    """A run folder to publish; raises UserError where it is none, or is not finished."""
    if not (folder / run_folder.RUN).is_file() and (folder.is_file() or harness.is_log(folder)):
        what = "a file" if folder.is_file() else "an output folder of lm_eval"
        raise UserError(
            f"{folder}: is {what}, and `publish` takes run folders; make one with "
            f"`xl-alpacaeval judge {folder} --output RUN` and publish RUN"
        )
    setting = finished.read(folder, judged=False)
    results = jsonl.read_json(folder / run_folder.RESULTS)
    if not isinstance(results.get("by_language"), dict):
        raise UserError(f"{folder / run_folder.RESULTS}: damaged, has no by_language")
    history = jsonl.read_json(folder / run_folder.RUN).get(run_folder.HISTORY)
    entries = [entry for entry in history if isinstance(entry, dict)] if isinstance(history, list) else []
    dates = (str(entries[0].get("started") or ""), str(entries[-1].get("ended") or "")) if entries else ("", "")
    judge = setting.parts.get("judge", "none")
    return PublishedRun(
        folder=folder,
        model=_model(setting.settings, folder),
        judge="" if judge == "none" else judge,
        benchmark=setting.parts.get("benchmark", "").partition("@")[0],
        signature=setting.signature,
        results=results,
        settings=setting.settings,
        dates=dates,
    )


def _model(settings: Mapping[str, object], folder: Path) -> str:
    """The model's Hub id, a model folder's name or, for answers from a file, the run folder's."""
    model = str(settings.get("model") or "")
    if not model:
        return folder.resolve().name
    is_path = os.path.exists(Path(model).expanduser()) or model.count("/") != 1 or model.startswith((".", "~", "/"))
    return Path(model).name if is_path else model
