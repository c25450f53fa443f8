"""How often the judge check names a fault that is none, finds a planted one, and says "passed".

    python perf/judge_check.py [CHECKS]

Simulated judges on control pairs in one, two and twelve languages, in the small and the full form,
with the rounds that stop early in the small one. A false alarm is a check of a judge without faults
that names one; it should be 5% at most. The second table has the verdicts on judges whose true
accuracy or resolution is known: one of 80% should seldom pass.
"""

import math
import sys
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.judge_check.check import Controls, figures_by_language, in_rounds
from xl_alpacaeval_metric.judge_check.faults import faults
from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.judge_check.pairs import SMALL, WORSE, ControlPair, Kind

Judge = Callable[[np.random.Generator, Kind, str, float], tuple[float, float]]
"""Generator, kind, language, the prompt's ease -> probability of the right answer, by order."""
FORMS: dict[str, tuple[Sequence[Kind], int]] = {"small": (SMALL, 10), "full": ((*WORSE, "padded"), 16)}
RIGHT = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0)
RESOLUTION = (0.5, 0.52, 0.55, 0.6, 0.7, 0.75, 0.8, 0.9)


def hard(error: float) -> Judge:
    """Verdicts of 0 or 1, wrong with this probability; padding makes no difference."""
    return lambda generator, kind, code, ease: tuple(
        (generator.random(2) > (0.5 if kind == "padded" else error)).astype(float).tolist()
    )


def soft(mean: float, sd: float, lean: float = 0.0) -> Judge:
    """Probabilities: log-odds around `mean` and the prompt's ease, `lean` to the first answer."""

    def verdict(generator: np.random.Generator, kind: Kind, code: str, ease: float) -> tuple[float, float]:
        odds = (0.0 if kind == "padded" else mean + 0.5 * ease) + sd * generator.standard_normal()
        return 1 / (1 + math.exp(lean - odds)), 1 / (1 + math.exp(-lean - odds))

    return verdict


def coin(generator: np.random.Generator, kind: Kind, code: str, ease: float) -> tuple[float, float]:
    return float(generator.random() < 0.5), float(generator.random() < 0.5)


def wrong(generator: np.random.Generator, kind: Kind, code: str, ease: float) -> tuple[float, float]:
    return 0.0, 0.0


def but(judge: Judge, kind: Kind, fault: Judge, language: str = "") -> Judge:
    """As `judge`, but on one kind (in one language)."""
    return lambda generator, of, code, ease: (
        fault if of == kind and language in ("", code) else judge
    )(generator, of, code, ease)  # fmt: skip


def differing(share: float) -> Judge:
    """Right in this share of the verdicts of 0 or 1: more on some prompts than on others."""
    ease = np.random.default_rng(0).standard_normal(100_000)
    low, high = -10.0, 10.0
    while high - low > 1e-6:  # The log-odds that give the share on average.
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-middle - ease))).mean() < share else (low, middle)

    def verdict(generator: np.random.Generator, kind: Kind, code: str, ease: float) -> tuple[float, float]:
        chance = 0.5 if kind == "padded" else 1 / (1 + math.exp(-low - ease))
        return float(generator.random() < chance), float(generator.random() < chance)

    return verdict


def sure(mean: float) -> Judge:
    """Gives the right answer this probability on average, with a standard deviation of 0.1."""

    def verdict(generator: np.random.Generator, kind: Kind, code: str, ease: float) -> tuple[float, float]:
        first, second = np.clip(generator.normal(mean, 0.1, 2), 0.0, 1.0).tolist()
        return first, second

    return verdict


def checked(
    judge: Judge, languages: Sequence[str], form: str, seed: int
) -> tuple[Controls, list[JudgedPair], set[str]]:
    """A check: its pairs, those that were judged, and the languages that were left early."""
    generator, (kinds, n) = np.random.default_rng(seed), FORMS[form]
    ease = {(code, f"p{number}"): float(generator.standard_normal()) for code in languages for number in range(n)}

    def pair(kind: Kind, number: int, code: str) -> ControlPair:
        wrong = "x" * (150 + 50 * (number % 2) if kind == "padded" else 100)
        return ControlPair(kind, f"p{number}", code, "", wrong, "x" * 100)

    def judged(pairs: Sequence[ControlPair]) -> list[JudgedPair]:
        return [JudgedPair(one, *judge(generator, one.kind, one.language, ease[one.language, one.id])) for one in pairs]

    pairs = {code: [pair(kind, number, code) for number in range(n) for kind in kinds] for code in languages}
    controls = Controls(pairs, {}, kinds, n)
    return controls, *in_rounds(controls, judged, stop_early=form == "small")


