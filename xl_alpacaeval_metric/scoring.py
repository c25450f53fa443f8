"""Scoring: comparisons and a judge in, a Result out; every figure is computed here."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric.judge import rating, votes
from xl_alpacaeval_metric.judge.aggregate import ItemScores, item_scores, position_consistency
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge, open_judge
from xl_alpacaeval_metric.judge.rubric import Rubric
from xl_alpacaeval_metric.languages import fidelity, identify, main_language
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Rating, Verdict
from xl_alpacaeval_metric.records.result import Effect, Result, Scores, Usage
from xl_alpacaeval_metric.sequential.judging import judge_in_looks
from xl_alpacaeval_metric.sequential.rules import Rule
from xl_alpacaeval_metric.signature import package_version, reference_hash, signature
from xl_alpacaeval_metric.stats import factor_effects, gaming
from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.length_control import overall_length_controlled_win_rate
from xl_alpacaeval_metric.stats.missing import as_preferences, none_if_nan, none_if_undefined
from xl_alpacaeval_metric.stats.strata import Strata
from xl_alpacaeval_metric.stats.win_rates import win_rate
from xl_alpacaeval_metric.thinking import Thinking


def score(
    comparisons: Sequence[Comparison],
    judge: Judge | str | None = None,
    *,
    verdicts: Iterable[Verdict] = (),
    on_verdict: Callable[[Verdict], None] | None = None,
    benchmark: str = "pairs",
    references: str = "given",
    criteria: Rubric | None = None,
    ratings: Iterable[Rating] = (),
    on_rating: Callable[[Rating], None] | None = None,
) -> Result:
    """Judge the comparisons, and compute every figure.

    `judge` is a Judge, which stays open, a specification such as "openai/gpt-4o", or None for the
    figures that need no judge. `verdicts` are those of an earlier run: only questions without a
    preference are judged. `on_verdict` is called with each new verdict as it comes in. With
    `criteria` the judge also rates each prediction; `ratings` and `on_rating` are the same for
    ratings. `benchmark` and `references` (whose answers they are) are named in the signature.

    Raises UserError for an empty or contradictory input and for criteria without a judge, and
    ModelUnavailable.
    """
    with open_judge("none" if judge is None else judge) as opened:
        task = JudgingTask.of(comparisons, opened, rubric=criteria, verdicts=verdicts, ratings=ratings)
        return score_task(task, on_verdict=on_verdict, on_rating=on_rating, benchmark=benchmark, references=references)


def score_task(
    task: JudgingTask,
    *,
    on_verdict: Callable[[Verdict], None] | None = None,
    on_rating: Callable[[Rating], None] | None = None,
    benchmark: str = "pairs",
    references: str = "given",
    rule: Rule | None = None,
) -> Result:
    """As `score`, for a task that has its judge, its criteria and the judgements so far.

    With a `rule` the items are judged in looks, which may stop early: what was not judged then
    counts in no figure that needs a judge.
    """
    started = time.monotonic()
    stopping, left_out = None, frozenset[ItemKey]()
    if rule is None:
        verdicts = task.judge_pending(on_verdict)
    else:
        verdicts, stopping, left_out = judge_in_looks(task, rule, on_verdict)
    ratings = task.rate_unrated(on_rating)
    usage = _usage([*verdicts, *ratings], time.monotonic() - started) if task.judge else Usage()
    by_item: dict[ItemKey, list[Verdict]] = defaultdict(list)
    for verdict in votes.averaged(verdicts):
        by_item[verdict.id, verdict.language].append(verdict)
    items = item_scores(task.comparisons, by_item)
    figures = _Figures(
        items, Clusters.by_prompt(task.comparisons), ratings, task.rubric, task.judge is not None, left_out
    )
    languages = _indices([item.language for item in task.comparisons])
    designs = {design: indices for design, indices in _indices([i.design for i in task.comparisons]).items() if design}
    return Result(
        overall=figures.scores(range(len(items))),
        by_language={code: figures.scores(indices) for code, indices in languages.items()},
        usage=usage,
        signature=signature_of(task, benchmark, references, rule),
        stopping=stopping,
        missing_reasons=_missing_reasons(verdicts, ratings),
        warnings=(
            *votes.left_out(verdicts),
            *unfinished_thoughts(task.comparisons),
            *gaming.warnings(task.comparisons),
        ),
        by_design={design: figures.scores(indices) for design, indices in designs.items()},
        effects=_effects({design: [items[i] for i in indices] for design, indices in designs.items()}),
    )


@dataclass(frozen=True, slots=True)
class _Figures:
    """The figures of every item, in one order; `ratings` is empty without a rubric."""

    items: Sequence[ItemScores]
    prompts: Clusters
    ratings: Sequence[Rating]
    rubric: Rubric | None
    judged: bool
    left_out: frozenset[ItemKey] = frozenset()

    def scores(self, indices: Sequence[int]) -> Scores:
        """The figures of the items at these indices taken together."""
        scored = [self.items[i] for i in indices]
        items = [one.item for one in scored]
        prompts = self.prompts.take(indices)
        in_language = fidelity.rates([one.fidelity for one in scored], [item.language for item in items])
        preferences = [one.preference for one in scored]
        # Without a judge no preference is missing: there are none.
        rate = win_rate([one.preference for one in scored if one.item.key not in self.left_out] if self.judged else [])
        lengths = [len(item.prediction) for item in items]
        reference_lengths = [len(item.reference) for item in items]
        controlled = overall_length_controlled_win_rate(
            preferences, lengths, reference_lengths, [item.language for item in items]
        )
        codes = Clusters(item.language for item in items)
        strata = Strata.of(as_preferences(preferences), prompts, codes)
        interval = win_rate_interval(preferences, prompts, codes)
        return Scores(
            win_rate=none_if_nan(100 * strata.mean),
            win_rate_stderr=none_if_nan(100 * strata.standard_error()),
            win_rate_ci95=none_if_undefined(interval),
            lc_win_rate=none_if_nan(controlled.value),
            lc_win_rate_stderr=none_if_nan(controlled.standard_error),
            n=rate.n,
            n_missing=rate.n_missing,
            n_items=len(items),
            n_empty=sum(not item.prediction.strip() for item in items),
            wins=rate.wins,
            losses=rate.losses,
            ties=rate.ties,
            line_pass_rate=in_language.line_pass_rate,
            word_pass_rate=in_language.word_pass_rate,
            coverage=in_language.coverage,
            avg_length=sum(lengths) / len(items),
            avg_reference_length=sum(reference_lengths) / len(items),
            position_consistency=position_consistency([one.verdicts for one in scored]),
            criteria=None
            if self.rubric is None
            else rating.summary([self.ratings[i] for i in indices], self.rubric, prompts, codes),
            thinking=_thinking(items),
        )


def _thinking(items: Sequence[Comparison]) -> Thinking | None:
    """How the candidate thought; None where it did not."""
    thoughts = [item for item in items if item.thought]
    if not thoughts:
        return None
    tokens = [item.thinking_tokens for item in thoughts if item.thinking_tokens is not None]
    found = Counter(code or "und" for code in main_language.main_languages([item.thinking for item in thoughts]))
    return Thinking(
        n=len(thoughts),
        unfinished=sum(item.unfinished for item in thoughts),
        avg_tokens=sum(tokens) / len(tokens) if tokens else None,
        languages={code: 100.0 * count / len(thoughts) for code, count in found.most_common()},
    )


def unfinished_thoughts(items: Sequence[Comparison]) -> list[str]:
    """A warning about thoughts that never ended, whose answers are empty; none where all ended."""
    count = sum(item.unfinished for item in items)
    if not count:
        return []
    return [
        f"{count} of {len(items)} thoughts never end, and their answers count as empty: "
        "give the model more room (eval: --thinking-tokens)"
    ]


def _indices(labels: Sequence[str]) -> dict[str, list[int]]:
    """The indices of each label, in order of first appearance."""
    found: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        found.setdefault(label, []).append(index)
    return found


def _effects(designs: dict[str, list[ItemScores]]) -> dict[str, dict[str, Effect]]:
    """What each design changes in win rate and line pass rate."""

    values: dict[str, Callable[[ItemScores], float | None]] = {
        "win_rate": lambda one: one.preference,
        "line_pass_rate": lambda one: None if one.fidelity.line_pass is None else float(one.fidelity.line_pass),
    }
    return factor_effects.effects(
        {
            figure: {design: {one.item.prompt: value(one) for one in items} for design, items in designs.items()}
            for figure, value in values.items()
        }
    )


def signature_of(task: JudgingTask, benchmark: str, references: str, rule: Rule | None = None) -> str:
    return signature(
        {
            **(task.judge.settings if task.judge else {"judge": "none"}),
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
    return dict(Counter(reasons).most_common(20))


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
