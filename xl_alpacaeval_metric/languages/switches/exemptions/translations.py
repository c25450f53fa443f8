"""Lists of words and phrases with their translations, as in a language lesson.

Each line has a phrase, a mark such as "=" or "–" (or the change of script), and what it means; on
one side all are in the language asked for, on the other none is. The side in another language is no
switch where it is about as long as the other one: lines that are explained in another language are
longer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import NamedTuple

from xl_alpacaeval_metric.languages import content, scripts
from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.passes import Passes

_FEWEST_LINES, _LONGEST, _LONGEST_MEAN = 3, 10, 7
"""Lines of a list, and words of a phrase, at most, and on average."""
_MOST_LETTERS, _LETTERS_OF_HANGUL = (2.5, 1.5), 2
"""How many times as many letters as the other side has one in another language, at most, to the
left and to the right, where explanations stand, too; how many a Korean character stands for."""
_LONGEST_LINE, _HARDLY = 200, 0.03
"""Characters of a line; the own model's probability of the language for the other side, at most."""
_MARKS = ("|", " = ", " – ", " — ", " - ", " → ", " -> ", " : ", " / ", ": ", "：")
_IN_PARENTHESES: Mapping[str, tuple[str, ...]] = {")": (" (",), "）": ("（",)}
"""Marks of lines that end so."""
_MAY_HAVE_MARK = re.compile("[|=–—→>:/：(（-]")
_BEGIN = re.compile(r"[ \t]*(?:[-*•·|]|\d{1,3}[.)])?[ \t]*")
_LATIN = re.compile(r"[\x20-\u024f\u2010-\u2027]*[A-Za-z\u00c0-\u024f?!.…](?= +[^\W\d_])")
"""Latin letters before a space and another letter."""


class _Pair(NamedTuple):
    """Where a phrase, and its translation, begin and end in a text."""

    left: Place
    right: Place


def find(texts: Sequence[str], passes: Passes, base: str) -> list[list[Place]]:
    """Where the phrases in another language begin and end in each text, in order."""
    lists = [(at, *_sides(text, pairs)) for at, text in enumerate(texts) for pairs in _lists(text)]
    passes.learn(chain.from_iterable(whole for _, _, whole in lists))
    others: list[tuple[int, list[Place], list[str]]] = []
    for at, sides, whole in lists:
        own = [passes.of(side) if content.is_long(side, base) else passes.surely(side) for side in whole]
        other = own.index(False) if any(own) and not all(own) else None
        if other is None or passes.chance(whole[other]) > _HARDLY:
            continue
        most = _MOST_LETTERS[other] * (_LETTERS_OF_HANGUL if base == "ko" else 1)
        if scripts.weight(whole[other]) <= most * scripts.weight(whole[1 - other]):
            bare = (content.bare(texts[at][start:end]) for start, end in sides[other])
            others.append((at, sides[other], [cell for cell in bare if content.is_long(cell, base)]))
    passes.learn(chain.from_iterable(cells for _, _, cells in others))
    found: list[list[Place]] = [[] for _ in texts]
    for at, side, cells in others:
        if not any(passes.surely(cell, beside_near=True) for cell in cells):
            found[at] += side
    return found


def _sides(text: str, pairs: Sequence[_Pair]) -> tuple[list[list[Place]], list[str]]:
    """The places on each of the two sides of a list, and the words there."""
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    return sides, [content.bare(" ".join(text[start:end] for start, end in side)) for side in sides]


def _lists(text: str) -> Iterator[Sequence[_Pair]]:
    """The lists of a text: lines with the same mark that follow one another."""
    if text.count("\n") < _FEWEST_LINES - 1:
        return
    lines, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            lines.append((start, line))
        start += len(line) + 1
    for mark, some in groupby(lines, key=lambda line: _mark(line[1])):
        if mark is None or len(group := list(some)) < _FEWEST_LINES:
            continue
        pairs = [pair for start, line in group if (pair := _pair(start, line, mark))]
        words = [len(text[slice(*place)].split()) for pair in pairs for place in pair]
        if len(pairs) >= _FEWEST_LINES and max(words) <= _LONGEST and sum(words) <= _LONGEST_MEAN * len(words):
            yield pairs


def _mark(line: str) -> str | None:
    """The mark between the two sides of a line; "" for a change of script, None without any."""
    if len(line) > _LONGEST_LINE:
        return None
    if _MAY_HAVE_MARK.search(line):
        for mark in (*_IN_PARENTHESES.get(line[-1:], ()), *_MARKS):
            if mark in line:
                return mark
    return None if line.isascii() or not _change(line) else ""


def _change(line: str) -> int:
    """Where the letters of a line change from Latin ones to another script; 0 where they do not."""
    found = _LATIN.match(line)
    return found.end() if found is not None and line[found.end() :].lstrip(" ")[0] > "\u036f" else 0


def _pair(start: int, line: str, mark: str) -> _Pair | None:
    """What stands on the two sides of a mark; None where nothing does on one."""
    begin = found.end() if (found := _BEGIN.match(line)) else 0
    end = line.find(mark, begin) if mark else _change(line)
    left, right = line[begin:end], line[end + len(mark) :].strip(" \t|)）")
    if end <= begin or not left.strip() or not right:
        return None
    after = line.index(right, end + len(mark))
    return _Pair((start + begin, start + begin + len(left.rstrip())), (start + after, start + after + len(right)))
