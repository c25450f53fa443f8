"""Adapters for lm-evaluation-harness: rows in, a judge over all answers, values per sample out.

Judge and reference come from `--metadata '{"judge": "openai/gpt-4o", ...}'` or from the environment
(XL_JUDGE, XL_REFERENCE, XL_BENCHMARK_PATH). All answers of a task are judged in one concurrent
batch; values are in 0..1, as in the harness.
"""

import atexit
import json
import logging
import math
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from lm_eval.api.metrics import mean
from lm_eval.api.task import ConfigurableTask

from xl_alpacaeval_metric import benchmark, credentials, scoring
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.aggregate import ItemScores, item_scores
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge, open_judge
from xl_alpacaeval_metric.records import Comparison, ItemKey, Verdict
from xl_alpacaeval_metric.runs import harness_model, pairs
from xl_alpacaeval_metric.runs.thoughts import Answer, Thoughts
from xl_alpacaeval_metric.stats import gaming
from xl_alpacaeval_metric.stats.length_control import overall_length_controlled_win_rate
from xl_alpacaeval_metric.terminal import say

logger = logging.getLogger(__name__)

JUDGED = "judged"
"""The filter's name in the tasks' YAML."""
KEYS = ("judge", "judge_base_url", "judge_args", "both_orders", "concurrency", "seed")


class Refused(UserError, SystemExit):
    """Ends `lm_eval` with one line on standard error and exit code 2; in Python, a UserError."""

    def __init__(self, error: UserError) -> None:
        super().__init__(str(error))
        self.code = 2
        say(f"xl_alpacaeval: {error}", error=True)


