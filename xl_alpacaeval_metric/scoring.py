"""Comparisons and a judge in, a Result out: every entry point ends here."""

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.aggregate import position_consistency, preference_of
from xl_alpacaeval_metric.judge.criteria import Rubric, rate, summary
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.languages import fidelity, identify
from xl_alpacaeval_metric.records import Comparison, Fidelity, Order, Rating, Result, Scores, Usage, Verdict
from xl_alpacaeval_metric.signature import package_version, reference_hash, signature
from xl_alpacaeval_metric.stats import factor_effects, gaming, length_control, win_rates

Key = tuple[str, str, Order]
Judgement = TypeVar("Judgement", Verdict, Rating)


def score(
    comparisons: Sequence[Comparison],
    judge: Judge | str | None = None,
    *,
    made: Iterable[Verdict] = (),
    on_verdict: Callable[[Verdict], None] | None = None,
    benchmark: str = "pairs",
    references: str = "given",
    criteria: Rubric | None = None,
    ratings_made: Iterable[Rating] = (),
    on_rating: Callable[[Rating], None] | None = None,
) -> Result:
    """Judge what has no verdict yet, and compute every figure.

    `judge` is a Judge, a specification such as "openai/gpt-4o", or None for the figures that need no judge.
    `made` are verdicts from before (those without a preference are asked for again), `on_verdict` is called with
    each new one as it comes in. With `criteria` the judge also rates each prediction; `ratings_made` and `on_rating`
    are for ratings what the other two are for verdicts. `benchmark` and `references` (whose answers the references
    are) name them in the signature. Raises UserError for an empty or contradictory input and for
    criteria without a judge, and ModelUnavailable.
    """
    check(comparisons)
    comparisons = [replace(item, language=languages.get(item.language).code) for item in comparisons]
    if isinstance(judge, str):
        from xl_alpacaeval_metric import clients

        client = clients.client_for(judge)
        judge = Judge(client) if client else None
    if not isinstance(judge, Judge | None):
        raise UserError(
            f"judge is {type(judge).__name__}; need a Judge, a specification such as 'openai/gpt-4o', or None"
        )
    if criteria is not None and judge is None:
        raise UserError("criteria are rated by a judge, and there is none; give a judge, or leave the criteria out")
    verdicts: dict[Key, Verdict] = {}
    ratings: list[Rating] = []
    usage = Usage()
    if judge is not None:
        wanted = [(item, order) for item in comparisons for order in judge.orders(item)]
        old = {(v.id, v.language, v.order): _from_before(v) for v in made if v.preference is not None}
        verdicts = {key: old[key] for item, order in wanted if (key := (*item.key, order)) in old}
        tasks = [(item, order) for item, order in wanted if (*item.key, order) not in verdicts]
        started = time.monotonic()
        for verdict in judge.verdicts(tasks):
            verdicts[(verdict.id, verdict.language, verdict.order)] = verdict
            if on_verdict is not None:
                on_verdict(verdict)
        if criteria is not None:
            ratings = rate(
                comparisons, judge.client, criteria, made=map(_from_before, ratings_made), on_rating=on_rating
            )
        usage = _usage([*verdicts.values(), *ratings], time.monotonic() - started)
    return _result(
        comparisons, judge, verdicts, usage, {"benchmark": benchmark, "reference": references}, criteria, ratings
    )


def check(comparisons: Sequence[Comparison]) -> None:
    """Raises UserError when there is nothing to score or an item stands twice."""
    if not comparisons:
        raise UserError("nothing to score: no comparisons were given")
    for number, item in enumerate(comparisons, 1):
        for name in ("instruction", "prediction", "reference"):
            if not isinstance(getattr(item, name), str):
                raise UserError(f"comparison {number}: {name} is {type(getattr(item, name)).__name__}, not text")
    (key, count) = Counter(item.key for item in comparisons).most_common(1)[0]
    if count > 1:
        raise UserError(f"id {key[0]!r} stands {count} times in language {key[1]!r}; ids must be unique in a language")


def _from_before(judgement: Judgement) -> Judgement:
    """A judgement that costs nothing now: usage is what is asked this time."""
    return replace(judgement, cached=True, prompt_tokens=0, completion_tokens=0, retries=0)


def _usage(judgements: Sequence[Verdict | Rating], seconds: float) -> Usage:
    return Usage(
        requests=sum(not judgement.cached for judgement in judgements),
        cached=sum(judgement.cached for judgement in judgements),
        retries=sum(judgement.retries for judgement in judgements),
        prompt_tokens=sum(judgement.prompt_tokens for judgement in judgements),
        completion_tokens=sum(judgement.completion_tokens for judgement in judgements),
        seconds=round(seconds, 3),
    )


