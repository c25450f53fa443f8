"""Verdicts of a judge that is right but for one planted fault, for the stand-in server.

It knows the bundled references, and sees the faults of other answers by itself: it does not know
how the control pairs are made.
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.servers.prompts import slots_of
from xl_alpacaeval_metric.benchmark import mini

SURE = 5.0
"""Log-odds between a right and a wrong answer."""


@cache
def references() -> dict[str, str]:
    """Instruction -> reference, in all bundled languages."""
    return {row.instruction: row.reference or "" for code in mini.LANGUAGES for row in mini.rows(code, 0)}


def is_loop(text: str) -> bool:
    """Whether most sentences of a text occur several times."""
    parts = [part.strip() for part in re.split(r"(?<=[.!?。！？।])\s*|\n+", text) if part.strip()]
    return len(parts) > 3 and len(set(parts)) <= 0.5 * len(parts) + 1


def is_in_other_language(text: str, instruction: str) -> bool:
    """Whether a text is, from its beginning, the answer to the same request in another language."""
    own = references().get(instruction, "")
    number = next((row.id for code in mini.LANGUAGES for row in mini.rows(code, 0) if row.reference == own), None)
    others = [row.reference or "" for code in mini.LANGUAGES for row in mini.rows(code, 0) if row.id == number]
    return any(other.startswith(text[:40]) for other in others if other != own)


def is_reordered(text: str, right: str) -> bool:
    """Whether a text has the characters of the right answer, nearly all, in another order."""
    return text != right and sum((Counter(right) - Counter(text)).values()) <= 0.02 * len(right)


def is_half(text: str, right: str) -> bool:
    """Whether a text begins as the right answer, and goes on in another language."""
    mine, theirs = ([part for part in re.split(r"(?<=[.!?])\s+|\n+", one) if part.strip()] for one in (text, right))
    shared = sum(part in theirs for part in mine)
    return (
        text.startswith(right[:20])
        and not right.startswith(text[:-4])
        and 0.2 * len(mine) <= shared <= 0.8 * len(mine)
        and not is_loop(text)
    )


def planted(fault: str = "", *, unsure: float = 1.0) -> Callable[[dict[str, Any]], float]:
    """Request body -> probability of A, for a judge with this fault.

    `unsure` multiplies the log-odds: near 0 it is right, but by a hair.
    """

    def verdict(body: dict[str, Any]) -> float:
        slots = slots_of(body, "judge")
        if slots is None:  # The probe.
            return 0.9
        odds = _quality(slots, "answer_a", fault) - _quality(slots, "answer_b", fault)
        if fault == "length":
            odds += 9 * math.tanh((len(slots["answer_a"]) - len(slots["answer_b"])) / 500)
        if fault == "first":
            odds += 4
        return 1 / (1 + math.exp(-unsure * odds))

    return verdict


def _quality(slots: dict[str, str], name: str, fault: str) -> float:
    text, right = slots[name], references().get(slots["instruction"], "")
    if text.startswith(right):  # The reference, or the reference padded.
        return SURE
    if fault == "loop in Irish" and slots["language"] == "Irish" and is_loop(text):
        return SURE
    if fault == "garbled in Chinese" and slots["language"].startswith("Chinese") and is_reordered(text, right):
        return SURE
    if fault == "half English in Finnish" and slots["language"] == "Finnish" and is_half(text, right):
        return SURE
    if fault == "language" and is_in_other_language(text, slots["instruction"]):
        return SURE
    return 0.0