def named(judge: Judge, languages: Sequence[str], form: str, seed: int) -> list[str]:
    """The faults that a check of the judge names."""
    controls, judged, left = checked(judge, languages, form, seed)
    by_language = figures_by_language(controls, judged, left, {})
    none = frozenset(code for code, of in by_language.items() if of.verdict == "no judge")
    return [fault.line(len(languages)) for fault in faults(judged, none)]


def show_verdicts(languages: Sequence[str], form: str, checks: int) -> None:
    """Print the verdicts on a language by what the judge is in truth."""
    print(f"{len(languages)} languages, {form} form, {checks} checks each: passed, doubtful, no judge; verdicts asked")
    judges = {f"0/1, {100 * share:.0f}% right": hard(1 - share) for share in RIGHT}
    judges |= {f"0/1, {100 * share:.0f}% right, prompts differ": differing(share) for share in (0.8, 0.9)}
    judges |= {f"soft, {100 * mean:.0f}% on average": sure(mean) for mean in RESOLUTION}
    for name, judge in judges.items():
        found: Counter[str] = Counter()
        asked = 0
        for seed in range(checks):
            controls, judged, left = checked(judge, languages, form, seed)
            found.update(of.verdict for of in figures_by_language(controls, judged, left, {}).values())
            asked += 2 * len(judged)
        shares = [100 * found[verdict] / found.total() for verdict in ("passed", "doubtful", "no judge")]
        print(f"  {name:32}" + "".join(f"{share:7.1f}%" for share in shares) + f"{asked / checks:8.0f}", flush=True)


def main() -> None:
    checks = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    sound = {f"0/1, {error}%": hard(error / 100) for error in (0, 5, 10, 15, 20, 30)}
    sound |= {"soft": soft(2, 1), "soft, unsure": soft(0.5, 1), "a coin": hard(0.5), "lean 0.3": soft(2, 1, 0.3)}
    planted = {
        "loops, Irish, by a coin": (but(hard(0.03), "loop", coin, "ga"), "ga: accepts loops"),
        "loops, Irish, always": (but(hard(0.03), "loop", wrong, "ga"), "ga: accepts loops"),
        "garbled, Chinese": (but(hard(0.03), "garbled", wrong, "zh"), "zh: accepts garbled words"),
        "half English, Finnish": (but(hard(0.03), "half_english", wrong, "fi"), "fi: accepts answers half in English"),
        "other language": (but(hard(0.03), "other_language", wrong), "accepts answers in another language"),
        "length": (but(hard(0.03), "padded", wrong), "prefers padded answers"),
        "first": (soft(3, 1, 2.0), "prefers the answer shown first"),
    }
    settings = [(("ga",), "small"), (("ga", "fi"), "small"), (benchmark.MINI_LANGUAGES, "small")]
    settings += [(("ga",), "full"), (benchmark.MINI_LANGUAGES, "full")]
    for languages, form in settings:
        of_setting = checks if len(languages) < 3 else max(1, checks // 3)
        print(f"{len(languages)} languages, {form} form, {of_setting} checks each")
        for name, judge in sound.items():
            alarms = sum(bool(named(judge, languages, form, seed)) for seed in range(of_setting))
            print(f"  {name:24} false alarms {100 * alarms / of_setting:5.1f}%", flush=True)
        for name, (judge, line) in planted.items():
            code, _, rest = line.partition(": ")
            if (rest and code not in languages) or ("half" in line and form == "small"):
                continue
            lines = [named(judge, languages, form, seed) for seed in range(max(1, of_setting // 2))]
            alone = sum(len(one) == 1 and line in one[0] for one in lines)
            print(f"  {name:24} found, and nothing else {100 * alone / len(lines):5.1f}%", flush=True)
    for languages, form in ((("ga",), "small"), (("ga",), "full"), (benchmark.MINI_LANGUAGES, "small")):
        show_verdicts(languages, form, max(1, checks // 3) if len(languages) > 1 else 5 * checks)


if __name__ == "__main__":
    main()
