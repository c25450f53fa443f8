"""What a fine-tuning changed: every figure before and after, and the interval of the difference.

Both are computed on the items that have the figure in both runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import fidelity
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs import compare
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.compare import Run
from xl_alpacaeval_metric.stats.clusters import Clusters, Codes
from xl_alpacaeval_metric.stats.differences import paired_difference
from xl_alpacaeval_metric.stats.length_control import overall_length_controlled_win_rate
from xl_alpacaeval_metric.stats.missing import none_if_nan, none_if_undefined

RESAMPLES = 1000
"""For the length-controlled win rate, which is fitted anew in each; the others use 2,000."""

Key = tuple[str, str]
FIGURES = {"line_pass_rate": "language fidelity", "win_rate": "win rate", "lc_win_rate": "length-controlled win rate"}


@dataclass(frozen=True, slots=True)
class Change:
    """One figure before and after in percent, in one language or in all.

    It is over the `n` items of `n_prompts` prompts that have the figure in both runs; `n_missing`
    lack it in one of them: no line is long enough to identify its language, or there is no verdict.
    `difference` is after - before in percentage points. None where the items are too few.
    """

    benchmark: str
    figure: str
    language: str
    before: float | None
    after: float | None
    difference: float | None
    ci95: tuple[float, float] | None
    p_value: float | None
    n: int
    n_prompts: int
    n_missing: int

    @property
    def significant(self) -> bool:
        """Whether the interval excludes zero."""
        return self.ci95 is not None and (self.ci95[0] > 0 or self.ci95[1] < 0)


def changes(benchmark: str, before: Path, after: Path, *, judged: bool) -> tuple[list[Change], tuple[str, ...]]:
    """Every figure of two run folders, over all languages and in each; the comparison's caveats.

    Raises UserError where the runs share no item or cannot be compared.
    """
    first, second = samples(before), samples(after)
    keys = [key for key in first if key in second and first[key].instruction == second[key].instruction]
    if not keys:
        raise UserError(f"{before} and {after} share no item")
    found = _each(benchmark, "line_pass_rate", keys, first, _passes(first, keys), _passes(second, keys))
    if not judged:
        return found, ()
    base, tuned = compare.load(before), compare.load(after)
    compared = compare.compare(tuned, base)
    found += _each(benchmark, "win_rate", keys, first, *(_preferences(run, keys) for run in (base, tuned)))
    for language, some in _groups(keys).items():
        found.append(_length_controlled(benchmark, language, base, tuned, some))
    return found, compared.caveats


def samples(folder: Path) -> dict[Key, Comparison]:
    """The answers of a run folder by id and language."""
    return {item.key: item for item in run_folder.read_samples(folder / run_folder.SAMPLES)}


def _groups(keys: Sequence[Key]) -> dict[str, list[Key]]:
    """All keys together, then by language where there is more than one."""
    codes = list(dict.fromkeys(code for _, code in keys))
    of_language = {code: [key for key in keys if key[1] == code] for code in codes}
    return {"all": list(keys), **(of_language if len(codes) > 1 else {})}


def _passes(items: Mapping[Key, Comparison], keys: Sequence[Key]) -> dict[Key, float | None]:
    found = fidelity.texts_fidelity([items[key].prediction for key in keys], [key[1] for key in keys])
    return {k: None if one.line_pass is None else float(one.line_pass) for k, one in zip(keys, found, strict=True)}


def _preferences(run: Run, keys: Sequence[Key]) -> dict[Key, float | None]:
    return {key: run.preferences.get(key) for key in keys}


def _each(
    benchmark: str,
    figure: str,
    keys: Sequence[Key],
    items: Mapping[Key, Comparison],
    before: Mapping[Key, float | None],
    after: Mapping[Key, float | None],
) -> list[Change]:
    """A figure that is the mean of the items' own values."""
    found = []
    for language, some in _groups(keys).items():
        both = [key for key in some if before[key] is not None and after[key] is not None]
        difference = paired_difference(
            [after[key] for key in some],
            [before[key] for key in some],
            [items[key].cluster for key in some],
            [code for _, code in some],
        )
        found.append(
            Change(
                benchmark,
                figure,
                language,
                before=_mean([before[key] for key in both]),
                after=_mean([after[key] for key in both]),
                difference=none_if_nan(difference.value),
                ci95=none_if_undefined(difference.ci95),
                p_value=none_if_nan(difference.p_value),
                n=difference.n,
                n_prompts=difference.clusters,
                n_missing=difference.n_missing,
            )
        )
    return found


def _length_controlled(benchmark: str, language: str, base: Run, tuned: Run, keys: Sequence[Key]) -> Change:
    """The length-controlled win rate, before and after.

    The interval is the percentile bootstrap over whole prompts, with both rates fitted anew to each
    draw.
    """
    both = [k for k in keys if base.preferences.get(k) is not None and tuned.preferences.get(k) is not None]
    prompts = Clusters.by_prompt(base.items[key] for key in both).members()
    rates = [_rate(run, both) for run in (base, tuned)]
    before, after = (rate(np.arange(len(both))) for rate in rates)
    interval = (nan, nan)
    if len(prompts) > 1:
        random = np.random.default_rng(0)
        drawn = (
            np.concatenate([prompts[i] for i in random.integers(0, len(prompts), len(prompts))])
            for _ in range(RESAMPLES)
        )
        differences = [rates[1](one) - rates[0](one) for one in drawn]
        low, high = np.quantile(differences, [0.025, 0.975])
        interval = (float(low), float(high))
    return Change(
        benchmark,
        "lc_win_rate",
        language,
        before=none_if_nan(before),
        after=none_if_nan(after),
        difference=none_if_nan(after - before),
        ci95=none_if_undefined(interval),
        p_value=None,
        n=len(both),
        n_prompts=len(prompts),
        n_missing=len(keys) - len(both),
    )


def _rate(run: Run, keys: Sequence[Key]) -> Callable[[Codes], float]:
    """The length-controlled win rate of the items at some indices, which may repeat."""
    preferences = np.array([run.preferences[key] for key in keys], dtype=np.float64)
    candidate = np.array([len(run.items[key].prediction) for key in keys], dtype=np.float64)
    reference = np.array([len(run.items[key].reference) for key in keys], dtype=np.float64)
    languages = Clusters(key[1] for key in keys)
    return lambda at: (
        overall_length_controlled_win_rate(preferences[at], candidate[at], reference[at], languages.take(at)).value
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return 100 * sum(known) / len(known) if known else None
