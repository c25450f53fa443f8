"""What a fine-tuning changed: every figure before and after, and the interval of the difference.

Both are computed on the items that have the figure in both runs.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.languages import fidelity
from xl_alpacaeval_metric.languages.content_length import content_lengths
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.records.result import Taste
from xl_alpacaeval_metric.runs import compare
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.compare import Run
from xl_alpacaeval_metric.stats.differences import holm, paired_difference, t_test
from xl_alpacaeval_metric.stats.length_control import length_controlled_parts, markdown_counts
from xl_alpacaeval_metric.stats.length_control.known_tastes import LengthControl
from xl_alpacaeval_metric.stats.missing import Floats, as_preferences, none_if_nan, none_if_undefined
from xl_alpacaeval_metric.stats.strata import Strata

CHECK = "check.json"
"""The judge check in a run folder."""

Key = tuple[str, str]
Orders = tuple[str | None, str | None]
"""The orders that two runs' answers to an item were judged in."""
FIGURES = {"line_pass_rate": "language fidelity", "win_rate": "win rate", "lc_win_rate": "length-controlled win rate"}


@dataclass(frozen=True, slots=True)
class Change:
    """One figure before and after in percent, in one language or in all.

    It is over the `n` items of `n_prompts` prompts that have the figure in both runs; `n_missing`
    lack it in one of them: no line is long enough to identify its language, or there is no verdict.
    `difference` is after - before in percentage points; over all languages the figures are the
    means of the languages'. `p_value_holm` is corrected (`corrected`). None where the items are too
    few. `no_judge` says that the check of a run's judge found it to be none: the figure says
    nothing.
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
    p_value_holm: float | None = None
    no_judge: bool = False

    @property
    def significant(self) -> bool:
        """Whether the p-value, corrected if it was, is at most 0.05."""
        p = self.p_value if self.p_value_holm is None else self.p_value_holm
        return p is not None and p <= 0.05


def corrected(changes: Sequence[Change]) -> list[Change]:
    """The changes with p-values corrected by Holm's method.

    Those over all languages are corrected for their number, whatever figure and benchmark they are
    of; those of single languages for the number of languages of their figure and benchmark.
    """
    families: dict[object, list[int]] = {}
    for number, change in enumerate(changes):
        family = "all" if change.language == "all" else (change.benchmark, change.figure)
        families.setdefault(family, []).append(number)
    found = list(changes)
    for numbers in families.values():
        p_values = [found[i].p_value for i in numbers]
        for i, p in zip(numbers, holm([nan if p is None else p for p in p_values]), strict=True):
            found[i] = replace(found[i], p_value_holm=none_if_nan(p))
    return found


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
    orders = dict(zip(keys, compare.orders_of(base, tuned, keys), strict=True))
    preferences = [_preferences(run, keys) for run in (base, tuned)]
    found += _each(benchmark, "win_rate", keys, first, preferences[0], preferences[1], orders)
    control = LengthControl(_tastes(before, after, "length"), markdown_tastes=_tastes(before, after, "markdown"))
    if control.reason(Counter(code for _, code in keys)) is None:
        for language, some in _groups(keys).items():
            found.append(_length_controlled(benchmark, language, base, tuned, some, control))
    none = _without_judge(before) | _without_judge(after)
    found = [replace(one, no_judge=one.figure != "line_pass_rate" and one.language in none) for one in found]
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
    orders: Mapping[Key, Orders] | None = None,
) -> list[Change]:
    """A figure that is the mean of the items' own values, judged in these orders."""
    found = []
    for language, some in _groups(keys).items():
        both = [key for key in some if before[key] is not None and after[key] is not None]
        difference = paired_difference(
            [after[key] for key in some],
            [before[key] for key in some],
            [items[key].cluster for key in some],
            [code for _, code in some],
            orders=None if orders is None else [orders[key] for key in some],
        )
        found.append(
            Change(
                benchmark,
                figure,
                language,
                before=_mean(before, both, orders),
                after=_mean(after, both, orders),
                difference=none_if_nan(difference.value),
                ci95=none_if_undefined(difference.ci95),
                p_value=none_if_nan(difference.p_value),
                n=difference.n,
                n_prompts=difference.clusters,
                n_missing=difference.n_missing,
            )
        )
    return found


