"""Adapters that let lm-evaluation-harness run the benchmarks: rows in, a judge as a filter, values a sample out.

Judge and reference come from `--metadata '{"judge": "openai/gpt-4o", ...}'` or from the environment (XL_JUDGE, XL_REFERENCE,
XL_BENCHMARK_PATH). All verdicts of a task are asked for at once, concurrently; values are in the harness's 0..1.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from lm_eval.api.task import ConfigurableTask

from xl_alpacaeval_metric import benchmark, clients
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.aggregate import preference_of
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.languages import fidelity
from xl_alpacaeval_metric.records import Comparison
from xl_alpacaeval_metric.runs import pairs
from xl_alpacaeval_metric.stats import gaming, length_control

logger = logging.getLogger(__name__)

KEYS = ("judge", "judge_base_url", "judge_args", "both_orders", "concurrency", "seed")


class Refused(UserError, SystemExit):
    """Ends `lm_eval` with one line on standard error and exit code 2; to a caller in Python it is a UserError."""

    def __init__(self, error: UserError) -> None:
        super().__init__(str(error))
        self.code = 2
        print(f"xl_alpacaeval: {error}", file=sys.stderr)


class Task(ConfigurableTask):  # type: ignore[misc]
    """A harness task that asks the judge a probe request before any answer is generated."""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        super().__init__(config={key: value for key, value in (config or {}).items() if key != "class"})

    def build_all_requests(self, **arguments: Any) -> None:
        """Raises Refused where no judge is set or it does not answer, or where there is nothing to judge against."""
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
    """The benchmark's rows in one language, or of one design, as `{"test": Dataset}`; called by the harness with the task's metadata.

    Raises Refused where they cannot be had.
    """
    try:
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
    """The judge that a row's settings or the environment name; None for `none`. One client serves all tasks of a run."""
    given = json.loads(settings)
    spec = given.get("judge") or os.environ.get("XL_JUDGE")
    if not spec:
        raise UserError(
            'no judge is set: give --metadata \'{"judge": "SPEC"}\' or set XL_JUDGE (openai/MODEL, hf/ORG/MODEL, hf/./folder, '
            "vllm/ORG/MODEL), or none for language fidelity alone"
        )
    client = clients.client_for(
        spec,
        base_url=given.get("judge_base_url"),
        concurrency=_whole(given, "concurrency", 64),
        args=given.get("judge_args") or {},
    )
    return Judge(client, seed=_whole(given, "seed", 0), both_orders=bool(given.get("both_orders"))) if client else None


def judge_answers(responses: Sequence[Sequence[str]], docs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The filter: all answers of a task in, one judged answer a document out, in the same order.

    Raises Refused where the judge does not answer any more.
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
    verdicts: dict[tuple[str, str], list[Any]] = {item.key: [] for item in items}
    if judge is not None:
        for verdict in judge.verdicts([(item, order) for item in items for order in judge.orders(item)]):
            verdicts[(verdict.id, verdict.language)].append(verdict)
    for warning in gaming.warnings(items):
        logger.warning("%s: %s", items[0].language, warning)
    # As JSON text, because the harness writes anything but text into its sample log as Python would print it.
    return [
        json.dumps(
            {
                "preference": preference_of(verdicts[item.key]),
                "prediction": item.prediction,
                "judged": judge is not None,
                "verdicts": [asdict(verdict) for verdict in verdicts[item.key]],
            },
            ensure_ascii=False,
        )
        for item in items
    ]


def values(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """The values of one document. What has none (a missing verdict, a text too short to score) is left out, not 0."""
    judged = json.loads(results[0])
    prediction, preference = judged["prediction"], judged["preference"]
    language = fidelity.text_fidelity(prediction, doc["response_language"])
    found: dict[str, Any] = {"coverage": float(language.scored)}
    if judged["judged"]:
        found["missing"] = float(preference is None)
    if preference is not None:
        found["win_rate"] = preference
        found["lc_win_rate"] = [preference, len(prediction), len(doc["reference"])]
    if language.line_pass is not None:
        found["line_pass_rate"] = float(language.line_pass)
    if language.word_pass is not None:
        found["word_pass_rate"] = float(language.word_pass)
    return found


def length_controlled(items: Sequence[tuple[float, int, int]]) -> float:
    """The length-controlled win rate of a task, 0..1."""
    preferences, lengths, reference_lengths = zip(*items, strict=True)
    return float(length_control.length_controlled_win_rate(preferences, lengths, reference_lengths).value) / 100.0
