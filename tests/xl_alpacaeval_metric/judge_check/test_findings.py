"""What the figures of a check say of a judge."""

import numpy as np
import pytest

from tests.xl_alpacaeval_metric.judge_check.simulated import Simulated, but, judged, right, sure
from xl_alpacaeval_metric.judge_check.findings import figures
from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.judge_check.pairs import KINDS, SMALL, ControlPair
from xl_alpacaeval_metric.records.judge_check import CheckFigures


def found(judge: Simulated, n: int = 10, languages: tuple[str, ...] = ("fi",)) -> CheckFigures:
    return figures(judged(judge, np.random.default_rng(0), languages, SMALL, n), None)


def test_a_judge_that_is_always_right_passes_on_ten_prompts() -> None:
    figures = found(right(1.0))
    assert (figures.verdict, figures.accuracy, figures.resolution) == ("passed", 100.0, 100.0)
    assert figures.ci95 is not None
    assert 80 < figures.ci95[0] < 100
    assert figures.reason is None


def test_a_coin_is_no_judge() -> None:
    assert found(right(0.5), n=16).verdict == "no judge"


def test_a_judge_that_is_right_by_a_hair_is_none() -> None:
    """Qwen2.5-Coder-0.5B's verdicts: 50.3% for the right answer, on average."""
    figures = found(sure(0.503), n=16)
    assert (figures.accuracy, figures.verdict) == (100.0, "no judge")
    assert figures.resolution == pytest.approx(50.3)


def test_a_judge_that_is_mostly_right_is_doubtful() -> None:
    assert found(right(0.9), n=16).verdict == "doubtful"
    assert found(sure(0.65), n=16).verdict == "doubtful"


def test_few_prompts_make_a_right_judge_doubtful_but_not_none() -> None:
    assert found(right(1.0), n=4).verdict == "doubtful"


def test_without_a_verdict_nothing_is_said() -> None:
    pair = ControlPair("cut", "p", "fi", "", "a", "ab")
    figures_ = figures([JudgedPair(pair, None, 1.0)], None)
    assert (figures_.verdict, figures_.accuracy, figures_.n, figures_.n_missing) == ("unchecked", None, 0, 1)


def test_kinds_that_are_not_worse_are_no_part_of_the_accuracy() -> None:
    wrong = sure(0.0)
    judge = but(but(but(sure(1.0), "padded", wrong), "shuffled", wrong), "same", sure(0.5))
    figures_ = figures(judged(judge, np.random.default_rng(0), ["fi"], KINDS, 10), None)
    assert figures_.accuracy == 100.0
    assert figures_.by_kind["padded"].accuracy == figures_.by_kind["shuffled"].accuracy == 0.0
    assert figures_.by_kind["same"].accuracy is None


def test_languages_and_kinds_weigh_the_same() -> None:
    pairs = judged(sure(1.0), np.random.default_rng(0), ["fi"], SMALL, 10)
    pairs += judged(sure(0.0), np.random.default_rng(0), ["ga"], SMALL, 5)
    assert figures(pairs, None).accuracy == 50.0


def test_the_lean_is_signed_and_free_of_what_is_right() -> None:
    first = found(lambda generator, kind, code: (0.6, 0.9))
    assert first.first_position_rate == pytest.approx(65.0)
    assert first.resolution == pytest.approx(75.0)


def test_who_replies_without_a_verdict_is_no_judge_but_a_failed_request_says_nothing() -> None:
    pairs = judged(right(1.0), np.random.default_rng(0), ["fi"], SMALL, 10)
    silent = [JudgedPair(one.pair, None, None, silent=True) for one in pairs[:40]]
    failed = [JudgedPair(one.pair, None, None) for one in pairs[:40]]
    assert figures([*silent, *pairs[40:]], None).verdict == "no judge"
    assert figures([*failed, *pairs[40:]], None).verdict == "doubtful"
    assert figures(failed, None).verdict == "unchecked"
