"""Agreement of people with each other: what a judge can be expected to reach."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from xl_alpacaeval_metric.labels import coefficients
from xl_alpacaeval_metric.labels.categories import CATEGORIES, category
from xl_alpacaeval_metric.labels.label_file import Labels, known
from xl_alpacaeval_metric.records.judgements import ItemKey
from xl_alpacaeval_metric.stats.clusters import Clusters

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class People:
    """The agreement of two people on an item, over the `n_items` items with labels by two or more.

    Each item weighs the same, as the mean over its pairs of people. `agreement` and its variants
    are percentages, as `agreement.Agreement` defines them; `judge_agreement` is the judge's with
    people on the same items, counted in the same way (of those with a verdict). `ac1` is Gwet's and
    `alpha` Krippendorff's (nominal; `alpha_interval` counts win against loss four times win against
    tie), both of any number of raters, at most 1. Intervals are over prompts. None where undefined.
    """

    agreement: float | None
    agreement_ci95: Interval | None
    agreement_without_ties: float | None
    agreement_without_ties_ci95: Interval | None
    agreement_half_credit: float | None
    agreement_half_credit_ci95: Interval | None
    ac1: float | None
    ac1_ci95: Interval | None
    alpha: float | None
    alpha_ci95: Interval | None
    alpha_interval: float | None
    alpha_interval_ci95: Interval | None
    judge_agreement: float | None
    judge_agreement_ci95: Interval | None
    n_items: int


@dataclass(frozen=True, slots=True)
class Annotator:
    """One person's `n` labels, and their mean in percent.

    `answer_1`: of the labels on a sheet, the mean that went to answer 1, in percent: 50 if the
    place of an answer does not matter to them. None without labels on a sheet.
    """

    n: int
    mean: float
    answer_1: float | None


def measure(
    keys: Sequence[ItemKey],
    labels: Labels,
    preferences: Mapping[ItemKey, float | None],
    prompts: Mapping[ItemKey, str],
) -> People | None:
    """Agreement on these items; None unless one has labels by two people."""
    several = [key for key in keys if len(known(labels.values.get(key, {}))) > 1]
    if not several:
        return None
    counts = np.array([_counts(known(labels.values[key])) for key in several])
    names = [prompts.get(key, key[0]) for key in several]
    clusters = Clusters(names)
    raters, decided = counts.sum(axis=1), counts[:, 0] + counts[:, 2]
    pairs, decided_pairs = raters * (raters - 1), decided * (decided - 1)
    same = counts * (counts - 1)
    far = 2 * counts[:, 0] * counts[:, 2]
    agreement, agreement_ci95 = coefficients.percent(same.sum(axis=1) / pairs, names)
    some = decided_pairs > 0
    without_ties, without_ties_ci95 = coefficients.percent(
        np.where(some, same[:, [0, 2]].sum(axis=1) / np.where(some, decided_pairs, 1), np.nan), names
    )
    half_credit, half_credit_ci95 = coefficients.percent((pairs + same.sum(axis=1) - far) / (2 * pairs), names)
    judge, judge_ci95 = coefficients.percent(
        np.array([_judge_agreement(preferences.get(key), known(labels.values[key])) for key in several]), names
    )
    of_raters = coefficients.by_prompt(coefficients.rater_sums(counts), clusters)
    tables = coefficients.by_prompt(coefficients.coincidences(counts), clusters)
    ac1, ac1_ci95 = coefficients.with_interval(of_raters, coefficients.ac1_of_raters, coefficients.added_raters)
    alpha, alpha_ci95 = coefficients.with_interval(tables, coefficients.alpha, coefficients.added_tables)
    distant, distant_ci95 = coefficients.with_interval(tables, coefficients.interval_alpha, coefficients.added_tables)
    return People(
        agreement=agreement,
        agreement_ci95=agreement_ci95,
        agreement_without_ties=without_ties,
        agreement_without_ties_ci95=without_ties_ci95,
        agreement_half_credit=half_credit,
        agreement_half_credit_ci95=half_credit_ci95,
        ac1=ac1,
        ac1_ci95=ac1_ci95,
        alpha=alpha,
        alpha_ci95=alpha_ci95,
        alpha_interval=distant,
        alpha_interval_ci95=distant_ci95,
        judge_agreement=judge,
        judge_agreement_ci95=judge_ci95,
        n_items=len(several),
    )


def annotators(keys: Collection[ItemKey], labels: Labels) -> dict[str, Annotator]:
    """What each person's labels of these items are."""
    given: dict[str, list[tuple[ItemKey, float]]] = {name: [] for name in labels.annotators}
    for key in keys:
        for name, value in known(labels.values.get(key, {})).items():
            given[name].append((key, value))
    found = {}
    for name, theirs in given.items():
        if theirs:
            first = [
                value if labels.shown_first[key, name] else 1 - value
                for key, value in theirs
                if (key, name) in labels.shown_first
            ]
            mean = 100 * sum(value for _, value in theirs) / len(theirs)
            found[name] = Annotator(len(theirs), mean, 100 * sum(first) / len(first) if first else None)
    return found


def _counts(given: Mapping[str, float]) -> list[float]:
    categories = [category(value) for value in given.values()]
    return [float(categories.count(name)) for name in CATEGORIES]


def _judge_agreement(preference: float | None, given: Mapping[str, float]) -> float:
    if preference is None:
        return nan
    return sum(category(value) == category(preference) for value in given.values()) / len(given)
