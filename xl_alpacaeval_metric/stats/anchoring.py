"""A win rate anchored in people's labels: a judge's verdicts, corrected by labels on some of them.

Prediction-powered inference with a tuned weight (PPI++, Angelopoulos et al. 2023,
arXiv:2311.01453; the regression estimator of survey sampling, Cochran 1977, chapters 7 and 12), on
prompts as clusters and languages as strata.
"""

from bisect import bisect_left
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Self

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.clusters import Clusters, as_clusters
from xl_alpacaeval_metric.stats.intervals import check_confidence
from xl_alpacaeval_metric.stats.lean import without_lean
from xl_alpacaeval_metric.stats.missing import Floats, Numbers, as_preferences
from xl_alpacaeval_metric.stats.strata import Labels as Groups
from xl_alpacaeval_metric.stats.student_t import critical_value
from xl_alpacaeval_metric.terminal import counted

FEWEST_PROMPTS = 3
"""With labels: the interval has as many degrees of freedom as prompts, less two."""
CORRELATION = 0.3
"""Of labels on one prompt, which decides how much the two prompts that are added weigh."""


@dataclass(frozen=True, slots=True)
class AnchoredWinRate:
    """The win rate that people would give, in percent, from labels on some of the items.

    `value` with its interval `ci95`; `judge_only`: the mean preference of the judge, on all `n`
    items that have one; `n_labels` of them have a label. `effective_n`: how many labels would be as
    precise without the judge. `weight`: how much the judge counts, 0 where its verdicts say nothing
    on the labels. `n_prompts` and `n_labelled_prompts` count the prompts behind items and labels.
    """

    value: float
    ci95: tuple[float, float]
    judge_only: float
    n: int
    n_labels: int
    effective_n: float
    weight: float
    n_prompts: int
    n_labelled_prompts: int


def anchored_win_rate(
    preferences: Numbers,
    labels: Numbers,
    prompts: Groups,
    languages: Groups | None = None,
    *,
    orders: Groups | None = None,
    confidence: float = 0.95,
) -> AnchoredWinRate:
    """The win rate that people would give on all items, from labels on a random part of them.

    `preferences`: the judge's, in [0, 1], None or nan where missing. `labels`: people's, in [0, 1]
    (1: the candidate is better, 0.5: a tie, or the mean of several people), None where there is no
    label. `prompts`, `languages`: those of each item; items of one prompt are correlated, and with
    languages the rate is the mean of theirs; without, each item weighs the same. Items without a
    preference are left out, with their labels. `orders`: which answer the judge saw first; its lean
    is taken out before (`lean.without_lean`), however the labelled items fall on the orders.

    With F the judge's preferences and Y the labels: value = mean of F * w over all items + mean of
    Y - F * w over the labelled ones, w = Cov(Y, F) / Var(F) over the labelled prompts. So a judge
    that agrees with people makes the interval narrow, and one that is wrong leaves it as wide as
    labels alone, and right. It holds the luck of which prompts there are, and of which were
    labelled. Student's t with two prompts added, one won and one lost (Agresti & Coull 1998).

    The labelled items must have been drawn at random: those that somebody chose tell nothing of the
    rest. A constant judge has weight 0; labels on all items give the mean label.

    Raises UserError for a value outside [0, 1], for sequences of different lengths, for labels on
    fewer than three prompts, for labels that are all the same, and for a language without any.
    """
    sample = _Sample.of(preferences, labels, prompts, languages, orders)
    low, high = sample.interval(confidence)
    return AnchoredWinRate(
        value=100 * sample.value,
        ci95=(100 * low, 100 * high),
        judge_only=100 * sample.judge_only,
        n=sample.n,
        n_labels=sample.n_labels,
        effective_n=sample.effective_n,
        weight=sample.weight,
        n_prompts=sample.a.size,
        n_labelled_prompts=sample.m,
    )


def labels_for_width(
    width: float,
    preferences: Numbers,
    labels: Numbers,
    prompts: Groups,
    languages: Groups | None = None,
    *,
    orders: Groups | None = None,
) -> tuple[int | None, float]:
    """How many labels a 95% interval of this width takes, and its width with all items labelled.

    `width`: from end to end, in percentage points. The labels that there are, given as to
    `anchored_win_rate`, show how judge and people differ. None where not even labels on all items
    are enough. Raises UserError as `anchored_win_rate` does, and for a width that is not above 0.
    """
    if not width > 0:
        raise UserError(f"width is {width}; need a number of percentage points above 0")
    sample = _Sample.of(preferences, labels, prompts, languages, orders)
    most = sample.a.size
    if (all_labelled := 200 * sample.half_width(most, 0.95)) > width:
        return None, all_labelled
    sizes = range(FEWEST_PROMPTS, most)
    m = FEWEST_PROMPTS + bisect_left(sizes, True, key=lambda m: 200 * sample.half_width(m, 0.95) <= width)
    return min(sample.n, ceil(m * sample.n_labels / sample.m)), all_labelled


