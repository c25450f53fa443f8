"""Scoring: comparisons and a judge in, a Result out; every figure is computed here."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf, isfinite

from xl_alpacaeval_metric import gaming, languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.figures import Figures, indices_of
from xl_alpacaeval_metric.judge import votes
from xl_alpacaeval_metric.judge.aggregate import item_row, item_scores
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge.rubric import Rubric
from xl_alpacaeval_metric.languages import evidence, identify
from xl_alpacaeval_metric.panels import agreement
from xl_alpacaeval_metric.panels.panel import Panel, open_judges
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Rating, Verdict
from xl_alpacaeval_metric.records.result import Result, Taste, Usage
from xl_alpacaeval_metric.sequential.judging import judge_in_looks
from xl_alpacaeval_metric.sequential.rules import Rule
from xl_alpacaeval_metric.signature import package_version, reference_hash, signature
from xl_alpacaeval_metric.stats.length_control.known_tastes import UNKNOWN_TASTE, LengthControl
from xl_alpacaeval_metric.terminal import counted_of

_REASONS = 20
"""Reasons for missing verdicts and ratings that a result names, at most."""


def score(
    comparisons: Sequence[Comparison],
    judge: Judge | str | Sequence[str] | None = None,
    *,
    verdicts: Iterable[Verdict] = (),
    on_verdict: Callable[[Verdict], None] | None = None,
    benchmark: str = "pairs",
    references: str = "given",
    criteria: Rubric | None = None,
    ratings: Iterable[Rating] = (),
    on_rating: Callable[[Rating], None] | None = None,
    tastes: Mapping[str, Taste | float] | None = None,
    markdown_tastes: Mapping[str, Taste | float] | None = None,
    assume_gpt4_taste: bool = False,
) -> Result:
    """Judge the comparisons, and compute every figure.

    `judge` is a Judge, which stays open, a specification such as "openai/gpt-4o", several of them
    for a panel, or None for the
    figures that need no judge. `verdicts` are those of an earlier run: only questions without a
    preference are judged. `on_verdict` is called with each new verdict as it comes in. With
    `criteria` the judge also rates each prediction; `ratings` and `on_rating` are the same for
    ratings. `benchmark` and `references` (whose answers they are) are named in the signature.
    `tastes` are the judge's measured tastes for length, by language; without them, unless
    `assume_gpt4_taste`, there is no length-controlled win rate. `markdown_tastes` are those for
    Markdown, which are taken out with them.

    Raises UserError for an empty or contradictory input and for criteria without a judge, and
    ModelUnavailable.
    """
    length_control = LengthControl(
        as_tastes(tastes, "tastes"), assume_gpt4_taste, as_tastes(markdown_tastes, "markdown_tastes")
    )
    with open_judges("none" if judge is None else judge) as opened:
        task = JudgingTask.of(comparisons, opened, rubric=criteria, verdicts=verdicts, ratings=ratings)
        return score_task(
            task,
            on_verdict=on_verdict,
            on_rating=on_rating,
            benchmark=benchmark,
            references=references,
            length_control=length_control,
        )


def as_tastes(given: Mapping[str, Taste | float] | None, name: str) -> dict[str, Taste]:
    """Tastes by language code, a number being one that is known for sure.

    Raises UserError for what is no finite number, and for an unknown language.
    """
    found = {}
    for code, value in (given or {}).items():
        taste = value if isinstance(value, Taste) else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            taste = Taste(float(value))
        if taste is None or not (isfinite(taste.value) and 0 <= taste.standard_error < inf):
            raise UserError(f"{name}: that of {code} is {value!r}; need a number of log-odds, or a Taste")
        found[languages.get(code).code] = taste
    return found


def score_task(
    task: JudgingTask,
    *,
    on_verdict: Callable[[Verdict], None] | None = None,
    on_rating: Callable[[Rating], None] | None = None,
    benchmark: str = "pairs",
    references: str = "given",
    rule: Rule | None = None,
    length_control: LengthControl = UNKNOWN_TASTE,
) -> Result:
    """As `score`, for a task that has its judge, its criteria and the judgements so far.

    With a `rule` the items are judged in looks, which may stop early: what was not judged then
    counts in no figure that needs a judge. `length_control`: what is known of the judge's taste.
    """
    panel = task.judge if isinstance(task.judge, Panel) else None
    if panel is not None and task.rubric is not None:
        raise UserError("criteria are rated by one judge, and this is a panel; name one judge, or leave them out")
    started = time.monotonic()
    stopping, left_out = None, task.not_judged
    if rule is None:
        verdicts = task.judge_pending(on_verdict)
    else:
        verdicts, stopping, after_stop = judge_in_looks(task, rule, on_verdict)
        left_out |= after_stop
    ratings = task.rate_unrated(on_rating)
    usage = _usage([*verdicts, *ratings], task.seconds + time.monotonic() - started) if task.judge else Usage()
    by_item: dict[ItemKey, list[Verdict]] = defaultdict(list)
    for verdict in votes.averaged(verdicts):
        by_item[verdict.id, verdict.language].append(verdict)
    items = item_scores(task.comparisons, by_item)
    figures = Figures(items, ratings, task.rubric, task.judge is not None, left_out, length_control)
    languages = indices_of([item.language for item in task.comparisons])
    designs = {name: indices for name, indices in indices_of([i.design for i in task.comparisons]).items() if name}
    judges = agreement.figures(list(panel.judges), task.comparisons, verdicts, left_out) if panel else None
    return Result(
        overall=figures.scores(range(len(items))),
        by_language={code: figures.scores(indices) for code, indices in languages.items()},
        usage=usage,
        signature=signature_of(task, benchmark, references, rule),
        stopping=stopping,
        panel=judges,
        missing_reasons=_missing_reasons(verdicts, ratings),
        warnings=(
            *votes.left_out(verdicts),
            *(agreement.warnings(judges) if judges else ()),
            *warnings(figures, task.comparisons),
        ),
        items=tuple(item_row(one) for one in items),
        by_design={design: figures.scores(indices) for design, indices in designs.items()},
        effects=figures.effects(),
    )


def warnings(figures: Figures, comparisons: Sequence[Comparison]) -> list[str]:
    """What to read before the figures of these comparisons, however they were judged."""
    return [
        *figures.swamped(),
        *figures.one_sided(),
        *_empty_answers(comparisons),
        *_unfinished_thoughts(comparisons),
        *gaming.warnings(comparisons),
        *evidence.warnings(dict.fromkeys(item.language for item in comparisons)),
    ]


def _empty_answers(items: Sequence[Comparison]) -> list[str]:
    """A warning about answers without a text, which are judged like any other."""
    count = sum(not item.prediction.strip() for item in items)
    return [f"{counted_of(count, len(items), 'answer')} empty"] if count else []


def _unfinished_thoughts(items: Sequence[Comparison]) -> list[str]:
    """A warning about thoughts that never ended, whose answers are empty; none where all ended."""
    count = sum(item.unfinished for item in items)
    if not count:
        return []
    return [
        f"thoughts that never end, with answers that count as empty: {count} of {sum(item.thought for item in items)}; "
        "give the model more room (eval: --thinking-tokens)"
    ]


def signature_of(task: JudgingTask, benchmark: str, references: str, rule: Rule | None = None) -> str:
    return signature(
        {
            **task.settings,
            **({"criteria": task.rubric.sha} if task.rubric else {}),
            **({"stopping": rule.setting} if rule else {}),
            "lid": identify.identifier_name(),
            "benchmark": benchmark,
            "reference": f"{references}@{reference_hash(task.comparisons)}",
            "version": package_version(),
        }
    )


def _missing_reasons(verdicts: Iterable[Verdict], ratings: Iterable[Rating]) -> dict[str, int]:
    reasons = [verdict.reason or "" for verdict in verdicts if verdict.preference is None]
    reasons += [f"criteria: {rating.reason}" for rating in ratings if rating.scores is None]
    common = dict(Counter(reasons).most_common(_REASONS))
    others = len(reasons) - sum(common.values())
    return common | ({"other reasons": others} if others else {})


def _usage(judgements: Sequence[Verdict | Rating], seconds: float) -> Usage:
    return Usage(
        requests=sum(not judgement.cached for judgement in judgements),
        cached=sum(judgement.cached for judgement in judgements),
        retries=sum(judgement.retries for judgement in judgements),
        # A cached reply has the tokens that it took when it was requested.
        prompt_tokens=sum(judgement.prompt_tokens for judgement in judgements if not judgement.cached),
        completion_tokens=sum(judgement.completion_tokens for judgement in judgements if not judgement.cached),
        seconds=round(seconds, 3),
    )
