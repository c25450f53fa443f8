"""Kinds of worse answers that a judge accepts: it is worse on them than on the other kinds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.judge_check.pairs import WORSE, Kind
from xl_alpacaeval_metric.stats.missing import Floats

LEVEL = 0.025
ACCEPTED = 0.7
"""The share of right verdicts on a kind up to which it is said to be accepted."""
LEAST_LIFT = 0.25
"""Or: its resolution above one half, as a share of that on the other kinds."""
PERMUTATIONS = 2000

Cell = tuple[Kind, str]
"""A kind in a language."""


@dataclass(slots=True)
class _Language:
    """The pairs of a language: one row a prompt, one column a kind; nan where there is none.

    `values` are probabilities given to the right answer, `credits` what they make of the pair.
    `named` are the columns that were found to be accepted.
    """

    code: str
    kinds: list[Kind]
    values: Floats
    credits: Floats
    named: Floats

    def differences(self, values: Floats) -> Floats:
        """Each column's sum of distances to the mean of the row's other columns.

        `values` may have axes in front.
        """
        open_ = self.named == 0
        total = values[..., open_].sum(axis=-1, keepdims=True)
        found: Floats = np.where(open_, values - (total - values) / max(1, open_.sum() - 1), 0.0).sum(axis=-2)
        return found


def accepted_kinds(judged: Sequence[JudgedPair], seed: int = 0) -> set[Cell]:
    """The kinds that are accepted, with the languages they are accepted in.

    Under the hypothesis that a judge is as good on each kind, the values of one prompt in one
    language can change places. 2000 such permutations give the distribution of the least, over all
    kinds and languages, of the standardised differences between a kind and the others: in one
    language, and over all languages. What lies below its 2.5% quantile, and is accepted in
    substance (`ACCEPTED`, `LEAST_LIFT`), is named, taken out, and the test repeated (step-down:
    Westfall & Young 1993).
    """
    languages = [found for code in dict.fromkeys(one.pair.language for one in judged) if (found := _of(judged, code))]
    generator = np.random.default_rng(seed)
    named: set[Cell] = set()
    while fresh := _step(languages, generator):
        named |= fresh
        for language in languages:
            for column, kind in enumerate(language.kinds):
                language.named[column] = (kind, language.code) in named
    return named


def _of(judged: Sequence[JudgedPair], code: str) -> _Language | None:
    mine = [one for one in judged if one.pair.language == code and one.pair.kind in WORSE and one.right is not None]
    kinds = [kind for kind in WORSE if any(one.pair.kind == kind for one in mine)]
    rows = {key: number for number, key in enumerate(dict.fromkeys(one.pair.id for one in mine))}
    if len(kinds) < 2:
        return None
    values = np.full((len(rows), len(kinds)), np.nan)
    credits = values.copy()
    for one in mine:
        place = rows[one.pair.id], kinds.index(one.pair.kind)
        values[place], credits[place] = one.right, one.credit
    # What is missing says nothing: it takes the mean of its row.
    values = np.where(np.isnan(values), np.nanmean(values, axis=1, keepdims=True), values)
    return _Language(code, kinds, values, credits, np.zeros(len(kinds)))


def _step(languages: Sequence[_Language], generator: np.random.Generator) -> set[Cell]:
    observed: dict[tuple[Kind, str | None], float] = {}
    permuted: dict[tuple[Kind, str | None], Floats] = {}
    for language in languages:
        if (language.named == 0).sum() < 2:
            continue
        sums, of_permutations = language.differences(language.values), _permutations(language, generator)
        for column, kind in enumerate(language.kinds):
            if language.named[column] == 0:
                for key in ((kind, language.code), (kind, None)):
                    observed[key] = observed.get(key, 0.0) + float(sums[column])
                    permuted[key] = permuted.get(key, 0.0) + of_permutations[:, column]
    scales = {key: float(of.std()) for key, of in permuted.items()}
    keys = [key for key, scale in scales.items() if scale > 1e-9]
    if not keys:
        return set()
    least = np.min([permuted[key] / scales[key] for key in keys], axis=0)
    low = [key for key in keys if (1 + (least <= observed[key] / scales[key] + 1e-9).sum()) / (least.size + 1) <= LEVEL]
    alone = {(kind, code) for kind, code in low if code is not None and _is_accepted(languages, kind, code)}
    if alone:
        return alone
    everywhere = {kind for kind, code in low if code is None}
    cells = {
        (kind, language.code)
        for language in languages
        for column, kind in enumerate(language.kinds)
        if kind in everywhere and language.named[column] == 0 and _is_accepted(languages, kind, language.code)
    }
    # All languages together say that the kind is accepted, not where: with few it is some of them.
    return {
        (kind, code)
        for kind, code in cells
        if 2 * sum(of == kind for of, _ in cells) >= sum(kind in language.kinds for language in languages)
    }


def _permutations(language: _Language, generator: np.random.Generator) -> Floats:
    open_ = np.flatnonzero(language.named == 0)
    values = np.broadcast_to(language.values, (PERMUTATIONS, *language.values.shape)).copy()
    values[..., open_] = generator.permuted(values[..., open_], axis=-1)
    return language.differences(values)


def _is_accepted(languages: Sequence[_Language], kind: Kind, code: str) -> bool:
    language = next(one for one in languages if one.code == code)
    column = language.kinds.index(kind)
    others = (language.named == 0) & (np.arange(len(language.kinds)) != column)
    lift = float(language.values[:, column].mean()) - 0.5
    usual = float(np.median(language.values[:, others].mean(axis=0))) - 0.5
    return float(np.nanmean(language.credits[:, column])) <= ACCEPTED or lift < LEAST_LIFT * usual