@dataclass(frozen=True, slots=True)
class _Sample:
    """The sums over prompts that every figure is made of.

    `a`: each prompt's part in the judge's rate on all items, less the mean; `y` and `f` those of
    the labelled prompts in the mean label and in the judge's rate on the labelled items. All three
    are linearised: an item counts 1 / (items of its language * languages).
    """

    a: Floats
    y: Floats
    f: Floats
    a_labelled: Floats
    share: Floats
    judge_only: float
    label_mean: float
    judge_on_labelled: float
    n: int
    n_labels: int

    @classmethod
    def of(
        cls, preferences: Numbers, labels: Numbers, prompts: Groups, languages: Groups | None, orders: Groups | None
    ) -> Self:
        judge, people = as_preferences(preferences), as_preferences(labels, "label")
        clusters = as_clusters(prompts)
        groups = Clusters([0] * judge.size) if languages is None else as_clusters(languages)
        for name, length in (("labels", people.size), ("prompts", len(clusters)), ("languages", len(groups))):
            if length != judge.size:
                raise UserError(f"{name}: {length} for {judge.size} preferences; need one for each item")
        if orders is not None:
            judge = without_lean(judge, clusters, groups, orders)
        judged = np.flatnonzero(~np.isnan(judge))
        judge, people = judge[judged], people[judged]
        clusters, groups = clusters.take(judged), groups.take(judged)
        labelled = ~np.isnan(people)
        _check(people, clusters, groups)
        code, group = clusters.codes, groups.codes

        def centred(values: Floats, where: npt.NDArray[np.bool_]) -> tuple[float, Floats, Floats]:
            """The mean of the languages' means, each item's part less the mean, and its weight."""
            sizes = np.bincount(group[where], minlength=groups.n_clusters)
            means = np.bincount(group[where], weights=values[where], minlength=groups.n_clusters) / sizes
            weight = 1 / (groups.n_clusters * sizes[group[where]])
            return float(means.mean()), (values[where] - means[group[where]]) * weight, weight

        def by_prompt(parts: Floats, where: npt.NDArray[np.bool_]) -> Floats:
            return np.bincount(code[where], weights=parts, minlength=clusters.n_clusters).astype(np.float64)

        judge_only, parts, _ = centred(judge, ~np.isnan(judge))
        label_mean, label_parts, weight = centred(people, labelled)
        on_labelled, judge_parts, _ = centred(judge, labelled)
        a = by_prompt(parts, ~np.isnan(judge))
        has_label = np.bincount(code[labelled], minlength=clusters.n_clusters) > 0
        return cls(
            a=a,
            y=by_prompt(label_parts, labelled)[has_label],
            f=by_prompt(judge_parts, labelled)[has_label],
            a_labelled=a[has_label],
            share=by_prompt(weight**2, labelled)[has_label],
            judge_only=judge_only,
            label_mean=label_mean,
            judge_on_labelled=on_labelled,
            n=judge.size,
            n_labels=int(labelled.sum()),
        )

    @property
    def m(self) -> int:
        """The number of labelled prompts."""
        return int(self.y.size)

    @property
    def weight(self) -> float:
        """w of `anchored_win_rate`; 0 where the judge says one thing of all labelled prompts."""
        return float(self.f @ self.y) / varies if (varies := float(self.f @ self.f)) > 1e-18 else 0.0

    @property
    def value(self) -> float:
        return min(1.0, max(0.0, self.label_mean + self.weight * (self.judge_only - self.judge_on_labelled)))

    @property
    def effective_n(self) -> float:
        w, b = self.weight, self.y - self.weight * self.f
        variance = w * w * float(self.a @ self.a) + 2 * w * float(self.a_labelled @ b) + float(b @ b)
        labels_alone = float(self.y @ self.y)
        # There are no more than n.
        return float(min(self.n, self.n_labels * labels_alone / variance) if variance > 0 else self.n)

    def interval(self, confidence: float) -> tuple[float, float]:
        """The interval in [0, 1], around the value with the two prompts added."""
        center = self.value + (1 - 2 * self.label_mean) / (self.m + 2)
        half = self.half_width(self.m, confidence)
        return max(0.0, min(center - half, self.value)), min(1.0, max(center + half, self.value))

    def half_width(self, m: int, confidence: float) -> float:
        """Half the width of the interval with m labelled prompts, drawn as these were."""
        check_confidence(confidence)
        w, b, n_prompts = self.weight, self.y - self.weight * self.f, self.a.size
        # What the judge's rate on all prompts varies by, and how it goes with what people correct.
        variance = w * w * float(self.a @ self.a) * n_prompts / (n_prompts - 1)
        variance += 2 * w * float(self.a_labelled @ b)
        # Of the prompts added, residuals differ from the mean of the others by 1/2 - their mean.
        size = self.n_labels / self.m
        spread = 0.5 * sqrt((1 + CORRELATION * (size - 1)) / size)
        off = 0.5 - self.label_mean
        squares = self.m * m * float(b @ b) + 2 * (off * off + spread * spread) - (2 * off) ** 2 / (m + 2)
        variance += squares / ((m + 2) * m)
        # The weight is estimated, too.
        if (varies := float(self.f @ self.f)) > 1e-18:
            gap = self.judge_only - self.judge_on_labelled if m == self.m else 0.0
            variance += gap * gap * float(b @ b) / varies / max(1, m - 2)
        degrees = m * float(self.share.sum()) ** 2 / float(self.share @ self.share) / self.m
        return critical_value(degrees, confidence) * sqrt(max(0.0, variance))


def _check(people: Floats, clusters: Clusters, groups: Clusters) -> None:
    """Raises UserError where the labels on judged items allow no estimate."""
    known = np.flatnonzero(~np.isnan(people))
    prompts = clusters.take(known).n_clusters
    if prompts < FEWEST_PROMPTS:
        raise UserError(
            f"labels: on {counted(prompts, 'prompt')} with a verdict; need labels on {FEWEST_PROMPTS} prompts or more"
        )
    if np.ptp(people[known]) == 0:
        raise UserError(f"labels: all {known.size} are {people[known[0]]:g}; need different ones, so label more items")
    if groups.take(known).n_clusters < groups.n_clusters:
        raise UserError("labels: none in one of the languages; need some in each")
