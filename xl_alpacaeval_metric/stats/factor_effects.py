"""The effect of a factor: items in several designs, each design compared with the baseline."""

from collections.abc import Mapping

from xl_alpacaeval_metric.records.result import Effect
from xl_alpacaeval_metric.stats.differences import paired_difference
from xl_alpacaeval_metric.stats.missing import none_if_nan, none_if_undefined

BASELINE = "same"
"""The design in which context, request and response are in the same language."""

Values = Mapping[str, float | None]
"""Prompt -> the figure of its item in one design, 0..1; None where it is missing."""


def effects(figures: Mapping[str, Mapping[str, Values]]) -> dict[str, dict[str, Effect]]:
    """Design -> figure -> its difference from the baseline, in percentage points.

    `figures`: figure -> design -> values. Paired: a prompt counts where both designs have a value.
    Interval and p-value are those of `paired_difference`. Empty without a baseline.
    """
    found: dict[str, dict[str, Effect]] = {}
    for figure, designs in figures.items():
        if BASELINE not in designs:
            continue
        for design, values in designs.items():
            if design != BASELINE:
                found.setdefault(design, {})[figure] = _effect(values, designs[BASELINE])
    return found


def _effect(after: Values, before: Values) -> Effect:
    shared = [prompt for prompt in after if prompt in before]
    found = paired_difference([after[p] for p in shared], [before[p] for p in shared], shared)
    return Effect(
        difference=none_if_nan(found.value),
        ci95=none_if_undefined(found.ci95),
        p_value=none_if_nan(found.p_value),
        n=found.n,
    )
