"""The figures of a panel of judges."""

from collections.abc import Mapping
from dataclasses import dataclass

from xl_alpacaeval_metric.records.judge_check import CheckSummary


@dataclass(frozen=True, slots=True)
class JudgeFigures:
    """One judge of a panel: its own win rate in percent, and how it leans against the others.

    `lean` is its preference minus the mean of the other judges', in points, with its 95% interval;
    above 0 it likes the candidate more than they do. `first_position_rate` is the mean probability
    in percent that it gives to the answer shown first, `judge_check` what the check found of it.
    None where a figure is undefined.
    """

    win_rate: float | None
    win_rate_ci95: tuple[float, float] | None
    lean: float | None
    lean_ci95: tuple[float, float] | None
    n: int
    n_missing: int
    first_position_rate: float | None = None
    judge_check: CheckSummary | None = None


@dataclass(frozen=True, slots=True)
class PanelFigures:
    """The judges' figures, and Krippendorff's alpha of their preferences (interval data)."""

    by_judge: Mapping[str, JudgeFigures]
    alpha: float | None
