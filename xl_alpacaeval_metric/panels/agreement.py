"""How the judges of a panel agree: each one's win rate and lean, and Krippendorff's alpha."""

from collections.abc import Mapping, Sequence

import numpy as np

from xl_alpacaeval_metric.judge import votes
from xl_alpacaeval_metric.judge.aggregate import by_order, order_of, preferences_by_judge
from xl_alpacaeval_metric.panels import krippendorff
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Verdict
from xl_alpacaeval_metric.records.panel import JudgeFigures, PanelFigures
from xl_alpacaeval_metric.stats.differences import paired_difference
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.missing import Floats, none_if_nan, none_if_undefined
from xl_alpacaeval_metric.stats.position import position
from xl_alpacaeval_metric.stats.strata import Strata
from xl_alpacaeval_metric.terminal import counted_of


def figures(
    judges: Sequence[str], comparisons: Sequence[Comparison], verdicts: Sequence[Verdict], left_out: frozenset[ItemKey]
) -> PanelFigures:
    """The figures of each judge of a panel on the items that were judged.

    A judge's lean is the mean of its preference minus the mean of the other judges', over the items
    on which it and another one have a preference; its interval is that of two runs' difference. A
    judge's lean to the answer shown first is no part of either.
    """
    by_item: dict[ItemKey, list[Verdict]] = {}
    for verdict in votes.averaged(verdicts):
        by_item.setdefault((verdict.id, verdict.language), []).append(verdict)
    items = [item for item in comparisons if item.key not in left_out]
    found = [preferences_by_judge(by_item.get(item.key, [])) for item in items]
    values = np.array([[_float(one.get(judge)) for one in found] for judge in judges])
    prompts, languages = [item.cluster for item in items], [item.language for item in items]
    orders = [order_of(by_item.get(item.key, [])) for item in items]
    by_judge = {}
    for number, judge in enumerate(judges):
        mine = values[number]
        lean = paired_difference(mine, _mean(np.delete(values, number, axis=0)), prompts, languages, orders=orders)
        by_judge[judge] = JudgeFigures(
            win_rate=none_if_nan(100 * Strata.of(mine, prompts, languages, orders).mean),
            win_rate_ci95=none_if_undefined(win_rate_interval(mine, prompts, languages, orders=orders)),
            lean=none_if_nan(lean.value),
            lean_ci95=none_if_undefined(lean.ci95),
            n=int((~np.isnan(mine)).sum()),
            n_missing=int(np.isnan(mine).sum()),
            first_position_rate=_first_rate(judge, items, by_item),
        )
    return PanelFigures(by_judge, none_if_nan(krippendorff.of_values(values)))


def warnings(found: PanelFigures) -> list[str]:
    """A line for each judge that lacks verdicts."""
    return [
        f"judge {judge}: {counted_of(one.n_missing, one.n + one.n_missing, 'item', 'has', 'have')} no verdict of it; "
        "the preference there is the mean of the other judges'"
        for judge, one in found.by_judge.items()
        if one.n_missing
    ]


def _first_rate(judge: str, items: Sequence[Comparison], by_item: Mapping[ItemKey, Sequence[Verdict]]) -> float | None:
    pairs = [
        pair
        for item in items
        for pair in by_order([one for one in by_item.get(item.key, ()) if one.judge == judge]) or [(None, None)]
    ]
    return position(pairs, [item.cluster for item in items], [item.language for item in items]).first_rate


def _mean(values: Floats) -> Floats:
    """The mean over the first axis of what is there, nan where nothing is."""
    counts = (~np.isnan(values)).sum(axis=0)
    with np.errstate(invalid="ignore"):
        found: Floats = np.nansum(values, axis=0) / np.where(counts, counts, np.nan)
    return found


def _float(value: float | None) -> float:
    return float("nan") if value is None else value
