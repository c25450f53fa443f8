"""All pairs of models on the items that they share, overall and by language, tested together."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.ranking import sign_flips
from xl_alpacaeval_metric.ranking.sign_flips import Signs
from xl_alpacaeval_metric.stats.clusters import Clusters, Codes, as_clusters
from xl_alpacaeval_metric.stats.missing import Floats

_CELLS = 1 << 22
"""Item-level differences held in memory at a time."""


@dataclass(frozen=True, slots=True)
class PairTests:
    """Model `first[c]` minus model `second[c]`, for each pair of models.

    `difference` has the unit of the values; `n` counts the items that both models have. p-values as
    in `sign_flips.step_down`, the corrected ones times `skew_factor`. nan where two models share no
    item.
    """

    first: Codes
    second: Codes
    difference: Floats
    n: Codes
    p_value: Floats
    p_adjusted: Floats

    def significance(self, models: int, alpha: float = 0.05) -> Codes:
        """Matrix of models x models: 1 where the row is better, -1 where worse, 0 else.

        All statements hold together with probability 1 - alpha.
        """
        found = np.zeros((models, models), dtype=np.intp)
        sign = np.where(self.p_adjusted <= alpha, np.sign(np.nan_to_num(self.difference)), 0).astype(np.intp)
        found[self.first, self.second] = sign
        found[self.second, self.first] = -sign
        return found


class _Stratum:
    """The items of one language, or all items, and the models' sums on each prompt."""

    def __init__(self, values: Floats, prompts: Codes, languages: Codes) -> None:
        known = ~np.isnan(values)
        kept = known.any(axis=0)
        self.values, self.languages = values[:, kept], languages[kept]
        # All models have the same items: the sums of a pair are differences of the models' sums.
        self.complete = bool(known[:, kept].all())
        self.prompts = prompts[kept]
        # Sorted by prompt, so that each prompt's items are one slice.
        self.starts = np.flatnonzero(np.diff(self.prompts, prepend=-1))
        self.places = self.prompts[self.starts]
        self.own: Floats | None = None
        self.flipped_own: Signs | None = None
        if self.complete and self.values.size:
            one = self.values * self._weights(np.ones_like(self.values[:1], dtype=bool))
            self.own = np.add.reduceat(one, self.starts, axis=1)

    def _weights(self, known: Codes | Floats) -> Floats:
        """Of each item in each row: every language has the same weight, its items share it."""
        weights = np.zeros(known.shape)
        for code in np.unique(self.languages):
            at = self.languages == code
            weights[:, at] = known[:, at] / np.maximum(known[:, at].sum(axis=1, keepdims=True), 1)
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        return weights

    def sums(self, first: Codes, second: Codes) -> tuple[Floats, Codes]:
        """Each pair's weighted differences by prompt, prompts x pairs, and its number of items."""
        if not self.values.size:
            return np.zeros((0, first.size)), np.zeros(first.size, dtype=np.intp)
        if self.own is not None:
            return (self.own[first] - self.own[second]).T, np.full(first.size, self.values.shape[1])
        delta = self.values[first] - self.values[second]
        known = ~np.isnan(delta)
        weighted = np.where(known, delta, 0.0) * self._weights(known)
        return np.add.reduceat(weighted, self.starts, axis=1).T, known.sum(axis=1)

    def flipped(self, first: Codes, second: Codes, patterns: Signs) -> Signs:
        """Each pair's difference under each pattern of signs of the prompts."""
        if self.own is None:
            return patterns[:, self.places] @ self.sums(first, second)[0].astype(patterns.dtype)
        if self.flipped_own is None:
            self.flipped_own = patterns[:, self.places] @ self.own.T.astype(patterns.dtype)
        return self.flipped_own[:, first] - self.flipped_own[:, second]


