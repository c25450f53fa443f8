"""Length-controlled win rates: of one language, of several, and the part of each item in them."""

from collections.abc import Hashable, Mapping, Sequence
from math import hypot, nan, sqrt
from typing import Any

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records.result import Taste, WinRate
from xl_alpacaeval_metric.stats.clusters import as_clusters
from xl_alpacaeval_metric.stats.length_control import taste_model
from xl_alpacaeval_metric.stats.missing import Floats, Numbers, as_floats, as_preferences
from xl_alpacaeval_metric.stats.strata import Labels, Strata
from xl_alpacaeval_metric.stats.win_rates import win_rate

_DECIDED = 1e-12
"""A mean preference this close to 0 or 1 leaves no room for an effect of length."""


def length_controlled_win_rate(
    preferences: Numbers,
    candidate_lengths: Numbers,
    reference_lengths: Numbers,
    *,
    taste: Taste | None = None,
    markdown: tuple[Numbers, Numbers] | None = None,
    markdown_taste: Taste | None = None,
) -> WinRate:
    """Win rate with the judge's taste for long answers removed, from these answers alone.

    `preferences` as in `win_rate`; lengths in characters, item by item. An item without preference
    or without one of its lengths is missing: left out and counted in `n_missing`. `wins`, `losses`
    and `ties` count the raw preferences of the other items. `taste` is what the judge gives for
    length as such, where that was measured; without it GPT-4's is taken. `markdown` are the counts
    of Markdown elements of candidates and references, which count only with a `markdown_taste`.

    **Model.** Dubois et al. 2024 (arXiv 2404.04475) fit, for one model, a logistic regression of
    the preference on t = tanh(d / s), d = candidate length - reference length and s the standard
    deviation of d (ddof = 1), beside an intercept and each instruction's difficulty. The
    difficulties are a table made for AlpacaEval's 805 prompts. Without that table, the slope on t
    also contains what is merely correlated with length: a reference is long where the task is
    demanding, and there a weak model loses for other reasons. So the slope here is a sum of two
    parts,

        logit p = a + (taste + confounding) * t,
        taste ~ N(1.25, 0.2^2),    confounding ~ N(0.65, 0.2^2),

    and the value is the mean of 100 * sigmoid(a + confounding * t): the taste is set to zero, the
    difficulty of the tasks is kept. The data determine only the sum, so the maximum a posteriori
    fit has two parameters, the intercept and a slope with prior N(1.9, 2 * 0.2^2); of the slope's
    distance from 1.9, half goes to either part.

    **Constants.** 1.25, 0.65 and 0.2 are round values within 0.02 points of the least mean distance
    to the length-controlled win rates that AlpacaEval 2 publishes, over 28 models with win rates
    from 2% to 70%: 0.76 points. The minimum is flat: fitted with one model left out at a time, the
    values stay in 1.05..1.4, 0.5..0.8 and 0.2..0.4, and the mean distance to the model left out is
    0.83. On 28 further models, seen for the form of the model only, it is 0.56. s is never below a
    tenth of the mean length: otherwise answers that differ by a handful of characters would be
    corrected as if one were twice as long; this also covers constant lengths and n = 1. On the
    models above s was 0.3 to 1.2 times the mean length, so the limit changes nothing there.

    **A measured taste** takes the place of 1.25. Its own standard deviation is then its standard
    error, and 0.3 for what may lie between padded answers and answers that are long by nature; the
    parts get their shares of the slope's distance from the prior mean by their variances. Markdown
    is one more term of the same form, on t of the counts, with a confounding of mean 0.

    **Properties.** Swapping the two sides (1 - p, lengths swapped) gives 100 minus the value. With
    equal lengths in every item, value and standard error are the win rate's. Without any win the
    value is 0, without any loss 100, and without any item nan. The standard error is the delta
    method's on the sandwich covariance of the fit. It takes the lengths as sampled, too. The
    uncertainty of a measured taste is in it, (dLC / dtaste)^2 SE^2 added to the variance; that of
    GPT-4's is not. It is nan for n < 2.

    Raises UserError for sequences of different lengths, preferences outside [0, 1], lengths below 0
    or infinite.
    """
    return overall_length_controlled_win_rate(
        preferences,
        candidate_lengths,
        reference_lengths,
        tastes=None if taste is None else {None: taste},
        markdown=markdown,
        markdown_tastes=None if markdown_taste is None else {None: markdown_taste},
    )


