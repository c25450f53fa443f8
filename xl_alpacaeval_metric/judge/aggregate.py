"""An item's verdicts taken together, and the figures of one item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric.languages.fidelity import TextFidelity, texts_fidelity
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Order, Verdict
from xl_alpacaeval_metric.stats.position import position


@dataclass(frozen=True, slots=True)
class ItemScores:
    """The figures of one item; `preference` is None where it is missing or nothing was judged."""

    item: Comparison
    verdicts: Sequence[Verdict]
    preference: float | None
    fidelity: TextFidelity


def item_scores(comparisons: Sequence[Comparison], verdicts: Mapping[ItemKey, Sequence[Verdict]]) -> list[ItemScores]:
    """The figures of each comparison, given the verdicts by item.

    Every other figure is computed from these. Raises UserError for an unknown language.
    """
    found = texts_fidelity([item.prediction for item in comparisons], [item.language for item in comparisons])
    return [
        ItemScores(item, judged, preference_of(judged), fidelity)
        for item, fidelity in zip(comparisons, found, strict=True)
        for judged in [verdicts.get(item.key, ())]
    ]


def preference_of(verdicts: Sequence[Verdict]) -> float | None:
    """The mean preference over the orders that the judge was asked in.

    None where one of them is missing: the mean of the others would have position bias.
    """
    preferences = [verdict.preference for verdict in verdicts]
    if not preferences or any(preference is None for preference in preferences):
        return None
    return sum(p for p in preferences if p is not None) / len(preferences)


def by_order(verdicts: Sequence[Verdict]) -> tuple[float | None, float | None]:
    """An item's preference with the candidate first, and with the reference first."""
    found: dict[Order, float | None] = {verdict.order: verdict.preference for verdict in verdicts}
    return found.get("candidate_first"), found.get("reference_first")


def order_of(verdicts: Sequence[Verdict]) -> str:
    """The order that an item was judged in, or "both"."""
    orders = {verdict.order for verdict in verdicts}
    return "both" if len(orders) != 1 else orders.pop()


def position_consistency(verdicts: Sequence[Sequence[Verdict]]) -> float | None:
    """The share, in percent, of items with the same winner in both orders.

    `verdicts`: those of each item; only items with a preference in both orders count. None if there
    are no such items.
    """
    return position([by_order(both) for both in verdicts], [""] * len(verdicts), [""] * len(verdicts)).consistency
