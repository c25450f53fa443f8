"""Adapters for lm-evaluation-harness: rows in, a judge as a filter, values per sample out.

Judge and reference come from `--metadata '{"judge": "openai/gpt-4o", ...}'` or from the environment
(XL_JUDGE, XL_REFERENCE, XL_BENCHMARK_PATH). All answers of a task are judged in one concurrent
batch; values are in 0..1, as in the harness.
"""

import atexit
import json
import logging
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from lm_eval.api.task import ConfigurableTask

from xl_alpacaeval_metric import benchmark, credentials
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.aggregate import ItemScores, item_scores
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge, open_judge
from xl_alpacaeval_metric.records import Comparison, ItemKey, Verdict
from xl_alpacaeval_metric.runs import pairs
from xl_alpacaeval_metric.stats import gaming
from xl_alpacaeval_metric.stats.length_control import overall_length_controlled_win_rate
from xl_alpacaeval_metric.terminal import say

logger = logging.getLogger(__name__)

KEYS = ("judge", "judge_base_url", "judge_args", "both_orders", "concurrency", "seed")


class Refused(UserError, SystemExit):
    """Ends `lm_eval` with one line on standard error and exit code 2; in Python, a UserError."""

    def __init__(self, error: UserError) -> None:
        super().__init__(str(error))
        self.code = 2
        say(f"xl_alpacaeval: {error}", error=True)


class Task(ConfigurableTask):  # type: ignore[misc]
    """A harness task that sends the judge a probe request before any answer is generated."""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        super().__init__(config={key: value for key, value in (config or {}).items() if key != "class"})

    def build_all_requests(self, **arguments: Any) -> None:
        """Raises Refused where no judge is set or it does not answer, or references are missing."""
        try:
            self._check_judge(list(self.eval_docs))
        except UserError as error:
            raise Refused(error) from None
        super().build_all_requests(**arguments)

    def _check_judge(self, docs: Sequence[Mapping[str, Any]]) -> None:
        judge = judge_of(docs[0]["judge_settings"])
        if judge is None:
            return
        judge.client.preflight()
        if any(doc["reference"] is None for doc in docs):
            raise UserError(
                f"{self.config.task}: the rows have no references; give a file with id, language, reference as "
                '--metadata \'{"reference": "FILE"}\' or XL_REFERENCE, or judge=none'
            )


def rows(
    benchmark_name: str, language: str | None = None, design: str | None = None, **metadata: Any
) -> dict[str, Any]:
    """The benchmark's rows in one language, or of one design, as `{"test": Dataset}`.

    The harness calls it with the task's metadata. Raises Refused where the benchmark cannot be
    loaded.
    """
    try:
        # The harness writes the metadata into its results and samples.
        ours = {key: value for key, value in metadata.items() if key in KEYS or key.startswith("judge")}
        credentials.refuse(ours, "--metadata")
        return {"test": _dataset(benchmark_name, language, design, metadata)}
    except UserError as error:
        raise Refused(error) from None


def _dataset(benchmark_name: str, language: str | None, design: str | None, metadata: Mapping[str, Any]) -> Any:
    import datasets

    path = metadata.get("benchmark_path") or os.environ.get("XL_BENCHMARK_PATH")
    file = metadata.get("reference") or os.environ.get("XL_REFERENCE")
    loaded = benchmark.load(
        benchmark_name,
        [language] if language else None,
        path=Path(path) if path else None,
        seed=_whole(metadata, "seed", 0),
    )
    given = pairs.read_references(Path(file)) if file else {}
    settings = json.dumps({key: metadata[key] for key in KEYS if key in metadata})
    found = [
        {
            **asdict(replace(row, reference=given.get((row.id, row.response_language), row.reference))),
            "judge_settings": settings,
        }
        for row in loaded.rows
        if design is None or row.subset == design
    ]
    return datasets.Dataset.from_list(found)


def _whole(metadata: Mapping[str, Any], key: str, default: int) -> int:
    try:
        return int(metadata.get(key, default))
    except (TypeError, ValueError):
        raise UserError(f"{key} in --metadata is {metadata[key]!r}; need a whole number") from None


@cache
def judge_of(settings: str) -> Judge | None:
    """The judge that a row's settings or the environment name; None for `none`.

    One judge serves all tasks of a run. The harness has no hook for its end, so the judge is closed
    when the process exits.
    """
    given = json.loads(settings)
    opened = ExitStack()
    judge = opened.enter_context(
        open_judge(
            given.get("judge"),
            how_to_set='give --metadata \'{"judge": "SPEC"}\' or set XL_JUDGE (openai/MODEL, hf/ORG/MODEL, '
            "hf/./folder, vllm/ORG/MODEL), or none for language fidelity alone",
            base_url=given.get("judge_base_url"),
            concurrency=_whole(given, "concurrency", 64),
            args=given.get("judge_args") or {},
            seed=_whole(given, "seed", 0),
            both_orders=bool(given.get("both_orders")),
        )
    )
    atexit.register(opened.close)
    return judge


def judge_answers(responses: Sequence[Sequence[str]], docs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The filter: all answers of a task in, one judged answer per document out, in the same order.

    Raises Refused where the judge stops answering.
    """
    try:
        return _judged(responses, docs) if docs else []
    except UserError as error:
        raise Refused(error) from None


def _judged(responses: Sequence[Sequence[str]], docs: Sequence[Mapping[str, Any]]) -> list[str]:
    judge = judge_of(docs[0]["judge_settings"])
    items = [
        Comparison(doc["id"], doc["response_language"], doc["instruction"], response[0], doc["reference"] or "")
        for response, doc in zip(responses, docs, strict=True)
    ]
    task = JudgingTask.of(items, judge)
    verdicts: dict[ItemKey, list[Verdict]] = defaultdict(list)
    for verdict in task.judge_pending():
        verdicts[verdict.id, verdict.language].append(verdict)
    for warning in gaming.warnings(task.comparisons):
        logger.warning("%s: %s", items[0].language, warning)
    # As JSON text, because the harness writes anything but text into its sample log as Python would
    # print it.
    return [
        json.dumps(_judged_answer(one, judge is not None), ensure_ascii=False)
        for one in item_scores(task.comparisons, verdicts)
    ]


def _judged_answer(one: ItemScores, judged: bool) -> dict[str, Any]:
    return {
        "preference": one.preference,
        "prediction": one.item.prediction,
        "judged": judged,
        "verdicts": [asdict(verdict) for verdict in one.verdicts],
        "fidelity": asdict(one.fidelity),
    }


def values(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """The values of one document.

    A missing value (no verdict, a text too short to score) is left out, not 0.
    """
    judged = json.loads(results[0])
    preference, language = judged["preference"], judged["fidelity"]
    found: dict[str, Any] = {"coverage": float(language["scored"])}
    if judged["judged"]:
        found["missing"] = float(preference is None)
    if preference is not None:
        found["win_rate"] = preference
        lengths = len(judged["prediction"]), len(doc["reference"])
        found["lc_win_rate"] = [preference, *lengths, doc["response_language"]]
    for figure in ("line_pass", "word_pass"):
        if language[figure] is not None:
            found[f"{figure}_rate"] = float(language[figure])
    return found


def length_controlled(items: Sequence[tuple[float, int, int, str]]) -> float:
    """The length-controlled win rate of a task, 0..1."""
    return overall_length_controlled_win_rate(*zip(*items, strict=True)).value / 100.0
