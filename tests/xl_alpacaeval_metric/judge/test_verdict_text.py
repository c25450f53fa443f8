"""A verdict is what the text concludes, not the first letter in it."""

import pytest

from xl_alpacaeval_metric.judge.verdict_text import read_verdict


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("A", "A"),
        ("b", "B"),
        ("**B**", "B"),
        (" (A). ", "A"),
        ("A\n\nIt is in the right language.", "A"),
        ("A d5830d52cbe4", "A"),
        ("Answer: B", "B"),
        ("Answer B", "B"),
        ("Option A", "A"),
        ("Final answer: A", "A"),
        ("The better answer is B.", "B"),
        ("The answer that is better is A.", "A"),
        ("\\boxed{A}", "A"),
        ("So the answer is $\\boxed{\\text{B}}$.", "B"),
        ("[[B]]", "B"),
        ('```json\n{"verdict": "A"}\n```', "A"),
        ("<verdict>B</verdict>", "B"),
        ("A is better because it is in German.", "A"),
        ("B wins.", "B"),
        ("Answer A is clearly the better one.", "A"),
        ("A. It is in the right language.", "A"),
        ("A because it is complete", "A"),
        ("A: in English. B: in German, good.\n\nVerdict: B", "B"),
        ("A) is in English\nB) is in German\nB", "B"),
        ("A. weak\nB. strong\n\nBetter: B", "B"),
        ("A is fluent. B is not. I would choose A.", "A"),
        ("At first I thought the verdict is A.\nFinal verdict: B", "B"),
        ("Both are good, but I prefer answer B.", "B"),
        ("Answer A is good but Answer B is better.", "B"),
        ("Answer A is worse. Answer B is better.", "B"),
    ],
)
def test_a_conclusion_is_read(text: str, letter: str) -> None:
    assert read_verdict(text) == letter


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A good answer would be in German.",
        "Answer A: 3/10, Answer B: 9/10",
        "A: in English. B: in German.",
        "A) is in English\nB) is in German",
        "A is better in style. B is better in content.",
        "Both A and B are wrong.",
        "Neither is better.",
        "A is not better.",
        "The verdict is A or B.",
        "It is hard to say.",
        "[[A]] or [[B]]",
        "The answer A/B cannot be told.",
        "Answer A is worse.",
        "C",
        "AB",
        "The",
    ],
)
def test_no_conclusion_is_no_verdict(text: str) -> None:
    assert read_verdict(text) is None


def test_a_long_text_takes_no_time() -> None:
    for text in ("verdict" + " " * 100_000, "the better answer is" + " " * 100_000 + "x", "A " * 50_000, "(" * 100_000):
        assert read_verdict(text) is None
