"""How the judges of a panel agree: each one's win rate and lean, and Krippendorff's alpha."""

from collections.abc import Sequence

import numpy as np

from xl_alpacaeval_metric.judge import votes
from xl_alpacaeval_metric.judge.aggregate import preferences_by_judge
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Verdict
from xl_alpacaeval_metric.records.panel import JudgeFigures, PanelFigures
from xl_alpacaeval_metric.stats.differences import paired_difference
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.missing import Floats, none_if_nan, none_if_undefined
from xl_alpacaeval_metric.stats.strata import Strata


def figures(
    judges: Sequence[str], comparisons: Sequence[Comparison], verdicts: Sequence[Verdict], left_out: frozenset[ItemKey]
) -> PanelFigures:
    """The figures of each judge of a panel on the items that were judged.

    A judge's lean is the mean of its preference minus the mean of the other judges', over the items
    on which it and another one have a preference; its interval is that of two runs' difference.
    """
    by_item: dict[ItemKey, list[Verdict]] = {}
    for verdict in votes.averaged(verdicts):
        by_item.setdefault((verdict.id, verdict.language), []).append(verdict)
    items = [item for item in comparisons if item.key not in left_out]
    found = [preferences_by_judge(by_item.get(item.key, [])) for item in items]
    values = np.array([[_float(one.get(judge)) for one in found] for judge in judges])
    prompts, languages = [item.cluster for item in items], [item.language for item in items]
    by_judge = {}
    for number, judge in enumerate(judges):
        mine = values[number]
        lean = paired_difference(mine, _mean(np.delete(values, number, axis=0)), prompts, languages)
        by_judge[judge] = JudgeFigures(
            win_rate=none_if_nan(100 * Strata.of(mine, prompts, languages).mean),
            win_rate_ci95=none_if_undefined(win_rate_interval(mine, prompts, languages)),
            lean=none_if_nan(lean.value),
            lean_ci95=none_if_undefined(lean.ci95),
            n=int((~np.isnan(mine)).sum()),
            n_missing=int(np.isnan(mine).sum()),
        )
    return PanelFigures(by_judge, none_if_nan(alpha(values)))


def alpha(values: Floats) -> float:
    """Krippendorff's alpha for interval data: 1 is full agreement, 0 agreement by chance.

    `values`: raters x items, nan where one is missing; items with fewer than two values do not
    count. 1 - observed / expected squared differences; nan where all values are equal. Source:
    Krippendorff 2011, Computing Krippendorff's alpha-reliability.
    """
    counts = (~np.isnan(values)).sum(axis=0)
    kept = values[:, counts > 1]
    counts = counts[counts > 1]
    every = kept[~np.isnan(kept)]
    if every.size < 2:
        return float("nan")
    means = np.nansum(kept, axis=0) / counts
    observed = (np.nansum((kept - means) ** 2, axis=0) * 2 * counts / (counts - 1)).sum() / every.size
    expected = 2 * every.size / (every.size - 1) * every.var()
    return float(1 - observed / expected) if expected > 0 else float("nan")


def warnings(found: PanelFigures) -> list[str]:
    """That no judge was checked, and a line for each judge that lacks verdicts."""
    return [
        "the judges of a panel are not checked before a run; xl-alpacaeval check-judge checks each",
        *(
            f"judge {judge}: {one.n_missing} of {one.n + one.n_missing} items have no verdict of it; "
            "their preference is the mean of the other judges'"
            for judge, one in found.by_judge.items()
            if one.n_missing
        ),
    ]


def _mean(values: Floats) -> Floats:
    """The mean over the first axis of what is there, nan where nothing is."""
    counts = (~np.isnan(values)).sum(axis=0)
    with np.errstate(invalid="ignore"):
        found: Floats = np.nansum(values, axis=0) / np.where(counts, counts, np.nan)
    return found


def _float(value: float | None) -> float:
    return float("nan") if value is None else value
