"""An item's verdicts taken together, and the figures of one item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric import correctness
from xl_alpacaeval_metric.languages.fidelity import TextFidelity, fidelity_row, texts_fidelity
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Order, Verdict
from xl_alpacaeval_metric.stats.position import position


@dataclass(frozen=True, slots=True)
class ItemScores:
    """The figures of one item; `preference` is None where it is missing or nothing was judged.

    `correct` is None where no fact is expected of the answer.
    """

    item: Comparison
    verdicts: Sequence[Verdict]
    preference: float | None
    fidelity: TextFidelity
    correct: bool | None = None


def item_scores(comparisons: Sequence[Comparison], verdicts: Mapping[ItemKey, Sequence[Verdict]]) -> list[ItemScores]:
    """The figures of each comparison, given the verdicts by item.

    Every other figure is computed from these. Raises UserError for an unknown language.
    """
    found = texts_fidelity([item.prediction for item in comparisons], [item.language for item in comparisons])
    return [
        ItemScores(
            item,
            judged,
            preference_of(judged),
            fidelity,
            correctness.of_answer(item),
        )
        for item, fidelity in zip(comparisons, found, strict=True)
        for judged in [verdicts.get(item.key, ())]
    ]


def preference_of(verdicts: Sequence[Verdict]) -> float | None:
    """The mean preference over the judges that have one; None where none has."""
    preferences = [value for value in preferences_by_judge(verdicts).values() if value is not None]
    return sum(preferences) / len(preferences) if preferences else None


def preferences_by_judge(verdicts: Sequence[Verdict]) -> dict[str, float | None]:
    """Each judge's mean preference over the orders that it was asked in.

    None where one of them is missing: the mean of the others would have position bias.
    """
    by_judge: dict[str, list[float | None]] = {}
    for verdict in verdicts:
        by_judge.setdefault(verdict.judge, []).append(verdict.preference)
    return {
        judge: None if None in values else sum(value for value in values if value is not None) / len(values)
        for judge, values in by_judge.items()
    }


def by_order(verdicts: Sequence[Verdict]) -> list[tuple[float | None, float | None]]:
    """Each judge's preference on an item with the candidate first, and with the reference first."""
    found: dict[str, dict[Order, float | None]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.judge, {})[verdict.order] = verdict.preference
    return [(one.get("candidate_first"), one.get("reference_first")) for one in found.values()]


def order_of(verdicts: Sequence[Verdict]) -> str:
    """The order that an item was judged in, or "both"."""
    orders = {verdict.order for verdict in verdicts}
    return "both" if len(orders) != 1 else orders.pop()


def position_consistency(verdicts: Sequence[Sequence[Verdict]]) -> float | None:
    """The share, in percent, of items with the same winner in both orders.

    `verdicts`: those of each item; only items with a preference in both orders count. None if there
    are no such items.
    """
    pairs = [pair for given in verdicts for pair in by_order(given)]
    return position(pairs, range(len(pairs)), [""] * len(pairs)).consistency


def preferences_in_language(items: Sequence[ItemScores]) -> list[float | None]:
    """The preferences, with answers in another language than asked, or in several, as lost."""
    return [0.0 if one.preference is not None and one.fidelity.in_other_language else one.preference for one in items]


def item_row(one: ItemScores) -> dict[str, object]:
    """The line of items.jsonl of an item.

    `fidelity` is in percent, lengths are in characters; `spans` are the parts of the answer in
    another language: first character, character after the last, language.
    """
    item = one.item
    return {
        "id": item.id,
        "language": item.language,
        "preference": one.preference,
        **fidelity_row(one.fidelity),
        **({} if one.correct is None else {"correct": one.correct}),
        "length": len(item.prediction),
        "reference_length": len(item.reference),
        "cut": getattr(item, "cut", None),
        "thinking_tokens": item.thinking_tokens,
    }
