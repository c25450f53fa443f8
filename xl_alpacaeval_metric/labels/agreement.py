"""Agreement of a judge's verdicts with a second judge's or with people's labels, and of people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import aggregate
from xl_alpacaeval_metric.labels import coefficients
from xl_alpacaeval_metric.labels import people as of_people
from xl_alpacaeval_metric.labels.categories import CATEGORIES, category
from xl_alpacaeval_metric.labels.label_file import Labels, known
from xl_alpacaeval_metric.labels.people import Annotator, People
from xl_alpacaeval_metric.labels.reliability import Reliability, reliability
from xl_alpacaeval_metric.records.judgements import ItemKey, Verdict
from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.terminal import counted

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often verdict and label have the same category (win, tie, loss).

    Over the `n_labels` labels of the `n` items with a verdict and a label; each label counts once.
    `agreement`, `agreement_without_ties` (over the `n_without_ties` labels where neither is a tie),
    `agreement_half_credit` (a tie against a win or a loss counts half) and `position_consistency`
    are percentages; `kappa` is Cohen's and `ac1` Gwet's, at most 1. Every `_ci95` is an interval
    over prompts. `confusion` counts the labels by verdict, then by label. `calibration` holds the
    judge's preferences to the labels. `position_consistency` is over the `n_both_orders` items that
    have a verdict in both orders. `people` is their agreement with each other, None unless an item
    has two labels: the judge cannot be expected to agree with them more than they do. `annotators`:
    each person's labels.

    `n_missing` items are in both files without a verdict or without a label; `only_verdicts` and
    `only_labels` are in one file only. None where a figure is undefined.
    """

    agreement: float | None
    agreement_ci95: Interval | None
    agreement_without_ties: float | None
    agreement_without_ties_ci95: Interval | None
    agreement_half_credit: float | None
    agreement_half_credit_ci95: Interval | None
    kappa: float | None
    kappa_ci95: Interval | None
    ac1: float | None
    ac1_ci95: Interval | None
    position_consistency: float | None
    n: int
    n_labels: int
    n_without_ties: int
    n_missing: int
    n_both_orders: int
    only_verdicts: int
    only_labels: int
    confusion: Mapping[str, Mapping[str, int]]
    calibration: Reliability | None
    people: People | None
    annotators: Mapping[str, Annotator]
    by_language: Mapping[str, "Agreement"] = field(default_factory=dict)


def measure(
    verdicts: Mapping[ItemKey, Sequence[Verdict]], labels: Labels, prompts: Mapping[ItemKey, str] | None = None
) -> Agreement:
    """Agreement of verdicts with labels, overall and by language of the verdicts.

    `prompts`: the prompt of each item whose id is not that of its prompt. Raises UserError where no
    item has both a verdict and a label.
    """
    preferences = {key: aggregate.preference_of(judgements) for key, judgements in verdicts.items()}
    shared = verdicts.keys() & labels.values.keys()
    if not shared:
        mine, theirs = (str(next(iter(side), "none")) for side in (verdicts, labels.values))
        raise UserError(f"the verdicts and the labels share no item (id, language): {mine} and so on against {theirs}")
    if all(preferences[key] is None or not known(labels.values[key]) for key in shared):
        raise UserError(f"none of the {counted(len(shared), 'item')} in both files has both a verdict and a label")
    keys = list(dict.fromkeys([*verdicts, *labels.values]))
    by_language = {
        code: _part([key for key in keys if key[1] == code], verdicts, preferences, labels, prompts or {})
        for code in dict.fromkeys(code for _, code in verdicts)
    }
    return _part(keys, verdicts, preferences, labels, prompts or {}, by_language)


def _part(
    keys: Sequence[ItemKey],
    verdicts: Mapping[ItemKey, Sequence[Verdict]],
    preferences: Mapping[ItemKey, float | None],
    labels: Labels,
    prompts: Mapping[ItemKey, str],
    by_language: Mapping[str, Agreement] | None = None,
) -> Agreement:
    both: list[tuple[str, float, float]] = []
    items = 0
    for key in keys:
        given = known(labels.values.get(key, {}))
        if (preference := preferences.get(key)) is not None and given:
            items += 1
            both += [(prompts.get(key, key[0]), preference, label) for label in given.values()]
    compared = [prompt for prompt, _, _ in both]
    pairs = [(category(preference), category(label)) for _, preference, label in both]
    credit = np.array([1 - abs(CATEGORIES.index(a) - CATEGORIES.index(b)) / 2 for a, b in pairs])
    decided = np.array(["tie" not in pair for pair in pairs], dtype=bool)
    counts = Counter(pairs)
    judgements = [verdicts[key] for key in keys if key in verdicts]
    in_both = sum(key in verdicts and key in labels.values for key in keys)
    kappa, kappa_ci95 = _beyond_chance(pairs, compared, coefficients.kappa)
    ac1, ac1_ci95 = _beyond_chance(pairs, compared, coefficients.ac1)
    same = (credit == 1).astype(np.float64)
    agreement, agreement_ci95 = coefficients.percent(same, compared)
    without_ties, without_ties_ci95 = coefficients.percent(np.where(decided, same, np.nan), compared)
    half_credit, half_credit_ci95 = coefficients.percent(credit, compared)
    return Agreement(
        agreement=agreement,
        agreement_ci95=agreement_ci95,
        agreement_without_ties=without_ties,
        agreement_without_ties_ci95=without_ties_ci95,
        agreement_half_credit=half_credit,
        agreement_half_credit_ci95=half_credit_ci95,
        kappa=kappa,
        kappa_ci95=kappa_ci95,
        ac1=ac1,
        ac1_ci95=ac1_ci95,
        position_consistency=aggregate.position_consistency(judgements),
        n=items,
        n_labels=len(pairs),
        n_without_ties=int(decided.sum()),
        n_missing=in_both - items,
        n_both_orders=sum(len({v.order for v in judged if v.preference is not None}) == 2 for judged in judgements),
        only_verdicts=len(judgements) - in_both,
        only_labels=len(keys) - len(judgements),
        confusion={mine: {theirs: counts[mine, theirs] for theirs in CATEGORIES} for mine in CATEGORIES},
        calibration=reliability([p for _, p, _ in both], [label for _, _, label in both], compared) if both else None,
        people=of_people.measure(keys, labels, preferences, prompts),
        annotators=of_people.annotators(keys, labels),
        by_language=by_language or {},
    )


def _beyond_chance(
    pairs: Sequence[tuple[str, str]], prompts: Sequence[str], of: coefficients.Coefficient
) -> tuple[float | None, Interval | None]:
    if not pairs:
        return None, None
    tables = np.zeros((len(pairs), len(CATEGORIES), len(CATEGORIES)))
    for number, (mine, theirs) in enumerate(pairs):
        tables[number, CATEGORIES.index(mine), CATEGORIES.index(theirs)] = 1
    sums = coefficients.by_prompt(tables, Clusters(prompts))
    return coefficients.with_interval(sums, of, coefficients.added_tables)
