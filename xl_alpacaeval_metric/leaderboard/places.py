"""A ranking: each model's place, rank set and group of models that it is not told apart from."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from xl_alpacaeval_metric.ranking import groups
from xl_alpacaeval_metric.ranking.pairs import PairTests
from xl_alpacaeval_metric.stats.clusters import Codes
from xl_alpacaeval_metric.stats.missing import Floats, none_if_nan, none_if_undefined


@dataclass(frozen=True, slots=True)
class Place:
    """One model's place in a ranking by one figure.

    `value` and `ci95` are in percent (criteria: levels, 1 to 5), None where the figure is
    undefined. `rank_low` to `rank_high` are the ranks that the model may truly have; all these sets
    hold together with 95% confidence. Models that share a letter of `groups` are not told apart.
    `n` items count, `n_missing` lack the figure.
    """

    rank: int
    name: str
    value: float | None
    ci95: tuple[float, float] | None
    rank_low: int
    rank_high: int
    groups: str
    n: int
    n_missing: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models: `better` is ahead of `worse` by `difference`, in the figure's unit."""

    better: str
    worse: str
    difference: float
    p_value: float
    p_adjusted: float
    n: int


@dataclass(frozen=True, slots=True)
class FigureRanking:
    """The models by one figure, best first, over all languages and in each.

    `method` is "common reference" or "Bradley-Terry". `pairs` are those of the overall ranking.
    """

    method: str
    overall: Sequence[Place]
    by_language: Mapping[str, Sequence[Place]]
    pairs: Sequence[Pair]
    n_items: int
    n_prompts: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rankings by each figure, what was left out, and the setting that the runs share."""

    figures: Mapping[str, FigureRanking]
    notes: Sequence[str] = ()
    setting: str = ""
    runs: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self)


def places_of(
    names: Sequence[str], values: Floats, intervals: Floats, n: Codes, missing: Codes, tests: PairTests
) -> list[Place]:
    """The models from best to worst; those without a value last. Equal values share a rank."""
    better = tests.significance(len(names))
    sets = groups.rank_sets(better)
    order = sorted(range(len(names)), key=lambda k: (np.isnan(values[k]), -np.nan_to_num(values[k]), names[k]))
    letters = groups.letters(better, order)
    found: list[Place] = []
    for position, k in enumerate(order, 1):
        value = none_if_nan(values[k])
        found.append(
            Place(
                rank=found[-1].rank if found and found[-1].value == value else position,
                name=names[k],
                value=value,
                ci95=none_if_undefined((float(intervals[k][0]), float(intervals[k][1]))),
                rank_low=sets[k][0],
                rank_high=sets[k][1],
                groups=letters[k],
                n=int(n[k]),
                n_missing=int(missing[k]),
            )
        )
    return found


def pairs_of(names: Sequence[str], tests: PairTests, unit: float) -> list[Pair]:
    """Every pair that was compared, the better model first."""
    found = []
    for i, j, difference, n, p, adjusted in zip(
        tests.first, tests.second, tests.difference, tests.n, tests.p_value, tests.p_adjusted, strict=True
    ):
        if not np.isnan(difference):
            one, other = (i, j) if difference >= 0 else (j, i)
            found.append(
                Pair(names[one], names[other], unit * abs(float(difference)), float(p), float(adjusted), int(n))
            )
    return found