def overall_length_controlled_win_rate(
    preferences: Numbers,
    candidate_lengths: Numbers,
    reference_lengths: Numbers,
    languages: Sequence[Hashable] | None = None,
    prompts: Labels | None = None,
    *,
    orders: Labels | None = None,
    tastes: Mapping[Any, Taste] | None = None,
    markdown: tuple[Numbers, Numbers] | None = None,
    markdown_tastes: Mapping[Any, Taste] | None = None,
    of_same_content: bool = False,
) -> WinRate:
    """The mean of the languages' length-controlled win rates.

    `languages`, `prompts`, `orders`: language and prompt of each item, and which answer the judge
    saw first, as in `win_rate_interval`; `tastes`: the judge's taste by language; without any,
    GPT-4's in all. Tastes `of_same_content` were measured on answers that differ in nothing else,
    as by the judge check, and are taken from each preference (`taste_model.without`); otherwise
    they are slopes of the preferences at hand, as GPT-4's is. The rest as in
    `length_controlled_win_rate`. Lengths are compared within a language. The standard error is that
    over prompts as clusters, to which the errors of the tastes are added as if all were wrong in
    the same direction. With one language this is its length-controlled win rate; value and standard
    error are nan without a preference.

    Raises UserError as `length_controlled_win_rate` does, and for a language without a taste.
    """
    parts, unsure, n_missing = length_controlled_parts(
        preferences,
        candidate_lengths,
        reference_lengths,
        languages,
        tastes,
        markdown,
        markdown_tastes,
        of_same_content=of_same_content,
    )
    n = parts.size
    strata = Strata.of(parts, range(n) if prompts is None else prompts, languages, orders)
    raw = win_rate(np.where(np.isnan(parts), nan, as_preferences(preferences)))
    error = hypot(sqrt(max(0.0, strata.variance)), unsure) if strata.n_prompts > 1 else nan
    return WinRate(100 * strata.mean, 100 * error, raw.wins, raw.losses, raw.ties, raw.n, n_missing)


def length_controlled_parts(
    preferences: Numbers,
    candidate_lengths: Numbers,
    reference_lengths: Numbers,
    languages: Sequence[Hashable] | None = None,
    tastes: Mapping[Any, Taste] | None = None,
    markdown: tuple[Numbers, Numbers] | None = None,
    markdown_tastes: Mapping[Any, Taste] | None = None,
    *,
    of_same_content: bool = False,
) -> tuple[Floats, float, int]:
    """The part of each item in the length-controlled win rate, nan where the item is missing.

    The mean of the parts in a language is its rate, from 0 to 1, and their variance that of the
    rate. Beside the parts: what the errors of the tastes add to the standard error of the mean over
    languages, and the number of missing items.
    """
    p = as_preferences(preferences)
    sides = [
        _as_counts(candidate_lengths, "candidate length", p.size),
        _as_counts(reference_lengths, "reference length", p.size),
    ]
    if markdown is not None and markdown_tastes:
        sides += [_as_counts(one, "Markdown count", p.size) for one in markdown]
    codes: Sequence[Hashable] = [None] * p.size if languages is None else languages
    if len(codes) != p.size:
        raise UserError(f"languages: {len(codes)} for {p.size} preferences; need one for each")
    known = np.flatnonzero(~np.isnan(np.stack([p, *sides])).any(axis=0))
    parts = np.full(p.size, nan)
    unsure = []
    for members in as_clusters(codes).members():
        code, at = codes[members[0]], np.intersect1d(members, known)
        if not at.size:
            continue
        parts[at], error = _in_language(
            p[at],
            [side[at] for side in sides],
            _taste(tastes, code),
            (markdown_tastes or {}).get(code),
            of_same_content,
        )
        unsure.append(error)
    return parts, sum(unsure) / max(1, len(unsure)), p.size - known.size


def _in_language(
    p: Floats, sides: Sequence[Floats], taste: Taste | None, markdown_taste: Taste | None, of_same_content: bool
) -> tuple[Floats, float]:
    if not _DECIDED < p.mean() < 1 - _DECIDED:
        return p, 0.0

    features, tastes = [taste_model.scaled_difference(*sides[:2])], [taste]
    if markdown_taste is not None and len(sides) > 2:
        unit = taste_model.MARKDOWN_UNIT
        difference = np.tanh((sides[2] - sides[3]) / unit) if of_same_content else None
        features.append(taste_model.scaled_difference(*sides[2:]) if difference is None else difference)
        tastes.append(markdown_taste)
    known = [one for one in tastes if one is not None]
    if of_same_content and len(known) == len(tastes) and taste_model.has_probabilities(p):
        return taste_model.without(p, features, known)
    effects = [taste_model.length_effect(features[0], tastes[0])]
    effects += [taste_model.markdown_effect(t, one) for t, one in zip(features[1:], tastes[1:], strict=True) if one]
    return taste_model.controlled(p, effects)


def _taste(tastes: Mapping[Any, Taste] | None, code: Hashable) -> Taste | None:
    if not tastes:
        return None
    if code not in tastes:
        raise UserError(f"no taste for length is given for {code}; need one for each language")
    return tastes[code]


def _as_counts(values: Numbers, name: str, n: int) -> Floats:
    lengths = as_floats(values, name)
    if lengths.size != n:
        raise UserError(f"{name}s: {lengths.size} for {n} preferences; need one for each")
    bad = np.flatnonzero((lengths < 0) | np.isinf(lengths))
    if bad.size:
        i = int(bad[0])
        raise UserError(f"{name} {i} is {lengths[i]}; need a number, 0 or more")
    return lengths
