"""The judge of a harness task: opened once a run, it judges all answers of a task in one batch."""

import atexit
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import scoring
from xl_alpacaeval_metric.clients.base import Thinking
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.figures import Figures, thinking_of
from xl_alpacaeval_metric.judge import votes
from xl_alpacaeval_metric.judge.aggregate import ItemScores, item_scores, preferences_in_language
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge_check import checking
from xl_alpacaeval_metric.languages import content_length, fidelity
from xl_alpacaeval_metric.panels.panel import open_judges
from xl_alpacaeval_metric.records.judge_check import JudgeCheck
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Verdict
from xl_alpacaeval_metric.records.result import Taste
from xl_alpacaeval_metric.report import cells
from xl_alpacaeval_metric.runs.answers import warnings
from xl_alpacaeval_metric.runs.answers.thoughts import Answer
from xl_alpacaeval_metric.signature import with_check
from xl_alpacaeval_metric.stats.length_control import markdown_counts

logger = logging.getLogger("lm_eval.xl_suite")
"""A logger below the harness's own, whose handler shows what is said, information too."""

KEYS = (
    *("judge", "judge_base_url", "judge_args", "judge_prompt", "judge_thinking", "judge_thinking_tokens"),
    *("judge_votes", "both_orders", "concurrency", "seed", "judge_check"),
)
"""Keys of a task's metadata that set the judge."""


def key_of(doc: Mapping[str, Any]) -> ItemKey:
    """Id and response language of a document."""
    return doc["id"], doc["response_language"]


def without_reference(docs: Iterable[Mapping[str, Any]]) -> list[ItemKey]:
    """The documents that cannot be judged: only the language of their answers is measured."""
    return [key_of(doc) for doc in docs if doc["reference"] is None]


def described(
    judge: Judge | None, docs: Sequence[Mapping[str, Any]], source: str, file: str | None
) -> dict[str, object]:
    """The judge, its prompt and the signature, for the harness's results; without secrets.

    `source` is the benchmark and its revision, `file` the file of references if one was given.
    """
    items = [Comparison(*key_of(doc), doc["instruction"], "", doc["reference"] or "") for doc in docs]
    task = JudgingTask.of(items, judge, without=without_reference(docs))
    return {
        "judge": judge.client.spec if judge else "none",
        "judge_prompt": judge.settings.get("prompt") if judge else None,
        "signature": scoring.signature_of(task, source, Path(file).name if file else "given"),
    }


def whole_number(metadata: Mapping[str, Any], key: str, default: int) -> int:
    """A number in the metadata; raises UserError where it is none."""
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
        open_judges(
            given.get("judge"),
            how_to_set='give --metadata \'{"judge": "SPEC"}\' or set XL_JUDGE (openai/MODEL, hf/ORG/MODEL, '
            "hf/./folder, vllm/ORG/MODEL), or none for language fidelity alone",
            base_url=given.get("judge_base_url"),
            concurrency=whole_number(given, "concurrency", 64),
            args=given.get("judge_args") or {},
            prompt=given.get("judge_prompt"),
            seed=whole_number(given, "seed", 0),
            both_orders=bool(given.get("both_orders")),
            thinking=Thinking.of(given.get("judge_thinking"), whole_number(given, "judge_thinking_tokens", 4096)),
            votes=whole_number(given, "judge_votes", 1),
        )
    )
    atexit.register(opened.close)
    return judge


