"""The effect of a factor: items in several designs, each design compared with the baseline."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import nan
from statistics import fmean

from xl_alpacaeval_metric.records.result import Effect
from xl_alpacaeval_metric.stats.differences import holm, paired_difference
from xl_alpacaeval_metric.stats.missing import none_if_nan, none_if_undefined

BASELINE = "same"
"""The design in which context, request and response are in the same language."""

Values = Mapping[tuple[str, str], float | None]
"""(prompt, language) -> the figure of its item in one design, 0..1; None where it is missing."""

_Pair = tuple[float, float, str, str | None]


def effects(figures: Mapping[str, Mapping[str, Values]]) -> dict[str, dict[str, Effect]]:
    """Design -> figure -> its difference from the baseline, in percentage points.

    `figures`: figure -> design -> values. Paired by prompt and language where both designs have the
    prompt in one language, else by prompt, with the mean over its languages. Interval and p-value
    are those of `paired_difference`, over prompts as clusters; the p-values of a figure are also
    corrected for the number of designs (`holm`). Empty without a baseline.
    """
    found: dict[str, dict[str, Effect]] = {}
    for figure, designs in figures.items():
        if BASELINE not in designs:
            continue
        of_figure = {design: _effect(values, designs[BASELINE]) for design, values in designs.items()}
        del of_figure[BASELINE]
        corrected = holm([nan if one.p_value is None else one.p_value for one in of_figure.values()])
        for (design, effect), p in zip(of_figure.items(), corrected, strict=True):
            found.setdefault(design, {})[figure] = replace(effect, p_value_holm=none_if_nan(p))
    return found


def _effect(after: Values, before: Values) -> Effect:
    pairs = list(_pairs(after, before))
    prompts, languages = [pair[2] for pair in pairs], [pair[3] for pair in pairs]
    # A language with one prompt shows no variance of its own.
    by_language = None not in languages and min(Counter(languages).values(), default=0) > 1
    found = paired_difference(
        [pair[0] for pair in pairs], [pair[1] for pair in pairs], prompts, languages if by_language else None
    )
    return Effect(
        difference=none_if_nan(found.value),
        ci95=none_if_undefined(found.ci95),
        p_value=none_if_nan(found.p_value),
        n=found.n,
    )


def _pairs(after: Values, before: Values) -> Iterator[_Pair]:
    """After, before, prompt, and the language where both are in one."""
    known, baseline = _by_prompt(after), _by_prompt(before)
    for prompt, of_after in known.items():
        of_before = baseline.get(prompt, {})
        shared = [code for code in of_after if code in of_before]
        for code in shared:
            yield of_after[code], of_before[code], prompt, code
        if of_before and not shared:
            yield fmean(of_after.values()), fmean(of_before.values()), prompt, None


def _by_prompt(values: Values) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for (prompt, code), value in values.items():
        if value is not None:
            found.setdefault(prompt, {})[code] = value
    return found
