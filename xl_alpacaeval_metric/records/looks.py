"""Looks: what was seen of a run's verdicts when a part of them was there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the verdicts so far, on `n` items of `n_prompts` prompts.

    `value` is the win rate in percent, or its difference from another run in points, and `ci95` its
    interval. For a difference it is a repeated interval: all looks' hold together with 95%
    confidence, so that it may be read where judging stopped. `boundary` is what |t| or the
    half-width is held against, `statistic` that figure. None where it is undefined.
    """

    n_prompts: int
    n: int
    value: float | None
    ci95: tuple[float, float] | None
    statistic: float | None
    boundary: float
    stops: bool


@dataclass(frozen=True, slots=True)
class Stopping:
    """How judging went in looks: the rule, the looks, and the items that were not judged.

    `rule` is "precision" or "until decided"; `decision` says what was decided, empty for precision.
    """

    rule: str
    looks: tuple[Look, ...]
    stopped_early: bool
    n_not_judged: int
    decision: str = ""
