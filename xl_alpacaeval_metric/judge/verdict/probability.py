"""A judge's reply: the probability that it gives to A, from log-probabilities or from the text."""

import math
import re
from collections.abc import Mapping, Sequence

from xl_alpacaeval_metric import thinking
from xl_alpacaeval_metric.clients.base import UNUSABLE, Completion
from xl_alpacaeval_metric.judge.verdict.text import read_verdict

CHOICES = ("A", "B")
MAJORITY = 0.5
"""The probability that A and B must exceed together for their log-probabilities to count."""
_LETTER_ALONE = re.compile(r"\W*[ABab]\W*")


def probability_of_a(completion: Completion) -> float | None:
    """The probability that the reply says A rather than B; None if it says neither.

    From the log-probabilities of the two letters at the token that is the verdict, normalised over
    the two, where they hold more than MAJORITY of the mass there. Otherwise 1 or 0 from the text
    after the thought. None where the thought never ends, and where the reply is cut, unless its
    first line is a letter. A letter that is the whole reply counts only if its log-probabilities
    were not reported or hold the majority: a reply of one token may be the beginning of anything.
    """
    if completion.logprobs is not None:
        at_only_token = _normalised(completion.logprobs)
        if at_only_token is not None or _LETTER_ALONE.fullmatch(completion.text):
            return at_only_token
    reply = thinking.split(completion.text, anywhere=True)
    if not reply.finished:
        return None
    answer = reply.answer
    place = thinking.place_of_answer(completion.text, answer) if completion.choice_tokens else None
    tokens, start = ((), 0) if place is None else (completion.choice_tokens, place)
    if completion.cut:
        first, line_end, _ = answer.lstrip().partition("\n")
        if not line_end or not _LETTER_ALONE.fullmatch(first):
            return None
        start, answer = start + len(answer) - len(answer.lstrip()), first
    letter = read_verdict(answer)
    if letter is None:
        return None
    at = _place_of_verdict(answer, [token.offset - start for token in tokens], letter)
    found = None if at is None else _normalised(tokens[at].logprobs)
    return float(letter == "A") if found is None else found


def _place_of_verdict(answer: str, offsets: Sequence[int], letter: str) -> int | None:
    """The index of the offset at which the letter is the verdict; None where it is at none.

    It is where the other letter would turn the verdict round or, where the letter is repeated, the
    first place where it would contradict the others.
    """
    other = "B" if letter == "A" else "A"
    contradicts = None
    for index, at in enumerate(offsets):
        if at < 0 or answer[at : at + 1] != letter:
            continue
        turned = read_verdict(f"{answer[:at]}{other}{answer[at + 1 :]}")
        if turned == other:
            return index
        if turned is None and contradicts is None:
            contradicts = index
    return contradicts


def _normalised(logprobs: Mapping[str, float]) -> float | None:
    """The probability of A among A and B; None unless they hold more than MAJORITY of the mass.

    A letter without a log-probability has at most the mass that the other leaves.
    """
    known = {letter: logprobs[letter] for letter in CHOICES if letter in logprobs}
    mass = sum(math.exp(value) for value in known.values() if value <= 0.0)
    if not mass > MAJORITY or any(math.isnan(value) or value > 0.0 for value in known.values()):
        return None
    missing = math.log1p(-mass) if mass < 1.0 else -math.inf
    a, b = (known.get(letter, missing) for letter in CHOICES)
    if a == -math.inf:
        return 0.0
    return 1.0 / (1.0 + math.exp(min(b - a, 700.0)))


def why_missing(reply: Completion) -> str:
    """The reason that a reply is no verdict."""
    if not thinking.split(reply.text).finished:
        return f"{UNUSABLE}a thought that does not end"
    return f"{UNUSABLE}{reply.text[:40]!r}" + (" cut at its token limit" if reply.cut else "")
