"""What a factor does: items asked in several designs, each design against the one that it varies."""

from collections.abc import Callable, Mapping, Sequence
from math import isnan

from xl_alpacaeval_metric.languages import fidelity
from xl_alpacaeval_metric.records import Comparison, Effect
from xl_alpacaeval_metric.stats import win_rates

BASELINE = "same"
"""The design in which context, request and response have one language."""


def grouped(comparisons: Sequence[Comparison]) -> dict[str, list[Comparison]]:
    """The comparisons by design, in the order in which designs first come; empty where they have none."""
    groups: dict[str, list[Comparison]] = {}
    for item in comparisons:
        if item.design:
            groups.setdefault(item.design, []).append(item)
    return groups


def effects(
    groups: Mapping[str, Sequence[Comparison]], preference: Callable[[Comparison], float | None]
) -> dict[str, dict[str, Effect]]:
    """Each design minus the baseline, in percent points: `win_rate` and `line_pass_rate`.

    Paired: an item counts where both designs have a figure for it. Interval and p-value are those of
    `stats.paired_difference`. Empty without a baseline.
    """
    if BASELINE not in groups:
        return {}
    figures = {"win_rate": preference, "line_pass_rate": _line_pass}
    return {
        design: {name: _effect(items, groups[BASELINE], figure) for name, figure in figures.items()}
        for design, items in groups.items()
        if design != BASELINE
    }


def _effect(
    items: Sequence[Comparison], baseline: Sequence[Comparison], figure: Callable[[Comparison], float | None]
) -> Effect:
    before = {item.prompt: figure(item) for item in baseline}
    after = {item.prompt: figure(item) for item in items}
    shared = [prompt for prompt in after if prompt in before]
    found = win_rates.paired_difference([after[p] for p in shared], [before[p] for p in shared], shared)
    return Effect(
        difference=None if isnan(found.value) else found.value,
        ci95=None if isnan(found.ci95[0]) else found.ci95,
        p_value=None if isnan(found.p_value) else found.p_value,
        n=found.n,
    )


def _line_pass(item: Comparison) -> float | None:
    passed = fidelity.text_fidelity(item.prediction, item.language).line_pass
    return None if passed is None else float(passed)
