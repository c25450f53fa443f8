import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xl_alpacaeval_metric.clients.base import ChoiceToken, Completion
from xl_alpacaeval_metric.judge.verdict.probability import probability_of_a


@pytest.mark.parametrize(
    ("text", "probability"),
    [
        ("A", 1.0),
        ("B", 0.0),
        (" a\n", 1.0),
        ("**B**", 0.0),
        ("Answer: B", 0.0),
        ("The better answer is A.", 1.0),
        ("B is better because it is in German.", 0.0),
        ("A\n\nIt is in German.", 1.0),
        ("<think>B looks fine. Or A?</think>\n\nA", 1.0),
        ("A <think>A is worse than B, so B.</think>", 1.0),
        ("<verdict><think>A is worse than B, so B.</think>A</verdict>", 1.0),
        ("B shows its <think>Hmm, A</think>, so A.", 1.0),
        ("A <think>A is worse than B, so B.", 1.0),
        ("**A**\n\n<think>\nA is worse than B, so B.", 1.0),
        ("A <think> tag is left in A, so B is better.", 0.0),
        ("B has a stray <think> in it. Verdict: A", 1.0),
        ("The answer A e76e0ca9e0c9 is better", 1.0),
        ("Answer B e76e0ca9e0c9", 0.0),
        ("The answer that is better is A.", 1.0),
        ("The answer that is better is a mystery.", None),
        ("A is worse than B.", None),
        ("A is", None),
        ("A good question!", None),
        ("Both are bad.", None),
        ("Certainly", None),
        ("", None),
        ("C", None),
    ],
)
def test_a_verdict_is_read_from_the_text(text: str, probability: float | None) -> None:
    assert probability_of_a(Completion(text)) == probability


@given(mass=st.floats(0.51, 1.0), share=st.floats(1e-9, 1 - 1e-9))
def test_a_preference_is_the_probability_of_one_token_among_the_two(mass: float, share: float) -> None:
    logprobs = {"A": math.log(mass * share), "B": math.log(mass * (1 - share))}
    assert probability_of_a(Completion("A", logprobs)) == pytest.approx(share, abs=1e-9)


@given(a=st.floats(-50, 0), b=st.floats(-50, 0))
def test_letters_that_do_not_hold_most_of_the_mass_are_no_verdict(a: float, b: float) -> None:
    assume(math.exp(a) + math.exp(b) < 0.5)
    for text in ("A", "B", "<think>", "The", ""):
        assert probability_of_a(Completion(text, {"A": a, "B": b})) is None


def test_a_letter_without_a_log_probability_has_at_most_the_mass_that_is_left() -> None:
    assert probability_of_a(Completion("A", {"A": math.log(0.9)})) == pytest.approx(0.9)
    assert probability_of_a(Completion("B", {"B": math.log(0.9)})) == pytest.approx(0.1)
    assert probability_of_a(Completion("A", {"A": math.log(0.4)})) is None
    assert probability_of_a(Completion("The", {})) is None
    assert probability_of_a(Completion("A", {"A": math.inf, "B": math.inf})) is None
    assert probability_of_a(Completion("A", {"A": math.nan, "B": -0.1})) is None


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("B: good. A: better.\n\nVerdict: A", -1, 0.75),
        ("<think>Is it B? No.</think>\n\nA", -1, 0.75),
        ("A\n\nIt is in German, and B is not.", 0, 0.75),
        # The log-probabilities of a letter that is not the verdict say nothing.
        ("B: good. A: better.\n\nVerdict: A", 0, 1.0),
        ("<think>Is it B? No.</think>\n\nA", 13, 1.0),
        ("A\n<think>Or B? No, A</think>", 0, 0.75),
        ("A\n<think>Or B? No, A</think>", 20, 1.0),
        ("A <think>Or B? No, A</think>", 0, 0.75),
        ("<think>A or B</think>A\n<think>Or A?</think>", 21, 0.75),
        ("<think>A or B</think><ANSWER>A</ANSWER>", 29, 0.75),
        ("<|channel|>final<|message|>A<|end|><|start|>assistant<|channel|>analysis<|message|>A<|end|>", -8, 1.0),
    ],
)
def test_the_log_probabilities_at_the_verdict_count(text: str, at: int, expected: float) -> None:
    token = ChoiceToken(at % len(text), {"A": math.log(0.6), "B": math.log(0.2)})
    assert probability_of_a(Completion(text, choice_tokens=(token,))) == pytest.approx(expected)
    unsure = ChoiceToken(at % len(text), {"A": math.log(0.2), "B": math.log(0.2)})
    assert probability_of_a(Completion(text, choice_tokens=(unsure,))) == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A\n\nBecause B is", 1.0),
        ("A", None),
        ("A is better th", None),
        ("Okay. Verdict: A", None),
        ("<think>A? B? A", None),
        ("A: in English and rather good", None),
    ],
)
def test_a_reply_that_was_cut_is_a_verdict_only_if_its_first_line_is(text: str, expected: float | None) -> None:
    assert probability_of_a(Completion(text, cut=True)) == expected
