"""How often the judge check names a fault that is none, and finds one that is planted.

    python perf/judge_check.py [CHECKS]

Simulated judges on control pairs in one, two and twelve languages, in the small and the full form.
A false alarm is a check of a judge without faults that names one; it should be 5% at most.
"""

import math
import sys
from collections.abc import Callable, Sequence

import numpy as np

from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.judge_check.faults import faults
from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.judge_check.pairs import SMALL, WORSE, ControlPair, Kind

Judge = Callable[[np.random.Generator, Kind, str, float], tuple[float, float]]
"""Generator, kind, language, the prompt's ease -> probability of the right answer, by order."""
FORMS: dict[str, tuple[Sequence[Kind], int]] = {"small": (SMALL, 10), "full": ((*WORSE, "padded"), 16)}


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


def named(judge: Judge, languages: Sequence[str], form: str, seed: int) -> list[str]:
    """The faults that a check of the judge names."""
    generator, (kinds, n) = np.random.default_rng(seed), FORMS[form]
    judged = []
    for code in languages:
        for number in range(n):
            ease = float(generator.standard_normal())
            for kind in kinds:
                wrong = "x" * (150 + 50 * (number % 2) if kind == "padded" else 100)
                pair = ControlPair(kind, f"p{number}", code, "", wrong, "x" * 100)
                judged.append(JudgedPair(pair, *judge(generator, kind, code, ease)))
    return [fault.line(len(languages)) for fault in faults(judged)]


def main() -> None:
    checks = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    sound = {"0/1, 0%": hard(0), "0/1, 5%": hard(0.05), "0/1, 15%": hard(0.15), "0/1, 30%": hard(0.3)}
    sound |= {"soft": soft(2, 1), "soft, unsure": soft(0.5, 1), "a coin": hard(0.5), "lean 0.3": soft(2, 1, 0.3)}
    planted = {
        "loops, Irish, by a coin": (but(hard(0.03), "loop", coin, "ga"), "ga: accepts loops"),
        "loops, Irish, always": (but(hard(0.03), "loop", wrong, "ga"), "ga: accepts loops"),
        "other language": (but(hard(0.03), "other_language", wrong), "accepts answers in another language"),
        "length": (but(hard(0.03), "padded", wrong), "prefers padded answers"),
        "first": (soft(3, 1, 2.0), "prefers the answer shown first"),
    }
    settings = [(("ga",), "small"), (("ga", "fi"), "small"), (benchmark.MINI_LANGUAGES, "small")]
    settings += [(("ga",), "full"), (benchmark.MINI_LANGUAGES, "full")]
    for languages, form in settings:
        print(f"{len(languages)} languages, {form} form, {checks} checks each")
        for name, judge in sound.items():
            alarms = sum(bool(named(judge, languages, form, seed)) for seed in range(checks))
            print(f"  {name:24} false alarms {100 * alarms / checks:5.1f}%", flush=True)
        for name, (judge, line) in planted.items():
            lines = [named(judge, languages, form, seed) for seed in range(checks // 4)]
            alone = sum(len(one) == 1 and line in one[0] for one in lines)
            print(f"  {name:24} found, and nothing else {100 * alone / len(lines):5.1f}%", flush=True)


if __name__ == "__main__":
    main()