def all_pairs(
    values: Floats,
    prompts: Clusters | Sequence[Hashable],
    languages: Sequence[Hashable] | None = None,
    *,
    seed: int = 0,
) -> tuple[PairTests, dict[Hashable, PairTests]]:
    """Every pair of models over all items, and every pair in each language.

    `values`: models x items, such as preferences in [0, 1]; nan where one is missing. `prompts` are
    the items' prompts, `languages` their languages, which weigh the same. A pair is compared on the
    items that both have. The p-values of all pairs over all items are corrected for one another,
    and so are those of all pairs in all languages. With one language the second part is empty.

    Raises UserError unless there is a prompt and a language for each item.
    """
    clusters = as_clusters(prompts)
    codes = Clusters(languages if languages is not None else [""] * len(clusters))
    if values.ndim != 2 or not len(clusters) == len(codes) == values.shape[1]:
        raise UserError(
            f"pairs of models: values of shape {values.shape} for {len(clusters)} prompts and {len(codes)} languages; "
            "need models x items, and one prompt and language for each item"
        )
    order = np.argsort(clusters.codes, kind="stable")
    values, prompt, code = values[:, order], clusters.codes[order], codes.codes[order]
    first, second = np.triu_indices(len(values), 1)
    overall = _tested([_Stratum(values, prompt, code)], first, second, clusters.n_clusters, seed)[0]
    if codes.n_clusters < 2:
        return overall, {}
    labels = list(dict.fromkeys(languages or ()))
    parts = [
        _Stratum(values[:, code == number], prompt[code == number], code[code == number])
        for number in range(len(labels))
    ]
    return overall, dict(zip(labels, _tested(parts, first, second, clusters.n_clusters, seed), strict=True))


def skew_factor(prompts: int, pairs: int) -> float:
    """What corrected p-values of several pairs are multiplied by: 1 + 3 / prompts.

    Equal models change places freely on a prompt, while a flip turns all their differences at once.
    With skewed verdicts and few prompts this calls a false pair in up to 6.6% of the rankings, and
    with the factor in 5.1% at most (`perf/false_differences.py`). Below 7 prompts, where p-values
    are multiples of 1/32 or more, it is 1.
    """
    return 1 + 3 / prompts if pairs > 1 and prompts > 6 else 1.0


def _tested(strata: Sequence[_Stratum], first: Codes, second: Codes, prompts: int, seed: int) -> list[PairTests]:
    """Every pair in each stratum, with p-values that are corrected for all of these."""
    pairs = first.size
    difference, scale, absolute = (np.full(pairs * len(strata), np.nan) for _ in range(3))
    n = np.zeros(pairs * len(strata), dtype=np.intp)
    for number, stratum in enumerate(strata):
        step = max(1, _CELLS // max(1, stratum.values.shape[1]))
        for start in range(0, pairs, step):
            at = slice(number * pairs + start, number * pairs + min(start + step, pairs))
            sums, n[at] = stratum.sums(first[start : start + step], second[start : start + step])
            difference[at] = np.where(n[at] > 0, sums.sum(axis=0), np.nan)
            scale[at], absolute[at] = sign_flips.root_of_squares(sums), np.abs(sums).sum(axis=0)

    def flipped(columns: Codes, patterns: Signs) -> Signs:
        found = np.empty((len(patterns), columns.size), dtype=patterns.dtype)
        for number, stratum in enumerate(strata):
            mine = np.flatnonzero(columns // pairs == number)
            if mine.size:
                pair = columns[mine] % pairs
                found[:, mine] = stratum.flipped(first[pair], second[pair], patterns)
        return found

    patterns = sign_flips.signs(prompts, difference.size, seed=seed)
    tested = sign_flips.step_down(difference, scale, absolute, patterns, flipped)
    adjusted = np.minimum(1.0, tested.p_adjusted * skew_factor(prompts, pairs))
    return [
        PairTests(first, second, difference[at], n[at], tested.p_value[at], adjusted[at])
        for at in (slice(k * pairs, (k + 1) * pairs) for k in range(len(strata)))
    ]