def check_of(judge: Judge | None, comparisons: Sequence[Comparison], settings: str) -> JudgeCheck | None:
    """What the check of the judge finds in these languages; None where it is off."""
    check = checking.checking(judge, comparisons, json.loads(settings).get("judge_check"))
    if check is None:
        return None
    found = check.run()
    for line in found.warnings:
        logger.warning("%s", line)
    if none := [code for code, of in found.by_language.items() if of.verdict == "no judge"]:
        logger.error(
            "%s: the judge is none, and no win rate is shown; --metadata '{\"judge_check\": false}' shows it",
            ", ".join(none),
        )
    return found


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
            expected=str(doc.get("expected") or ""),
        )
        for answer, doc in zip(answers, docs, strict=True)
    ]
    task = JudgingTask.of(items, judge, without=without_reference(docs))
    check = check_of(judge, task.comparisons, settings)
    verdicts: dict[ItemKey, list[Verdict]] = defaultdict(list)
    given = task.judge_pending()
    for verdict in votes.averaged(given):
        verdicts[verdict.id, verdict.language].append(verdict)
    scored = item_scores(task.comparisons, verdicts)
    figures = Figures(scored, (), None, judge is not None, task.not_judged)
    withheld = warnings.withheld([answer.columns for answer in answers])
    for line in (*task.left_out(), *withheld, *votes.left_out(given), *scoring.warnings(figures, task.comparisons)):
        logger.warning("%s: %s", items[0].language, line)
    _say_missing(given, items[0].language)
    for line in _answered_in(scored):
        logger.info("%s: %s", items[0].language, line)
    tastes = checking.tastes(check), checking.markdown_tastes(check)
    lengths = _content_lengths(task.comparisons) if tastes[0] else [None] * len(scored)
    return [
        json.dumps(
            {
                **_judged_answer(one, judge is not None, check, between, tastes),
                "without_reference": one.item.key in task.not_judged,
                "one_order": [*figures.one_order()],
            },
            ensure_ascii=False,
        )
        for one, between in zip(scored, lengths, strict=True)
    ]


def _answered_in(scored: Sequence[ItemScores]) -> list[str]:
    """What answers, and thoughts, are in where not all are in the language asked for."""
    by_language: dict[str, list[ItemScores]] = defaultdict(list)
    for one in scored:
        by_language[one.item.language].append(one)
    thoughts = {code: thinking_of([one.item for one in some]) for code, some in by_language.items()}
    return [
        *cells.answered_in({c: fidelity.answered_in([o.fidelity for o in some]) for c, some in by_language.items()}),
        *cells.answered_in({code: found.languages for code, found in thoughts.items() if found}, "thought"),
    ]


def _content_lengths(items: Sequence[Comparison]) -> list[tuple[float, float]]:
    """The lengths of each answer and its reference, in characters of English that say as much."""
    codes = [item.language for item in items]
    candidates = content_length.content_lengths([item.prediction for item in items], codes)
    return list(zip(candidates, content_length.content_lengths([i.reference for i in items], codes), strict=True))


def described_with_check(judged_by: Mapping[str, Any], answer: str) -> dict[str, Any]:
    """The description of a judge with what a judged answer says of its check and its orders."""
    judged = json.loads(answer)
    judged_by, found = {**judged_by, "one_order": judged.get("one_order", [])}, judged.get("judge_check")
    if found is None:
        return {**judged_by, "judge_check": None}
    return {**judged_by, "judge_check": found, "signature": with_check(judged_by["signature"], found["controls"])}


def _say_missing(verdicts: Sequence[Verdict], language: str) -> None:
    reasons = Counter(verdict.reason or "" for verdict in verdicts if verdict.preference is None)
    for reason, count in reasons.most_common(5):
        logger.warning("%s: %d of %d verdicts are missing: %s", language, count, len(verdicts), reason)
    if verdicts and sum(reasons.values()) == len(verdicts):
        logger.error("%s: there is no win rate, since every verdict is missing", language)


def _judged_answer(
    one: ItemScores,
    judged: bool,
    check: JudgeCheck | None,
    lengths: tuple[float, float] | None,
    tastes: tuple[Mapping[str, Taste], Mapping[str, Taste]],
) -> dict[str, Any]:
    taste, markdown_taste = (of.get(one.item.language) for of in tastes)
    return {
        "content_lengths": lengths,
        "length_taste": None if taste is None else [taste.value, taste.standard_error],
        "markdown_taste": None if markdown_taste is None else [markdown_taste.value, markdown_taste.standard_error],
        "markdown": markdown_counts([one.item.prediction, one.item.reference]),
        **(
            {}
            if check is None
            else {"judge_check": {**asdict(check.summary(one.item.language)), "controls": check.controls}}
        ),
        "preference": one.preference,
        "preference_in_language": preferences_in_language([one])[0],
        "prediction": one.item.prediction,
        **({"thinking": one.item.thinking, "unfinished": one.item.unfinished} if one.item.thought else {}),
        "judged": judged,
        "verdicts": [asdict(verdict) for verdict in one.verdicts],
        "fidelity": one.fidelity._asdict() | {"spans": [span._asdict() for span in one.fidelity.spans]},
        **({} if one.correct is None else {"correct": one.correct}),
    }
