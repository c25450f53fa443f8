"""An item's verdicts taken together."""

from collections.abc import Sequence

from xl_alpacaeval_metric.records import Verdict


def preference_of(judgements: Sequence[Verdict]) -> float | None:
    """The mean preference over the orders asked, None when one of them has none (its position bias would stay in)."""
    preferences = [verdict.preference for verdict in judgements]
    if not preferences or any(preference is None for preference in preferences):
        return None
    return sum(p for p in preferences if p is not None) / len(preferences)


def position_consistency(judgements: Sequence[Sequence[Verdict]]) -> float | None:
    """The share, in percent, of items asked in both orders whose two verdicts name the same winner; None if there are none."""
    pairs = [[v.preference for v in both if v.preference is not None] for both in judgements]
    agree = [(a > 0.5) == (b > 0.5) and (a < 0.5) == (b < 0.5) for a, b in (pair for pair in pairs if len(pair) == 2)]
    return 100.0 * sum(agree) / len(agree) if agree else None
