"""Numbers in words, rewritten in digits: thirty-nine, neununddreißig, 三十九."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from xl_alpacaeval_metric.correctness import han_numerals, wording
from xl_alpacaeval_metric.correctness.wording import Wording

_POWERS = (100, 1_000, 100_000, 1_000_000)
"""Words for them multiply what stands before; 100,000 is one word in India."""

_LEAST_WITH_ENDING = 11
"""Shorter words for numbers begin too many other words."""

_LONGEST_ENDING = 6
"""In letters; what is longer is a word of its own."""


def as_digits(text: str, language: str, *, articles: bool = False) -> str:
    """The text, of normal form, with its numbers in words as digits.

    Words such as "ein", which are articles, too, count alone only with `articles`. A number in
    words right beside digits stays, since "15 thousand" and "15 1000" are not the same.
    """
    if language.split("-")[0] in han_numerals.LANGUAGES:
        return han_numerals.as_digits(text)
    words = wording.of(language)
    if words is None or not words.words:
        return text
    return _pattern(language).sub(lambda found: _replaced(found, words, articles), text)


def _replaced(found: re.Match[str], words: Wording, articles: bool) -> str:
    before, after = found.string[max(0, found.start() - 2) : found.start()], found.string[found.end() : found.end() + 2]
    if re.search(r"\d[ -]?\Z", before) or re.match(r"[ -]?\d", after):
        return found[0]
    parts = [(one[0], one.start(), one.end()) for one in _word(words).finditer(found[1])]
    written = before_last = ""
    at = end = begin = 0
    for value, length in _values([(words.words[part], joint) for part, joint in _with_joints(parts, found[1])], words):
        first, last = parts[at], parts[at + length - 1]
        if at and first[1] == end:  # Two numbers in one word, as in "Dreiviertel", are none.
            return found[0]
        alone = length == 1 and first[0] in words.articles
        before_last, begin = written, end
        written += found[1][end : first[1]]
        written += found[1][first[1] : last[2]] if alone and not articles else str(value)
        at, end = at + length, last[2]
    # "Achtung", "hatalmas" and "yüzü" are no numbers.
    short = (value < _LEAST_WITH_ENDING or value in _POWERS) and not (articles and words.endings)
    other_word = (found[2] and short) or len(found[2]) > _LONGEST_ENDING
    return (before_last + found[1][begin:] if other_word else written) + found[2]


def _with_joints(parts: Sequence[tuple[str, int, int]], text: str) -> Iterator[tuple[str, str]]:
    """Each word with what stands between it and the word before."""
    end = 0
    for word, start, stop in parts:
        yield word, text[end:start]
        end = stop


def _values(parts: Sequence[tuple[int, str]], words: Wording) -> Iterator[tuple[int, int]]:
    """The numbers in a row of words, each with how many of the words it is made of."""
    total = current = count = 0
    joints = {*words.lists.get("and", ())}
    for value, joint in parts:
        if "," in joint and (current or not total):  # Only after thousands: two thousand, two hundred.
            yield total + current, count
            total = current = count = 0
        linked = joint.strip(" -,") in joints
        if count and value >= 1_000 and (total == 0 or value < _lowest(total)) and value in _POWERS:
            total, current = total + (current or 1) * value, 0
        elif count and value == 100 and 0 < current < 100:
            current *= 100
        elif count and _fits(current, total, value, linked, words):
            current += value
        else:
            if count:
                yield total + current, count
            total, current, count = (value, 0, 0) if value >= 1_000 else (0, value, 0)
        count += 1
    if count:
        yield total + current, count


def _fits(current: int, total: int, value: int, linked: bool, words: Wording) -> bool:
    """Whether a word goes on with the number so far, as in 200 + 20 + 2 and 2 + 20."""
    if value >= 1_000:
        return False
    if current == 0:
        return total > 0
    if current % 100 == 0:
        return value < 100
    last = current % 100
    if last % 10 == 0 and (last >= 20 or not linked) and value < (20 if last in (60, 80) else 10):
        return True
    if last >= 10:
        return False
    units_first = words.units_first and (linked or words.joined)
    return (units_first and value in range(20, 100, 10)) or (words.teens_last and value == 10)


def _lowest(total: int) -> int:
    return next(power for power in reversed(_POWERS) if total % power == 0 or power == 100)


@cache
def _word_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


def _word(words: Wording) -> re.Pattern[str]:
    return _word_pattern(tuple(words.words))


@cache
def _pattern(language: str) -> re.Pattern[str]:
    """A row of words for numbers between the bounds of words, then an ending if these have one."""
    words = wording.of(language)
    assert words is not None
    one = f"(?:{_word(words).pattern})"
    joint = rf"(?:,?[ -](?:(?:{words.any_of('and')})[ -])?)"
    if words.joined:
        joint = rf"(?:{joint}|(?:{words.any_of('and')})|)"
    ending = r"(\w*)" if words.joined else "()"
    # \w lacks Devanagari's vowel signs.
    return re.compile(
        rf"(?<![^\W_\d])(?<![\u0900-\u0963])((?>{one}(?:{joint}{one})*)){ending}(?![^\W_\d]|[\u0900-\u0963])"
    )
