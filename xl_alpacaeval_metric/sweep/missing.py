"""What a sweep's run folders hold, and what is missing in them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xl_alpacaeval_metric import benchmark as benchmarks
from xl_alpacaeval_metric.benchmark import Benchmark
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.judge import answer_order
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge.rubric import Rubric
from xl_alpacaeval_metric.records import run_settings
from xl_alpacaeval_metric.records.judgements import ItemKey
from xl_alpacaeval_metric.runs import evaluate, pairs, parts
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.answers.candidate import Candidate
from xl_alpacaeval_metric.signature import parse
from xl_alpacaeval_metric.sweep.file import NO_JUDGE, Run
from xl_alpacaeval_metric.sweep.settings import BenchmarkSettings, JudgingSettings

ANOTHER_NAME = "give the model another name in the sweep's file (name: ...), or take another output"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A benchmark's rows that each model is to answer, with the references of the sweep's file.

    `references` has every item; its reference is None where there is none.
    """

    benchmark: Benchmark
    references: Mapping[ItemKey, str | None]


@dataclass(frozen=True, slots=True)
class Held:
    """What a run folder holds: answers to `answered` of `total` items, and what the judge said.

    `outdated` of the answers are beside another reference than the one that is wanted.

    `judged` says whether the results there are by the judge that is wanted, over all answers;
    `missing` is the number of its verdicts that are missing. `scored` says whether there are
    results at all, or all answers that a judge needs: judging removes the results of before.
    """

    answered: int
    total: int
    scored: bool
    judged: bool
    missing: int
    outdated: int = 0

    @property
    def is_answered(self) -> bool:
        return self.answered >= self.total and self.scored and not self.outdated

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
        if judged and not any(self.wanted(benchmark).references.values()):
            raise UserError(
                f"{benchmark.benchmark} has no references to judge against; write some (xl-alpacaeval references) and "
                "give reference: FILE, or judges: none for language fidelity alone"
            )

    def refuse_changed(self, run: Run, candidate: Candidate, judge: Mapping[str, object]) -> None:
        """Raises UserError where `eval` would refuse to go on in the folder of a run.

        Its model, settings, items or references are others than those of the sweep's file. `judge`
        are the judge's settings, as far as they are known before it is asked.
        """
        stored = _json(run.folder / run_folder.RUN).get("settings")
        before = stored if isinstance(stored, dict) and _spec(stored) == judge["judge"] else {}
        settings = {**judge, **{key: before[key] for key in ("judge", "judge_identity") if key in before}}
        try:
            evaluate.check_folder(candidate, self.wanted(run.benchmark).benchmark, settings, run.folder)
        except UserError as error:
            raise UserError(str(error).replace(run_settings.ANOTHER_FOLDER, ANOTHER_NAME)) from None

    def held(self, run: Run, judge: Judge | None, rubric: Rubric | None = None) -> Held:
        """What the folder of a run holds; with a `rubric`, ratings by its criteria are wanted."""
        wanted = self.wanted(run.benchmark).references
        beside = _answered(parts.files(run.folder) if run.folder.is_dir() else (), wanted)
        outdated = sum(bool(wanted[key]) and not is_same for key, is_same in beside.items())
        results = _json(run.folder / run_folder.RESULTS)
        # Not run.json, which names a judge before its results are there.
        scored = bool(results) and _count(results, "n_items", len(wanted)) >= len(wanted)
        setting = parse(str(results.get("signature", "")))
        judged = scored and _is_by(setting, judge) and (rubric is None or setting.get("criteria") == rubric.sha)
        if judge is not None and not results and (run.folder / run_folder.RUN).is_file():
            scored = len(_answered([run.folder / run_folder.SAMPLES], wanted)) >= len(wanted)
        missing = _missing(results) if judged else 0
        return Held(len(beside), len(wanted), scored, judged, missing, outdated)

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
        if given is not None:
            some = wanted.benchmark in answer_order.SMALL or any(row.reference for row in found.rows)
            found = benchmarks.with_references(found, given.texts, given.name, required=not some)
        return Wanted(found, {(row.id, row.response_language): row.reference for row in found.rows})


def _answered(files: Iterable[Path], wanted: Mapping[ItemKey, str | None]) -> dict[ItemKey, bool]:
    """The wanted items that files of answers have -> whether they are beside the wanted reference.

    A line at a time is read.
    """
    lines = (row for file in files for row in jsonl.read_lines(file))
    return {
        key: row.get("reference") == wanted[key]
        for row in lines
        if (key := (str(row.get("id")), str(row.get("language")))) in wanted
    }


def _is_by(setting: Mapping[str, str], judge: Judge | None) -> bool:
    """Whether results of this signature are by this judge, asked in this way; any are by none."""
    if judge is None:
        return True
    if _spec(setting) != judge.client.spec:
        return False
    orders = ("both",) if judge.both_orders else ("balanced", "both")
    return (
        setting.get("order") in orders
        and setting.get("prompt") == judge.template.sha
        and int(setting.get("judge_votes", 1)) >= judge.votes
    )


def _spec(settings: Mapping[str, object]) -> str:
    """The judge's specification, or those of a panel, without versions."""
    return re.sub("@[^+]*", "", str(settings.get("judge", NO_JUDGE)))


def _missing(results: Mapping[str, object]) -> int:
    """The verdicts that are missing: of items that have none, or of one judge of a panel."""
    judges = results.get("by_judge")
    parts = [results, *(judges.values() if isinstance(judges, Mapping) else ())]
    return max(_count(part, "n_missing", 0) for part in parts if isinstance(part, Mapping))


def _count(results: Mapping[str, object], key: str, default: int) -> int:
    return found if isinstance(found := results.get(key), int) else default


def _json(file: Path) -> dict[str, object]:
    return jsonl.read_json(file) if file.is_file() else {}
