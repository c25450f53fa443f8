"""What a sweep's run folders hold, and what is missing in them."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xl_alpacaeval_metric import benchmark as benchmarks
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records.judgements import ItemKey
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import pairs, parts
from xl_alpacaeval_metric.signature import parse
from xl_alpacaeval_metric.sweep.file import NO_JUDGE, Run
from xl_alpacaeval_metric.sweep.settings import BenchmarkSettings, JudgingSettings


@dataclass(frozen=True, slots=True)
class Wanted:
    """The items of a benchmark that each model is to answer, and whether they can be judged."""

    keys: frozenset[ItemKey]
    has_references: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What a run folder holds: answers to `answered` of `total` items, and what the judge said.

    `judged` says whether the results there are by the judge that is wanted, over all answers;
    `missing` is the number of its verdicts that are missing. `scored` says whether there are
    results at all, or all answers that a judge needs: judging removes the results of before.
    """

    answered: int
    total: int
    scored: bool
    judged: bool
    missing: int

    @property
    def is_answered(self) -> bool:
        return self.answered >= self.total and self.scored

    @property
    def is_complete(self) -> bool:
        return self.is_answered and self.judged and not self.missing


class Missing:
    """Compares the run folders of a sweep with what is wanted; benchmarks are loaded once each."""

    def __init__(self, judging: JudgingSettings) -> None:
        self._judging = judging
        self._wanted = cache(self._load)

    def wanted(self, benchmark: BenchmarkSettings) -> Wanted:
        """The items of a benchmark; raises UserError where its rows are not available."""
        return self._wanted(benchmark)

    def check(self, benchmark: BenchmarkSettings, judged: bool) -> None:
        """Raises UserError where answers are to be judged, and there is nothing to compare with."""
        if judged and not self.wanted(benchmark).has_references:
            raise UserError(
                f"{benchmark.benchmark} has no references to judge against; write some (xl-alpacaeval references) and "
                "give reference: FILE, or judges: none for language fidelity alone"
            )

    def held(self, run: Run, judge: Judge | None, rated: bool = False) -> Held:
        """What the folder of a run holds; `rated` says whether ratings by criteria are wanted."""
        keys = self.wanted(run.benchmark).keys
        answered = len(_answered(run.folder, keys))
        results = _json(run.folder / run_folder.RESULTS)
        # Not run.json, which names a judge before its results are there.
        scored = bool(results) and _count(results, "n_items", len(keys)) >= len(keys)
        judged = scored and _is_by(parse(str(results.get("signature", ""))), judge)
        if judge is not None and not results and (run.folder / run_folder.RUN).is_file():
            scored = len(_among(jsonl.read_lines(run.folder / run_folder.SAMPLES), keys)) >= len(keys)
        if rated and not results.get("criteria"):
            judged = False
        return Held(answered, len(keys), scored, judged, _count(results, "n_missing", 0) if judged else 0)

    def _load(self, wanted: BenchmarkSettings) -> Wanted:
        found = benchmarks.load(
            wanted.benchmark,
            wanted.languages or None,
            limit=wanted.limit,
            path=Path(wanted.benchmark_path) if wanted.benchmark_path else None,
            seed=self._judging.seed or 0,
            exclusion=wanted.exclusion or "strict",
        )
        given = pairs.References.read(Path(wanted.reference)) if wanted.reference else None
        if given is not None and given.of_run:
            found, _ = given.rows_of(found)
        has_references = given is not None or any(row.reference for row in found.rows)
        return Wanted(frozenset((row.id, row.response_language) for row in found.rows), has_references)


def _answered(folder: Path, keys: Collection[ItemKey]) -> set[ItemKey]:
    """The wanted items that a run folder has answers to; a line at a time is read."""
    if not folder.is_dir():
        return set()
    return _among((row for file in parts.files(folder) for row in jsonl.read_lines(file)), keys)


def _among(lines: Iterable[Mapping[str, object]], keys: Collection[ItemKey]) -> set[ItemKey]:
    return {key for row in lines if (key := (str(row.get("id")), str(row.get("language")))) in keys}


def _is_by(setting: Mapping[str, str], judge: Judge | None) -> bool:
    """Whether results of this signature are by this judge, asked in this way."""
    spec = re.sub("@[^+]*", "", setting.get("judge", NO_JUDGE))
    if judge is None or spec != judge.client.spec:
        return judge is None and spec == NO_JUDGE
    orders = ("both",) if judge.both_orders else ("balanced", "both")
    return (
        setting.get("order") in orders
        and setting.get("prompt") == judge.template.sha
        and int(setting.get("judge_votes", 1)) >= judge.votes
    )


def _count(results: Mapping[str, object], key: str, default: int) -> int:
    return found if isinstance(found := results.get(key), int) else default


def _json(file: Path) -> dict[str, object]:
    return jsonl.read_json(file) if file.is_file() else {}
