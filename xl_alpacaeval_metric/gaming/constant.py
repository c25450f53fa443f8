"""Answers that are the same, or nearly the same, whatever was asked."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from xl_alpacaeval_metric.gaming.disguises import shown
from xl_alpacaeval_metric.records.judgements import Comparison

MIN_SAME = 3
MIN_SHARE = 0.1
"""A text is reported as constant if at least MIN_SAME answers, and this share of the answers in a
language (or of all), are equal to it.

Real answers to different open-ended requests are hardly ever equal; a constant answer can win
(Zheng et al. 2024, arXiv:2410.07137).
"""
NEAR = 0.7
"""Share of an answer's shingles that other answers must have for it to be a near copy of them."""
LEAST_SHINGLES = 8
"""A shorter answer has too few to tell."""
_WORDS, _CHARACTERS, _READ = 3, 5, 4000
"""Words of a shingle; its characters in a text without spaces; characters of an answer that are
read."""
_WORD = re.compile(r"[^\W\d_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of Thai, Lao, Burmese, Khmer, Japanese and Chinese."""


def constant_answers(comparisons: Sequence[Comparison]) -> list[str]:
    """A line for each text that is the answer to too many items of a language, or of all languages.

    Whitespace is ignored; the limits are MIN_SAME and MIN_SHARE. Empty answers do not count: a
    result gives their number.
    """
    answers: dict[str, list[str]] = defaultdict(list)
    for item in comparisons:
        answers[item.language].append(" ".join(item.prediction.split()))
    constant: dict[str, list[str]] = defaultdict(list)
    for code, texts in answers.items():
        if text := _too_frequent(texts):
            constant[text].append(code)
    everything = [text for texts in answers.values() for text in texts]
    if not constant and (text := _too_frequent(everything)):
        constant[text] = list(answers)
    lines = []
    for text, codes in constant.items():
        among = [answer for code in codes for answer in answers[code]]
        where = f" in {', '.join(codes)}" if len(codes) < len(answers) else ""
        lines.append(
            f"{among.count(text)} of {len(among)} answers{where} are the same text, {shown(text)}; a constant answer can win"
        )
    return lines


def _too_frequent(texts: Sequence[str]) -> str | None:
    counts = Counter(text for text in texts if text)
    ((text, count),) = counts.most_common(1) or [("", 0)]
    return text if count >= MIN_SAME and count / len(texts) >= MIN_SHARE else None


def near_copies(comparisons: Sequence[Comparison]) -> list[str]:
    """A line for each language, or for all, in which many answers are nearly the same text.

    An answer is a near copy if NEAR of its shingles occur in other answers as well, each in at
    least MIN_SAME answers and MIN_SHARE of them. Numbers, case and punctuation are ignored. The
    limits for their number are those of `constant_answers`.
    """
    answers: dict[str, list[str]] = defaultdict(list)
    for item in comparisons:
        answers[item.language].append(item.prediction)
    lines = []
    for code, texts in answers.items():
        copies = _copies(texts)
        if copies:
            lines.append((code, len(copies), len(texts), texts[copies[0]]))
    if not lines:
        everything = [text for texts in answers.values() for text in texts]
        copies = _copies(everything)
        lines = [("", len(copies), len(everything), everything[copies[0]])] if copies else []
    return [
        f"{count} of {n} answers{f' in {code}' if code and len(answers) > 1 else ''} are nearly the same text, "
        f"such as {shown(text)}; a constant answer can win"
        for code, count, n, text in lines
    ]


def _copies(texts: Sequence[str]) -> list[int]:
    """The indices of near copies; empty if they are too few to report."""
    shingles = [_shingles(text) for text in texts]
    frequency = Counter(one for each in shingles for one in each)
    least = max(MIN_SAME, MIN_SHARE * len(texts))
    found = [
        index
        for index, each in enumerate(shingles)
        if len(each) >= LEAST_SHINGLES and sum(frequency[one] >= least for one in each) >= NEAR * len(each)
    ]
    return found if len(found) >= least else []


def _shingles(text: str) -> set[int]:
    """The hashes of a text's shingles, of words or, in scripts without spaces, of characters."""
    words = _WORD.findall(text[:_READ].casefold())
    joined = "".join(words)
    if 2 * len(_UNSPACED.findall(joined)) > len(joined):
        return _hashes(joined[at : at + _CHARACTERS] for at in range(len(joined) - _CHARACTERS + 1))
    return _hashes(" ".join(words[at : at + _WORDS]) for at in range(len(words) - _WORDS + 1))


def _hashes(parts: Iterable[str]) -> set[int]:
    return {hash(part) for part in parts}
