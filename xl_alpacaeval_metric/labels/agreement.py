"""Agreement of a judge's verdicts with a second judge's, with human labels, and between orders."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import aggregate
from xl_alpacaeval_metric.records.judgements import ItemKey, Verdict
from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.missing import none_if_undefined

CATEGORIES = ("win", "tie", "loss")


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often verdict and label have the same category (win, tie, loss), over `n` items.

    The items have a verdict and a label.
    `agreement`, its interval over prompts and `position_consistency` are percentages;
    `kappa` is Cohen's, at most 1. `confusion` counts the items by verdict, then by label.
    `position_consistency` is over the `n_both_orders` items that have a verdict in both orders.
    `n_missing` items are in both files without a verdict or without a label; `only_verdicts` and
    `only_labels` are in one file only. None where a figure is undefined.
    """

    agreement: float | None
    agreement_ci95: tuple[float, float] | None
    kappa: float | None
    position_consistency: float | None
    n: int
    n_missing: int
    n_both_orders: int
    only_verdicts: int
    only_labels: int
    confusion: Mapping[str, Mapping[str, int]]
    by_language: Mapping[str, "Agreement"] = field(default_factory=dict)


def measure(
    verdicts: Mapping[ItemKey, Sequence[Verdict]],
    labels: Mapping[ItemKey, float | None],
    prompts: Mapping[ItemKey, str] | None = None,
) -> Agreement:
    """Agreement of verdicts with labels, overall and by language of the verdicts.

    `labels`: preferences in [0, 1], None where an item has none. `prompts`: the prompt of each item
    whose id is not that of its prompt. Raises UserError where no item has both.
    """
    preferences = {key: aggregate.preference_of(judgements) for key, judgements in verdicts.items()}
    shared = verdicts.keys() & labels.keys()
    if not shared:
        mine, theirs = (str(next(iter(side), "none")) for side in (verdicts, labels))
        raise UserError(f"the verdicts and the labels share no item (id, language): {mine} and so on against {theirs}")
    if all(preferences[key] is None or labels[key] is None for key in shared):
        raise UserError(f"none of the {len(shared)} items in both files has both a verdict and a label")
    keys = list(dict.fromkeys([*verdicts, *labels]))
    by_language = {
        code: _part([key for key in keys if key[1] == code], verdicts, preferences, labels, prompts or {})
        for code in dict.fromkeys(code for _, code in verdicts)
    }
    return _part(keys, verdicts, preferences, labels, prompts or {}, by_language)


def _part(
    keys: Sequence[ItemKey],
    verdicts: Mapping[ItemKey, Sequence[Verdict]],
    preferences: Mapping[ItemKey, float | None],
    labels: Mapping[ItemKey, float | None],
    prompts: Mapping[ItemKey, str],
    by_language: Mapping[str, Agreement] | None = None,
) -> Agreement:
    compared, pairs = [], []
    for key in keys:
        preference, label = preferences.get(key), labels.get(key)
        if preference is not None and label is not None:
            compared.append(prompts.get(key, key[0]))
            pairs.append((category(preference), category(label)))
    same = [float(mine == theirs) for mine, theirs in pairs]
    interval = win_rate_interval(same, Clusters(compared))
    counts = Counter(pairs)
    judgements = [verdicts[key] for key in keys if key in verdicts]
    in_both = sum(key in verdicts and key in labels for key in keys)
    return Agreement(
        agreement=100 * sum(same) / len(same) if same else None,
        agreement_ci95=none_if_undefined(interval),
        kappa=cohen_kappa(pairs),
        position_consistency=aggregate.position_consistency(judgements),
        n=len(pairs),
        n_missing=in_both - len(pairs),
        n_both_orders=sum(sum(v.preference is not None for v in both) == 2 for both in judgements),
        only_verdicts=len(judgements) - in_both,
        only_labels=len(keys) - len(judgements),
        confusion={mine: {theirs: counts[mine, theirs] for theirs in CATEGORIES} for mine in CATEGORIES},
        by_language=by_language or {},
    )


def category(preference: float) -> str:
    """`win` (of the candidate), `tie` or `loss`."""
    return "win" if preference > 0.5 else "loss" if preference < 0.5 else "tie"


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """(observed - expected) / (1 - expected) agreement of two raters.

    `pairs`: the two raters' categories of each item. 1 is full agreement, 0 is agreement by chance.
    None without items, and where both raters put every item into the same category, so that
    agreement by chance is full. Source: Cohen 1960, doi:10.1177/001316446002000104.
    """
    n = len(pairs)
    mine, theirs = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    # Both multiplied by n * n, because whole numbers compare exactly.
    expected = sum(mine[name] * theirs[name] for name in mine)
    observed = n * sum(a == b for a, b in pairs)
    return None if expected == n * n else (observed - expected) / (n * n - expected)
