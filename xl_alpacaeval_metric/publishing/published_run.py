"""A finished run as it is published: nothing in it that names this machine or its folders."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.machine import shareable
from xl_alpacaeval_metric.publishing.benchmark_texts import texts
from xl_alpacaeval_metric.records.judge_check import NO_JUDGE
from xl_alpacaeval_metric.runs import finished, opened
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.opened import results as opened_results
from xl_alpacaeval_metric.signature import parse

ALL = "all"
Rows = Iterator[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """A run to publish; or answers of a file or of the harness, as a run would have them.

    `path` is where it lies, `name` what it is called. `model` is a Hub id, or the last part of a
    folder's path. `judge` is empty where there was none. `results` are the contents of
    results.json, `dates` the ISO times of the first command that worked on the run and of the end
    of the last, empty where they are not known. `read_samples` and `read_verdicts` read the rows.
    """

    path: Path
    name: str
    model: str
    results: Mapping[str, Any]
    settings: Mapping[str, Any]
    dates: tuple[str, str]
    read_samples: Callable[[], Rows]
    read_verdicts: Callable[[], Rows]

    @property
    def signature(self) -> str:
        return str(self.results["signature"])

    @property
    def judge(self) -> str:
        """Its specification, several joined by "+"; empty where there was none."""
        judge = parse(self.signature).get("judge", "none")
        return "" if judge == "none" else judge

    @property
    def benchmark(self) -> str:
        """The benchmark's name, "pairs" for rows of others; empty for runs of old versions."""
        return parse(self.signature).get("benchmark", "").partition("@")[0]

    @property
    def license(self) -> str:
        """The licence of the requests and references in the run; "other" for rows of others."""
        return texts(self.benchmark)["license"]

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
        return scores.get("win_rate") is not None and finished.check_verdict(scores) != NO_JUDGE

    def samples(self) -> Rows:
        """The items, each with its figures of items.jsonl."""
        return self.read_samples()

    def verdicts(self) -> Rows:
        """Every judgement, oldest first; what a server said of a failure without its secrets."""
        for row in self.read_verdicts():
            yield {**row, **{key: shareable.value(row.get(key)) for key in ("reason", "judge")}}


def read(path: Path) -> PublishedRun:
    """A run folder to publish, a file of answers, or an output folder of the harness.

    Raises UserError where it is none of them, holds several models, or is not finished.
    """
    if (path / run_folder.RUN).is_file():
        return _of_folder(path)
    found = opened.read(path)
    results = shareable.value(opened_results.results(found))
    place = found.path.resolve()
    model = found.model or shareable.text(place.name if place.is_dir() else place.stem)
    return PublishedRun(
        path=path,
        name=f"{model.rpartition('/')[2]}-{found.setting.settings.get('benchmark') or 'pairs'}",
        model=model,
        results=results,
        settings=found.setting.settings,
        dates=("", found.date),
        read_samples=lambda: (
            {**opened_results.item_row(one), **opened_results.sample_row(one)} for one in found.items
        ),
        read_verdicts=lambda: (row for one in found.items for row in opened_results.verdict_rows(one)),
    )


def _of_folder(folder: Path) -> PublishedRun:
    setting = finished.read(folder, judged=False)
    results = jsonl.read_json(folder / run_folder.RESULTS)
    if not isinstance(results.get("by_language"), dict):
        raise UserError(f"{folder / run_folder.RESULTS}: damaged, has no by_language")
    history = jsonl.read_json(folder / run_folder.RUN).get(run_folder.HISTORY)
    entries = [entry for entry in history if isinstance(entry, dict)] if isinstance(history, list) else []
    dates = (str(entries[0].get("started") or ""), str(entries[-1].get("ended") or "")) if entries else ("", "")
    name = folder.resolve().name
    return PublishedRun(
        path=folder,
        name=name,
        model=opened.model_in(folder, setting.settings) or name,
        results=shareable.value(results),
        settings=setting.settings,
        dates=dates,
        read_samples=lambda: _samples(folder),
        read_verdicts=lambda: jsonl.read_lines(folder / run_folder.VERDICTS),
    )


def _samples(folder: Path) -> Rows:
    figures = {
        (str(row.get("id")), str(row.get("language"))): row for row in jsonl.read_lines(folder / run_folder.ITEMS)
    }
    for row in jsonl.read_lines(folder / run_folder.SAMPLES):
        yield {**figures.get((str(row.get("id")), str(row.get("language"))), {}), **row}
