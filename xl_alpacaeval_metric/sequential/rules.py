"""When to stop judging: a wanted precision, or a comparison that is decided."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey
from xl_alpacaeval_metric.records.looks import Look
from xl_alpacaeval_metric.sequential import boundaries
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.missing import Floats, none_if_nan, none_if_undefined
from xl_alpacaeval_metric.stats.strata import Strata
from xl_alpacaeval_metric.templates import digest

Preferences = Mapping[ItemKey, float | None]
Orders = Mapping[ItemKey, str]
"""The order of the answers that each item was judged in, or \"both\"."""
LEAST_PROMPTS = 10
"""Prompts below which a rule does not stop, since so few say little about the variance."""


class Rule(Protocol):
    """A rule looks at the verdicts so far and says whether they are enough."""

    @property
    def name(self) -> str:
        """The rule in results.json."""
        ...

    def look(self, items: Sequence[Comparison], preferences: Preferences, orders: Orders, share: float) -> Look:
        """What is seen of these items, which are of this share of all prompts.

        `orders` are those that the items were judged in.
        """
        ...

    def decision(self, last: Look) -> str:
        """What was decided in the last look, in words; empty where nothing was to be decided."""
        ...

    @property
    def setting(self) -> str:
        """The rule in a signature."""
        ...


@dataclass(frozen=True, slots=True)
class Precision:
    """Stop where the win rate's 95% interval is at most `points` wide to each side.

    The intervals are the run's own (`win_rate_interval`): when to stop depends on the spread of the
    verdicts, and hardly on their mean (Chow & Robbins 1965, doi:10.1214/aoms/1177700156).
    """

    points: float
    name: str = "precision"

    def look(self, items: Sequence[Comparison], preferences: Preferences, orders: Orders, share: float) -> Look:
        values = np.array([_float(preferences.get(item.key)) for item in items])
        prompts, languages = [item.cluster for item in items], [item.language for item in items]
        halves = [orders.get(item.key) for item in items]
        strata = Strata.of(values, prompts, languages, halves)
        low, high = win_rate_interval(values, prompts, languages, orders=halves)
        half = (high - low) / 2
        return Look(
            n_prompts=strata.n_prompts,
            n=strata.n,
            value=none_if_nan(100 * strata.mean),
            ci95=none_if_undefined((low, high)),
            statistic=none_if_nan(half),
            boundary=self.points,
            stops=bool(half <= self.points) and strata.n_prompts >= LEAST_PROMPTS,
        )

    def decision(self, last: Look) -> str:
        return ""

    @property
    def setting(self) -> str:
        return f"precision {self.points:g}"


@dataclass(frozen=True, slots=True)
class UntilDecided:
    """Stop where the difference from another run's preferences on the same items is decided.

    At most 8 looks with O'Brien-Fleming boundaries: over all looks, two equal runs are told apart
    with probability 5% at most (`boundaries`). The interval at each look is the repeated confidence
    interval, the difference and its boundary times its standard error, by prompt as cluster and
    language as stratum (Jennison & Turnbull 2000, chapter 9); a lean of the judge to the answer
    shown first is no part of it. `other_orders` are those of the other run.
    """

    other: Preferences
    run: str
    name: str = "until decided"
    other_orders: Orders = field(default_factory=dict)

    def look(self, items: Sequence[Comparison], preferences: Preferences, orders: Orders, share: float) -> Look:
        delta = difference(items, preferences, self.other)
        halves = [(orders.get(item.key), self.other_orders.get(item.key)) for item in items]
        return look_at(delta, [item.cluster for item in items], [item.language for item in items], share, halves)

    def decision(self, last: Look) -> str:
        if not last.stops or last.value is None:
            return f"not told apart from {self.run}"
        return f"{'better' if last.value > 0 else 'worse'} than {self.run}"

    @property
    def setting(self) -> str:
        return f"until decided against {self.run}"


def difference(items: Sequence[Comparison], mine: Preferences, theirs: Preferences) -> Floats:
    """Mine minus theirs on each item, nan where either is missing."""
    return np.array([_float(mine.get(item.key)) - _float(theirs.get(item.key)) for item in items])


def look_at(
    delta: Floats,
    prompts: Sequence[str],
    languages: Sequence[str] | None,
    share: float,
    orders: Sequence[Hashable] | None = None,
) -> Look:
    """A look at differences, in 0..1, on items of these prompts, languages and orders."""
    strata = Strata.of(delta, prompts, languages, orders)
    error = strata.standard_error() if strata.n_prompts > 1 else float("nan")
    bound = boundaries.boundary(share, strata.degrees)
    enough = strata.n_prompts >= min(LEAST_PROMPTS, 6) and np.isfinite(bound) and not np.isnan(error)
    value = strata.mean
    half = bound * error if enough else float("nan")
    return Look(
        n_prompts=strata.n_prompts,
        n=strata.n,
        value=none_if_nan(100 * value),
        ci95=none_if_undefined((100 * (value - half), 100 * (value + half))),
        statistic=none_if_nan(value / error) if enough and error > 0 else None,
        boundary=bound if np.isfinite(bound) else 0.0,
        stops=bool(enough and error > 0 and abs(value) >= half),
    )


def schedule(items: Sequence[Comparison], seed: int, looks: int = boundaries.LOOKS) -> list[list[Comparison]]:
    """The items in portions, one for each look: whole prompts, in an order that the seed decides.

    The order depends on the seed and the prompts alone, not on the order of the items. With fewer
    prompts than looks there are fewer looks.
    """
    prompts = sorted({item.cluster for item in items}, key=lambda prompt: digest("look", str(seed), prompt))
    looks = min(looks, len(prompts))
    place = {prompt: k * looks // len(prompts) for k, prompt in enumerate(prompts)}
    portions: list[list[Comparison]] = [[] for _ in range(looks)]
    for item in items:
        portions[place[item.cluster]].append(item)
    return portions


def _float(value: float | None) -> float:
    return float("nan") if value is None else value