def _length_controlled(
    benchmark: str, language: str, base: Run, tuned: Run, keys: Sequence[Key], control: LengthControl
) -> Change:
    """The length-controlled win rate, before and after.

    Interval and p-value are of a t-test over prompts, on each item's part in the two rates; the
    errors of the tastes, which move both, are added to its variance.
    """
    both = [k for k in keys if base.preferences.get(k) is not None and tuned.preferences.get(k) is not None]
    codes, prompts = [code for _, code in both], [base.items[key].cluster for key in both]
    before, after = (_parts(run, both, control) for run in (base, tuned))
    orders = compare.orders_of(base, tuned, both)
    low, high, p_value = t_test(Strata.of(after[0] - before[0], prompts, codes, orders), (after[1] - before[1]) ** 2)
    rates = [100 * Strata.of(parts, prompts, codes, orders).mean for parts, _ in (before, after)]
    return Change(
        benchmark,
        "lc_win_rate",
        language,
        before=none_if_nan(rates[0]),
        after=none_if_nan(rates[1]),
        difference=none_if_nan(rates[1] - rates[0]),
        ci95=none_if_undefined((100 * low, 100 * high)),
        p_value=none_if_nan(p_value),
        n=len(both),
        n_prompts=len(set(prompts)),
        n_missing=len(keys) - len(both),
    )


def _parts(run: Run, keys: Sequence[Key], control: LengthControl) -> tuple[Floats, float]:
    """Each item's part in the run's length-controlled win rate, and the tastes' error in it."""
    codes = [code for _, code in keys]
    texts = [[run.items[key].prediction for key in keys], [run.items[key].reference for key in keys]]
    parts, unsure, _ = length_controlled_parts(
        [run.preferences[key] for key in keys],
        content_lengths(texts[0], codes),
        content_lengths(texts[1], codes),
        codes,
        control.tastes,
        (markdown_counts(texts[0]), markdown_counts(texts[1])),
        control.markdown_tastes,
        of_same_content=True,
    )
    return parts, unsure


def _tastes(before: Path, after: Path, what: str) -> dict[str, Taste]:
    """The judge's taste for length or Markdown by language, where a run's judge check has it."""
    tastes: dict[str, Taste] = {}
    for file in (after / CHECK, before / CHECK):
        found = jsonl.read_json(file).get("by_language") if file.is_file() else None
        for code, one in found.items() if isinstance(found, dict) else ():
            if isinstance(one, dict) and isinstance(one.get(f"{what}_taste"), int | float):
                # A dislike of padding is no taste for short answers (see judge_check.checking).
                value = one[f"{what}_taste"] if what == "markdown" else max(0.0, one[f"{what}_taste"])
                tastes[code] = Taste(value, one.get(f"{what}_taste_stderr") or 0.0)
    return tastes


def _without_judge(folder: Path) -> set[str]:
    """The languages, and "all", in which the check of a run's judge found that it is none."""
    results = jsonl.read_json(folder / run_folder.RESULTS)
    by_language = results.get("by_language")
    rows = {"all": results, **(by_language if isinstance(by_language, dict) else {})}
    checks = {code: row.get("judge_check") for code, row in rows.items() if isinstance(row, dict)}
    return {code for code, one in checks.items() if isinstance(one, dict) and one.get("verdict") == "no judge"}


def _mean(values: Mapping[Key, float | None], keys: Sequence[Key], orders: Mapping[Key, Orders] | None) -> float | None:
    """The mean of the languages' means, in percent."""
    known = as_preferences([values[key] for key in keys])
    halves = None if orders is None else [orders[key] for key in keys]
    return none_if_nan(100 * Strata.of(known, range(len(keys)), [code for _, code in keys], halves).mean)
