"""Adapters for lm-evaluation-harness: rows in, a judge over all answers, values per sample out.

Judge and reference come from `--metadata '{"judge": "openai/gpt-4o", ...}'` or from the environment
(XL_JUDGE, XL_REFERENCE, XL_BENCHMARK_PATH). All answers of a task are judged in one concurrent
batch; values are in percent, which their names say.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lm_eval.api.task import ConfigurableTask

from xl_alpacaeval_metric import benchmark, credentials, languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.harness import judging, values
from xl_alpacaeval_metric.harness.values import interval_high, interval_low, length_controlled, mean_of_present
from xl_alpacaeval_metric.judge.answer_order import SMALL, both_by_default
from xl_alpacaeval_metric.runs import pairs
from xl_alpacaeval_metric.runs.answers import harness_model
from xl_alpacaeval_metric.runs.answers.thoughts import Thoughts
from xl_alpacaeval_metric.terminal import say

__all__ = ["Refused", "Task", "interval_high", "interval_low", "length_controlled", "mean_of_present", "rows"]

OWN = "own"
"""The name of the benchmark of the task for any: its metadata say which, and in which languages."""
JUDGED = "judged"
"""The filter's name in the tasks' YAML."""


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
        given = {key: value for key, value in (config or {}).items() if key != "class"}
        # Without it the harness asks the Hub for a metric script of each name, and waits for it.
        super().__init__(config={"process_results": values.values, **given})

    @property
    def judge_settings(self) -> str:
        """The settings of the judge in the task's metadata, as JSON; `none` with --predict_only."""
        if self.predicts_only:
            return json.dumps({"judge": "none"})
        metadata = self.config.metadata or {}
        both = both_by_default([(self.config.dataset_kwargs or {}).get("benchmark_name", "")])
        return json.dumps({"both_orders": both, **{key: metadata[key] for key in judging.KEYS if key in metadata}})

    @property
    def predicts_only(self) -> bool:
        """Whether --predict_only is given: no figure is wanted, so that no judge is needed.

        Answers are logged as with the judge `none`, and can be judged later.
        """
        return "bypass" in self._metric_fn_list

    def build_all_requests(self, **arguments: Any) -> None:
        """Raises Refused where no judge is set or it does not answer, or no row has a reference.

        Also where cached requests are those of another benchmark.
        """
        docs = list(self.eval_docs)
        try:
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
        judge = judging.judge_of(self.judge_settings)
        # The harness writes a task's metadata into its results.
        described = judging.described(
            judge, docs, self.dataset["test"].info.description, _reference_file(self.config.metadata)
        )
        self.config.metadata = {**(self.config.metadata or {}), "judged_by": described}
        if judge is None:
            return
        judge.client.preflight()
        benchmark_name = self.dataset["test"].info.description.partition("@")[0]
        if all(doc["reference"] is None for doc in docs) and benchmark_name not in SMALL:
            raise UserError(
                f"{self.config.task}: the rows have no references; give a file with id, language, reference as "
                '--metadata \'{"reference": "FILE"}\' or XL_REFERENCE, or judge=none'
            )

    def _check_cached(self, docs: Sequence[Mapping[str, Any]]) -> None:
        current = {judging.key_of(doc): doc["instruction"] for doc in docs}
        if any(current.get(judging.key_of(one.doc)) != one.doc["instruction"] for one in self.instances):
            raise UserError(
                f"{self.config.task}: the cached requests are of another benchmark; add --cache_requests refresh"
            )

    def apply_filters(self) -> None:
        """Judge the answers; the harness calls this once all of them are generated.

        Raises Refused where the judge stops answering.
        """
        super().apply_filters()
        current = {judging.key_of(doc): doc for doc in self.eval_docs}
        answers = [
            self._thoughts.read(harness_model.prompt_key(one.arguments[0]), one.filtered_resps[JUDGED], sys.maxsize, 0)
            for one in self.instances
        ]
        try:
            found = judging.judge_answers(
                answers, [current[judging.key_of(one.doc)] for one in self.instances], self.judge_settings
            )
        except UserError as error:
            raise Refused(error) from None
        if found:
            judged_by = judging.described_with_check(self.config.metadata["judged_by"], found[0])
            self.config.metadata = {**self.config.metadata, "judged_by": judged_by}
        for one, judged in zip(self.instances, found, strict=True):
            one.filtered_resps[JUDGED] = judged

    def process_results(self, doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
        """The values of one document; with --predict_only, none."""
        if self.predicts_only:
            return {"bypass": None}
        return values.values(doc, results, closed=self._closed)

    @cached_property
    def _closed(self) -> bool:
        """Whether any document, on whatever rank, is a closed question."""
        return any(self.dataset["test"]["expected"])


def rows(
    benchmark_name: str, language: str | None = None, design: str | None = None, **metadata: Any
) -> dict[str, Any]:
    """The benchmark's rows in one language, or of one design, as `{"test": Dataset}`.

    The harness calls it with the task's metadata. Raises Refused where the benchmark cannot be
    loaded.
    """
    try:
        # The harness writes the metadata, among which are the model's arguments, into its results.
        credentials.refuse(metadata, "--metadata or --model_args")
        return {"test": _dataset(benchmark_name, language, design, metadata)}
    except UserError as error:
        raise Refused(error) from None


def _reference_file(metadata: Mapping[str, Any] | None) -> str | None:
    return (metadata or {}).get("reference") or os.environ.get("XL_REFERENCE")


def _dataset(benchmark_name: str, language: str | None, design: str | None, metadata: Mapping[str, Any]) -> Any:
    import datasets

    path = metadata.get("benchmark_path") or os.environ.get("XL_BENCHMARK_PATH")
    file = _reference_file(metadata)
    own = benchmark_name == OWN
    if own and not (metadata.get("benchmark") or path):
        raise UserError(
            "no benchmark is given; give rows with id, instruction, language as --metadata "
            '\'{"benchmark": "FILE"}\' (a file, a folder, a Hub id, or mini, xl, ...) or XL_BENCHMARK_PATH'
        )
    codes = [one.code for one in languages.parse(str(metadata["languages"]))] if metadata.get("languages") else None
    loaded = benchmark.load(
        str(metadata.get("benchmark") or path) if own else benchmark_name,
        [language] if language else codes if own else None,
        path=Path(path) if path and not (own and not metadata.get("benchmark")) else None,
        seed=judging.whole_number(metadata, "seed", 0),
        exclusion=str(metadata.get("exclusion") or "strict"),
    )
    given = pairs.read_references(Path(file)) if file else {}
    found = [
        asdict(replace(row, reference=given.get((row.id, row.response_language), row.reference)))
        for row in loaded.rows
        if design is None or row.subset == design
    ]
    source = loaded.version
    return datasets.Dataset.from_list(found, info=datasets.DatasetInfo(description=source))