class Task(ConfigurableTask):  # type: ignore[misc]
    """A harness task whose judge gets a probe request first, and all answers of the task at once.

    Judge and references come from this run's settings, never from the documents, which the
    harness's --cache_requests may have kept from a run with others.
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        super().__init__(config={key: value for key, value in (config or {}).items() if key != "class"})

    @property
    def judge_settings(self) -> str:
        """The settings of the judge in the task's metadata, as JSON."""
        metadata = self.config.metadata or {}
        return json.dumps({key: metadata[key] for key in KEYS if key in metadata})

    @property
    def predicts_only(self) -> bool:
        """Whether --predict_only is given: no figure is wanted, so that no judge is needed."""
        return "bypass" in self._metric_fn_list

    def build_all_requests(self, **arguments: Any) -> None:
        """Raises Refused where no judge is set or it does not answer, or references are missing.

        Also where cached requests are those of another benchmark.
        """
        docs = list(self.eval_docs)
        try:
            if not self.predicts_only:
                self._prepare_judge(docs)
            super().build_all_requests(**arguments)
            self._check_cached(docs)
        except UserError as error:
            raise Refused(error) from None
        # The harness passes the model's method, and the model nowhere else.
        lm = getattr(arguments.get("chat_template"), "__self__", None)
        if lm is not None:
            harness_model.adjust(lm)
            self._thoughts = Thoughts.of(lm)
            self._thoughts.keep_marks(lm)

    _thoughts = Thoughts.of(None)

    def _prepare_judge(self, docs: Sequence[Mapping[str, Any]]) -> None:
        judge = judge_of(self.judge_settings)
        # The harness writes a task's metadata into its results.
        described = _described(judge, docs, self.dataset["test"].info.description, self.config.metadata or {})
        self.config.metadata = {**(self.config.metadata or {}), "judged_by": described}
        if judge is None:
            return
        judge.client.preflight()
        if any(doc["reference"] is None for doc in docs):
            raise UserError(
                f"{self.config.task}: the rows have no references; give a file with id, language, reference as "
                '--metadata \'{"reference": "FILE"}\' or XL_REFERENCE, or judge=none'
            )

    def _check_cached(self, docs: Sequence[Mapping[str, Any]]) -> None:
        current = {key_of(doc): doc["instruction"] for doc in docs}
        if any(current.get(key_of(one.doc)) != one.doc["instruction"] for one in self.instances):
            raise UserError(
                f"{self.config.task}: the cached requests are of another benchmark; add --cache_requests refresh"
            )

    def apply_filters(self) -> None:
        """Judge the answers; the harness calls this once all of them are generated.

        Raises Refused where the judge stops answering.
        """
        super().apply_filters()
        if self.predicts_only:
            return
        current = {key_of(doc): doc for doc in self.eval_docs}
        answers = [
            self._thoughts.read(_text_of(one.arguments[0]), one.filtered_resps[JUDGED], sys.maxsize, 0)
            for one in self.instances
        ]
        try:
            found = judge_answers(answers, [current[key_of(one.doc)] for one in self.instances], self.judge_settings)
        except UserError as error:
            raise Refused(error) from None
        for one, judged in zip(self.instances, found, strict=True):
            one.filtered_resps[JUDGED] = judged

    def process_results(self, doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
        """The values of one document; with --predict_only, none."""
        return {"bypass": None} if self.predicts_only else values(doc, results)


def key_of(doc: Mapping[str, Any]) -> ItemKey:
    """Id and response language of a document."""
    return doc["id"], doc["response_language"]


def _text_of(prompt: Any) -> str:
    return harness_model.prompt_key(prompt)


def _described(
    judge: Judge | None, docs: Sequence[Mapping[str, Any]], source: str, metadata: Mapping[str, Any]
) -> dict[str, object]:
    """The judge, its prompt and the signature, for the harness's results; without secrets."""
    items = [Comparison(*key_of(doc), doc["instruction"], "", doc["reference"] or "") for doc in docs]
    file = metadata.get("reference") or os.environ.get("XL_REFERENCE")
    task = JudgingTask.of(items, judge)
    return {
        "judge": judge.client.spec if judge else "none",
        "judge_prompt": judge.settings.get("prompt") if judge else None,
        "signature": scoring.signature_of(task, source, Path(file).name if file else "given"),
    }


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
    found = [
        asdict(replace(row, reference=given.get((row.id, row.response_language), row.reference)))
        for row in loaded.rows
        if design is None or row.subset == design
    ]
    source = f"{loaded.name}@{loaded.revision}"
    return datasets.Dataset.from_list(found, info=datasets.DatasetInfo(description=source))


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


def judge_answers(answers: Sequence[Answer], docs: Sequence[Mapping[str, Any]], settings: str) -> list[str]:
    """One judged answer per document, as JSON text; all are judged in one batch.

    JSON, because the harness writes anything but text into its sample log as Python would print it.
    Raises UserError and ModelUnavailable as the judge does.
    """
    if not docs:
        return []
    judge = judge_of(settings)
    items = [
        Comparison(
            *key_of(doc),
            doc["instruction"],
            answer.prediction,
            doc["reference"] or "",
            thinking=answer.thinking,
            thinking_tokens=answer.thinking_tokens,
            unfinished=answer.unfinished,
        )
        for answer, doc in zip(answers, docs, strict=True)
    ]
    task = JudgingTask.of(items, judge)
    verdicts: dict[ItemKey, list[Verdict]] = defaultdict(list)
    for verdict in task.judge_pending():
        verdicts[verdict.id, verdict.language].append(verdict)
    for line in (*scoring.unfinished_thoughts(task.comparisons), *gaming.warnings(task.comparisons)):
        logger.warning("%s: %s", items[0].language, line)
    _say_missing([verdict for found in verdicts.values() for verdict in found], items[0].language)
    return [
        json.dumps(_judged_answer(one, judge is not None), ensure_ascii=False)
        for one in item_scores(task.comparisons, verdicts)
    ]


def _say_missing(verdicts: Sequence[Verdict], language: str) -> None:
    reasons = Counter(verdict.reason or "" for verdict in verdicts if verdict.preference is None)
    for reason, count in reasons.most_common(5):
        logger.warning("%s: %d of %d verdicts are missing: %s", language, count, len(verdicts), reason)
    if verdicts and sum(reasons.values()) == len(verdicts):
        logger.error("%s: there is no win rate, since every verdict is missing", language)


def _judged_answer(one: ItemScores, judged: bool) -> dict[str, Any]:
    return {
        "preference": one.preference,
        "prediction": one.item.prediction,
        **({"thinking": one.item.thinking, "unfinished": one.item.unfinished} if one.item.thought else {}),
        "judged": judged,
        "verdicts": [asdict(verdict) for verdict in one.verdicts],
        "fidelity": asdict(one.fidelity),
    }


def values(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """The values of one document, under the same names for each: ranks are merged by name.

    A missing value (no verdict, a text too short to score) is nan, not 0.
    """
    judged = json.loads(results[0])
    preference, language = judged["preference"], judged["fidelity"]
    found: dict[str, Any] = {
        "line_pass_rate": _number(language["line_pass"]),
        "word_pass_rate": _number(language["word_pass"]),
        "coverage": float(language["scored"]),
    }
    if judged["judged"]:  # The same for every document of a run.
        lengths = len(judged["prediction"]), len(doc["reference"])
        found["win_rate"] = _number(preference)
        found["lc_win_rate"] = [_number(preference), *lengths, doc["response_language"]]
        found["missing"] = float(preference is None)
    return found


def _number(value: float | bool | None) -> float:
    return math.nan if value is None else float(value)


class MeanOfPresent:
    """The mean of the values that are not nan, and nan where none is.

    It equals the harness's `mean`, by which the harness finds the formula of the standard error,
    and removes the nan from the list, from which the harness computes that error next.
    """

    __name__ = "mean_of_present"

    def __eq__(self, other: object) -> bool:
        return other is mean or isinstance(other, MeanOfPresent)

    def __hash__(self) -> int:
        return hash(mean)

    def __call__(self, items: list[float]) -> float:
        items[:] = [value for value in items if not math.isnan(value)]
        return float(mean(items)) if items else math.nan


mean_of_present = MeanOfPresent()


def length_controlled(items: list[tuple[float, int, int, str]]) -> float:
    """The length-controlled win rate of a task, 0..1, over the items with a preference."""
    present = [item for item in items if not math.isnan(item[0])]
    if not present:
        return math.nan
    return overall_length_controlled_win_rate(*zip(*present, strict=True)).value / 100.0
