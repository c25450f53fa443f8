"""Published runs read back from the Hub, and put side by side where they can be compared."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.hub import push
from xl_alpacaeval_metric.hub.front_matter import TAG
from xl_alpacaeval_metric.records.judge_check import NO_JUDGE
from xl_alpacaeval_metric.signature import parse

FILES = "results/*.parquet"
EVALUATION = "evaluation"
NUMBERS = ("win_rate", "win_rate_ci95_low", "win_rate_ci95_high", "fidelity")
SETTING = ("judge", "prompt", "order", "criteria", "benchmark", "reference")
"""Parts of a signature in which runs that are compared must not differ."""


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """One row of the configuration `results` of a published run."""

    repo: str
    figures: Mapping[str, Any]

    @property
    def model(self) -> str:
        return str(self.figures.get("model") or self.repo)

    @property
    def language(self) -> str:
        return str(self.figures.get("language") or "")

    @property
    def parts(self) -> Mapping[str, str]:
        """The parts of the signature."""
        return parse(str(self.figures.get("signature") or ""))

    @property
    def benchmark(self) -> str:
        """The name of the benchmark."""
        return self.parts.get("benchmark", "").partition("@")[0]

    @property
    def setting(self) -> str:
        """What the run was judged by and on, whether `eval`, `judge` or the harness says it.

        The hash of the references is that of the items, too, which each of them names otherwise.
        """
        items = {"benchmark": self.benchmark, "reference": self.parts.get("reference", "").rpartition("@")[2]}
        parts = {**self.parts, **{name: value for name, value in items.items() if value}}
        return "|".join(f"{name}:{parts[name]}" for name in SETTING if name in parts)

    @property
    def win_rate(self) -> float | None:
        """The win rate, None by a judge that was found to be none."""
        value = self.figures.get("win_rate")
        return None if self.figures.get("judge_check") == NO_JUDGE or value is None else float(value)


def repositories() -> list[str]:
    """The datasets on the Hub whose cards say that they are published runs."""
    from huggingface_hub import HfApi

    try:
        return sorted(found.id for found in HfApi().list_datasets(filter=[TAG, EVALUATION]))
    except Exception as error:
        raise push.hub_failure("the Hub's list of datasets", error) from None


def read(repos: Sequence[str]) -> tuple[list[PublishedResult], list[str]]:
    """The results of these datasets, and a line about each that could not be read."""
    found: list[PublishedResult] = []
    notes: list[str] = []
    for repo in repos:
        try:
            results = of_repository(repo)
        except Exception as error:
            notes.append(f"{repo}: not read ({type(error).__name__})")
            continue
        found += results
        if not results:
            notes.append(f"{repo}: not read (it is not there, or is no published run)")
    return found, notes


def ranked(results: Sequence[PublishedResult], setting: str, language: str) -> list[PublishedResult]:
    """Those of one setting and language: the highest win rate first, those without one last."""
    chosen = [one for one in results if (one.setting, one.language) == (setting, language)]
    return sorted(chosen, key=lambda one: (one.win_rate is None, -(one.win_rate or 0.0), one.model))


def of_repository(repo: str) -> list[PublishedResult]:
    """The results in a dataset repository; none where it is not there, or is no published run.

    Raises UserError where the Hub refuses or cannot be reached.
    """
    return of_files(repo, push.files_of(repo, FILES))


def of_folder(folder: Path) -> list[PublishedResult]:
    """The results in a run's Hub folder."""
    return of_files(folder.name, sorted(folder.glob(FILES)))


def of_files(name: str, files: Sequence[Path]) -> list[PublishedResult]:
    """The results in the files of a repository or a folder that can be read."""
    return [PublishedResult(name, _figures(row)) for row in rows(files, ("model", "language", "signature"))]


def _figures(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row, with None where a dataset of others has no number in the place of one."""
    return {**row, **{name: None for name in NUMBERS if not _is_number(row.get(name))}}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def rows(files: Sequence[Path], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of files that can be read and have these columns: other datasets' may not."""
    for file in files:
        yield from _rows(file, columns) or ()


def is_readable(file: Path) -> bool:
    """Whether the rows of a file can be read."""
    return _rows(file) is not None


def _rows(file: Path, columns: Sequence[str] = ()) -> list[dict[str, Any]] | None:
    """None where the file cannot be read; no rows where it lacks a column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
        return table.to_pylist() if set(columns) <= set(table.column_names) else []
    except (pa.ArrowException, OSError, ValueError):  # ValueError: text that is not UTF-8.
        return None
