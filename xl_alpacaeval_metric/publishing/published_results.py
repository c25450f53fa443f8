"""Published runs read back from the Hub, and put side by side where they can be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.hub.front_matter import TAG
from xl_alpacaeval_metric.hub.push import hub_failure
from xl_alpacaeval_metric.records.judge_check import NO_JUDGE
from xl_alpacaeval_metric.signature import parse

FILE = "results/test-00000-of-00001.parquet"
EVALUATION = "evaluation"
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
    def setting(self) -> str:
        """What the run was judged by, as its signature says it."""
        parts = parse(str(self.figures.get("signature") or ""))
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
        raise hub_failure("the Hub's list of datasets", error) from None


def read(repos: Sequence[str]) -> tuple[list[PublishedResult], list[str]]:
    """The results of these datasets, and a line about each that could not be read."""
    found: list[PublishedResult] = []
    notes: list[str] = []
    for repo in repos:
        try:
            found += [PublishedResult(repo, row) for row in _rows(repo)]
        except Exception as error:
            notes.append(f"{repo}: not read ({type(error).__name__})")
    return found, notes


def ranked(results: Sequence[PublishedResult], setting: str, language: str) -> list[PublishedResult]:
    """Those of one setting and language: the highest win rate first, those without one last."""
    chosen = [one for one in results if (one.setting, one.language) == (setting, language)]
    return sorted(chosen, key=lambda one: (one.win_rate is None, -(one.win_rate or 0.0), one.model))


def _rows(repo: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq
    from huggingface_hub import hf_hub_download

    file = Path(hf_hub_download(repo, FILE, repo_type="dataset"))
    rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return rows
