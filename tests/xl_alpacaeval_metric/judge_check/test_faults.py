"""Planted faults are found, where they are; judges without a fault are seldom said to have one."""

import numpy as np
import pytest

from tests.xl_alpacaeval_metric.judge_check.simulated import Simulated, but, judged, right, sure
from xl_alpacaeval_metric.judge_check.faults import faults
from xl_alpacaeval_metric.judge_check.pairs import SMALL

LANGUAGES = ("fi", "ga", "zh")


def lines(judge: Simulated, seed: int = 0, languages: tuple[str, ...] = LANGUAGES, n: int = 10) -> list[str]:
    found = faults(judged(judge, np.random.default_rng(seed), languages, SMALL, n))
    return [fault.line(len(languages)) for fault in found]


@pytest.mark.parametrize("judge", [right(1.0), right(0.95), right(0.8), right(0.5)], ids=["1", ".95", ".8", ".5"])
def test_false_alarms_are_few(judge: Simulated) -> None:
    alarms = [found for seed in range(60) if (found := lines(judge, seed, ("fi", "ga")))]
    # 5% of 60 are 3; by chance alone more than 7 come in one of a hundred tests.
    assert len(alarms) <= 7, alarms


def coin(generator: np.random.Generator, kind: str, code: str) -> tuple[float, float]:
    return float(generator.random() < 0.5), float(generator.random() < 0.5)


@pytest.mark.parametrize(
    "fault", [coin, sure(0.5), sure(0.0), sure(0.51)], ids=["a coin", "a tie", "the wrong one", "a hair"]
)
def test_loops_accepted_in_irish_alone_are_found_there(fault: Simulated) -> None:
    judge = but(right(0.98), "loop", fault, "ga")
    found = [lines(judge, seed) for seed in range(20)]
    right_ones = [one for one in found if len(one) == 1 and one[0].startswith("ga: accepts loops")]
    assert len(right_ones) >= 17, found


def test_a_kind_accepted_everywhere_is_one_line() -> None:
    judge = but(right(0.98), "other_language", sure(0.0))
    assert lines(judge) == ["every language: accepts answers in another language (0 of 30 right)"]


def test_who_loves_the_first_answer_accepts_nothing() -> None:
    def judge(generator: np.random.Generator, kind: str, code: str) -> tuple[float, float]:
        loves = generator.random() < 0.6
        return (0.0, 1.0) if loves else (1.0, 1.0)

    for seed in range(10):
        (line,) = lines(judge, seed)
        assert line.startswith("every language: prefers the answer shown first (mean probability 0.")


def test_who_says_a_where_both_are_alike_does_not_love_the_first() -> None:
    judge = but(right(1.0), "loop", lambda *_: (0.0, 1.0), "ga")
    assert lines(judge) == ["ga: accepts loops (5 of 10 right)"]


def test_who_loves_length_accepts_nothing() -> None:
    assert lines(but(right(1.0), "padded", sure(0.05))) == [
        "every language: prefers padded answers (mean probability 0.95)"
    ]
    assert lines(but(right(1.0), "padded", sure(0.95))) == []


def test_where_it_is_no_judge_no_kind_is_named() -> None:
    judge = but(right(1.0), "loop", sure(0.0), "ga")
    pairs = judged(judge, np.random.default_rng(0), LANGUAGES, SMALL, 10)
    assert faults(pairs, frozenset({"ga"})) == []
