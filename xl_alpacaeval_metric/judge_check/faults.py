"""Faults: what a judge does wrong in some languages, told from chance.

Three tests at levels that sum to 5%: a judge without faults is said to have one in at most one
check of twenty, over all kinds and languages.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from xl_alpacaeval_metric.judge_check.accepted import accepted_kinds
from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.judge_check.pairs import WORSE, Kind
from xl_alpacaeval_metric.stats.missing import Floats

LEVEL_LEAN, LEVEL_LENGTH = 0.01, 0.015
LEAST_LEAN = 0.10
"""Distance of the probability given to the first answer from one half, to be called a fault."""
LEAST_LENGTH = 0.10
"""The same of the probability given to the padded answer."""
_EXACT = 12
"""Up to this many values all sign flips are counted; of more, a sample of `_FLIPS`."""
_FLIPS = 5_000

ACCEPTS: dict[Kind, str] = {
    "other_prompt": "answers to another request",
    "other_language": "answers in another language",
    "cut": "answers that are cut off",
    "loop": "loops",
    "garbled": "garbled words",
    "half_english": "answers half in English",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A line on what is wrong, and the languages that it is about."""

    text: str
    languages: tuple[str, ...]

    def line(self, n_languages: int) -> str:
        """The fault in words; `n_languages` were checked."""
        every = len(self.languages) == n_languages > 1
        return f"{'every language' if every else ', '.join(self.languages)}: {self.text}"


def faults(judged: Sequence[JudgedPair], no_judge: frozenset[str] = frozenset()) -> list[Fault]:
    """The faults that the judged pairs show.

    Languages in which it is `no_judge` accept everything, so that no kind is named for them.
    """
    found = accepted_kinds([one for one in judged if one.pair.language not in no_judge])
    languages = list(dict.fromkeys(one.pair.language for one in judged))
    lines = []
    for kind in WORSE:
        codes = tuple(code for code in languages if (kind, code) in found)
        if codes:
            of_kind = [one for one in judged if one.pair.kind == kind and one.pair.language in codes]
            credits = [credit for one in of_kind if (credit := one.credit) is not None]
            lines.append(Fault(f"accepts {ACCEPTS[kind]} ({sum(credits):g} of {len(credits)} right)", codes))
    rest = [one for one in judged if one.pair.kind in WORSE and (one.pair.kind, one.pair.language) not in found]
    leans = _by_language(rest, lambda one: None if one.first is None else one.first - 0.5)
    for sign, which in ((1, "first"), (-1, "second")):
        codes, mean = _beyond({code: sign * of for code, of in leans.items()}, LEAST_LEAN, LEVEL_LEAN / 2)
        if codes:
            lines.append(Fault(f"prefers the answer shown {which} (mean probability {0.5 + mean:.2f})", codes))
    padded = [one for one in judged if one.pair.kind == "padded"]
    codes, mean = _beyond(
        _by_language(padded, lambda one: None if one.right is None else 0.5 - one.right), LEAST_LENGTH, LEVEL_LENGTH
    )
    if codes:
        lines.append(Fault(f"prefers padded answers (mean probability {0.5 + mean:.2f})", codes))
    return lines


def _by_language(judged: Sequence[JudgedPair], value: Callable[[JudgedPair], float | None]) -> dict[str, Floats]:
    found: dict[str, list[float]] = {}
    for one in judged:
        if (known := value(one)) is not None:
            found.setdefault(one.pair.language, []).append(known)
    return {code: np.array(of) for code, of in found.items()}


def _beyond(found: dict[str, Floats], least: float, level: float) -> tuple[tuple[str, ...], float]:
    """The languages whose mean is at least `least` and not 0 by chance, and the mean over them.

    One-sided sign-flip tests of each language and of all together, corrected by Holm.
    """
    if not found:
        return (), 0.0
    together = np.concatenate(list(found.values()))
    tests = sorted([*((_p_value(of), code) for code, of in found.items()), (_p_value(together), "")])
    rejected = set()
    for number, (p_value, code) in enumerate(tests):
        if p_value * (len(tests) - number) > level:
            break
        rejected.add(code)
    codes = tuple(code for code, of in found.items() if of.mean() >= least and (code in rejected or "" in rejected))
    # All together say which direction, not which language: with fewer than half it is one of them.
    if 2 * len(codes) < len(found):
        codes = tuple(code for code in codes if code in rejected)
    return codes, float(np.concatenate([found[code] for code in codes]).mean()) if codes else 0.0


def _p_value(values: Floats) -> float:
    """The one-sided p-value of a sign-flip test of mean 0 against a larger one."""
    if not values.size or not values.any():
        return 1.0
    if values.size <= _EXACT:
        bits = (np.arange(2**values.size)[:, None] >> np.arange(values.size)) & 1
        sums = (1.0 - 2.0 * bits) @ values
        return float((sums >= values.sum() - 1e-9).mean())
    generator = np.random.default_rng(0)
    signs = 1.0 - 2.0 * generator.integers(0, 2, (_FLIPS, values.size))
    return float((1 + (signs @ values >= values.sum() - 1e-9).sum()) / (_FLIPS + 1))