def _result(
    comparisons: Sequence[Comparison],
    judge: Judge | None,
    verdicts: Mapping[Key, Verdict],
    usage: Usage,
    source: Mapping[str, str],
    rubric: Rubric | None,
    ratings: Sequence[Rating],
) -> Result:
    judged: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for (identifier, language, _), verdict in verdicts.items():
        judged[(identifier, language)].append(verdict)
    groups: dict[str, list[Comparison]] = defaultdict(list)
    for item in comparisons:
        groups[item.language].append(item)
    in_language = fidelity.language_fidelity(
        [item.prediction for item in comparisons], [item.language for item in comparisons]
    )
    settings = judge.settings if judge else {"judge": "none"}
    if rubric is not None:
        settings = {**settings, "criteria": rubric.sha}

    def scores(items: Sequence[Comparison], found: Fidelity, rated: Sequence[Rating]) -> Scores:
        figures = _scores(items, judge, judged, found)
        return figures if rubric is None else replace(figures, criteria=summary(rated, rubric))

    def in_design(items: Sequence[Comparison]) -> Scores:
        keys = {item.key for item in items}
        found = fidelity.language_fidelity([item.prediction for item in items], [item.language for item in items])
        return scores(items, found, [r for r in ratings if (r.id, r.language) in keys])

    by_design = factor_effects.grouped(comparisons)
    return Result(
        overall=scores(comparisons, in_language, ratings),
        by_language={
            code: scores(items, in_language.by_language[code], [r for r in ratings if r.language == code])
            for code, items in groups.items()
        },
        usage=usage,
        signature=signature(
            {
                **settings,
                "lid": identify.identifier_name(),
                **source,
                "reference": f"{source['reference']}@{reference_hash(comparisons)}",
                "version": package_version(),
            }
        ),
        missing_reasons=_missing_reasons(verdicts.values(), ratings),
        warnings=gaming.warnings(comparisons),
        by_design={design: in_design(items) for design, items in by_design.items()},
        effects=factor_effects.effects(by_design, lambda item: preference_of(judged.get(item.key, ()))),
    )


def _missing_reasons(verdicts: Iterable[Verdict], ratings: Iterable[Rating]) -> dict[str, int]:
    reasons = [verdict.reason or "" for verdict in verdicts if verdict.preference is None]
    reasons += [f"criteria: {rating.reason}" for rating in ratings if rating.scores is None]
    return dict(Counter(reasons).most_common(20))


def _scores(
    items: Sequence[Comparison],
    judge: Judge | None,
    judged: Mapping[tuple[str, str], Sequence[Verdict]],
    in_language: Fidelity,
) -> Scores:
    asked = items if judge else []
    preferences = [preference_of(judged.get(item.key, ())) for item in asked]
    rate = win_rates.win_rate(preferences)
    controlled, controlled_error = _length_controlled(asked, preferences)
    interval = win_rates.bootstrap_interval(preferences, [item.cluster for item in asked], seed=0)
    return Scores(
        win_rate=_number(rate.value),
        win_rate_stderr=_number(rate.standard_error),
        win_rate_ci95=None if interval[0] != interval[0] else interval,
        lc_win_rate=_number(controlled),
        lc_win_rate_stderr=_number(controlled_error),
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
        avg_length=sum(len(item.prediction) for item in items) / len(items),
        avg_reference_length=sum(len(item.reference) for item in items) / len(items),
        position_consistency=position_consistency([judged.get(item.key, ()) for item in items]) if judge else None,
    )


def _length_controlled(items: Sequence[Comparison], preferences: Sequence[float | None]) -> tuple[float, float]:
    """Value and standard error: the mean over languages, each weighing as many verdicts as it has.

    Lengths are compared within a language alone: a Chinese answer has a third of the characters of a Finnish one.
    """
    groups: dict[str, list[tuple[float | None, int, int]]] = defaultdict(list)
    for item, preference in zip(items, preferences, strict=True):
        groups[item.language].append((preference, len(item.prediction), len(item.reference)))
    rates = [length_control.length_controlled_win_rate(*zip(*group, strict=True)) for group in groups.values()]
    rates = [rate for rate in rates if rate.n]
    total = sum(rate.n for rate in rates)
    if not total:
        return math.nan, math.nan
    value = sum(rate.n * rate.value for rate in rates) / total
    return value, math.sqrt(sum((rate.n * rate.standard_error) ** 2 for rate in rates)) / total


def _number(value: float) -> float | None:
    """nan, the statisticians' "undefined", is None in a result: JSON has no nan."""
    return None if value != value else float(value)
