"""Lists of words and phrases with their translations, as in a language lesson.

Each line has a phrase, a mark such as "=" or "–" (or the change of script), and what it means; on
one side all are in the language asked for, on the other none is. The side in another language is no
switch where it is about as long as the other one: lines that are explained in another language are
longer.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from xl_alpacaeval_metric.languages import content, scripts
from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.passes import Passes

_FEWEST_LINES, _LONGEST, _LONGEST_MEAN = 3, 10, 7
"""Lines of a list, and words of a phrase, at most, and on average."""
_MOST_LETTERS = 2.5
"""How many times as many letters as the translations the phrases have at most."""
_LONGEST_LINE = 200
_BEGIN = r"^[ \t]*(?:[-*•·|]|\d{1,3}[.)])?[ \t]*"
_MARKS = (r" +(?:=|–|—|-|→|->|:|/) +", r" *(?:=|→|：|:) *", r" *\| *")
_LINES = tuple(re.compile(rf"{_BEGIN}(\S.*?\S){mark}(\S.*?)[ \t|]*$") for mark in _MARKS)
_CHANGE = re.compile(rf"{_BEGIN}([\x20-\u024f]*[A-Za-z\u00c0-\u024f][\x20-\u024f]*?) +([^\x00-\u036f].*?)[ \t]*$")
"""Latin letters, and another script after them."""


class _Pair(NamedTuple):
    """Where a phrase, and its translation, begin and end in a text."""

    left: Place
    right: Place


def find(text: str, passes: Passes, base: str) -> Iterator[Place]:
    """Where the phrases in another language begin and end, in order."""
    for pairs in _lists(text):
        sides = [[pair[side] for pair in pairs] for side in (0, 1)]
        whole = [content.bare(" ".join(text[start:end] for start, end in side)) for side in sides]
        if not all(content.is_long(side, base) for side in whole):
            continue
        passes.learn(whole)
        own = [passes.of(side) for side in whole]
        other = own.index(False) if any(own) and not all(own) else None
        if other is not None and scripts.weight(whole[other]) <= _MOST_LETTERS * scripts.weight(whole[1 - other]):
            yield from sides[other]


def _lists(text: str) -> Iterator[Sequence[_Pair]]:
    """The lists of a text: lines with the same mark that follow one another."""
    lines, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            lines.append((start, line))
        start += len(line) + 1
    found = [_pair(start, line) for start, line in lines]
    for mark, some in groupby(found, key=lambda one: one and one[0]):
        if mark is None:
            continue
        pairs = [one[1] for one in some if one is not None]
        words = [len(text[slice(*place)].split()) for pair in pairs for place in pair]
        if len(pairs) >= _FEWEST_LINES and max(words) <= _LONGEST and sum(words) <= _LONGEST_MEAN * len(words):
            yield pairs


def _pair(start: int, line: str) -> tuple[int, _Pair] | None:
    """The number of the mark of a line, and what stands on its two sides."""
    if len(line) > _LONGEST_LINE:
        return None
    for number, pattern in enumerate((*_LINES, _CHANGE)):
        if found := pattern.match(line):
            left, right = found.span(1), found.span(2)
            return number, _Pair((start + left[0], start + left[1]), (start + right[0], start + right[1]))
    return None
