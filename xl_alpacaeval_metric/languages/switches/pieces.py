"""The pieces of texts that are looked at: lines, short lines that stand together, and sentences."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.content import Line

_SENTENCE = re.compile(r"[^.!?…。！？।؟]+(?:[.!?…。！？।؟]+|$)")


class Piece(NamedTuple):
    """A line, lines that stand together, or a sentence: its text's index, place, and bare words.

    The language of a `short` one is not told from it alone; it may be a span in another language.
    """

    text: int
    start: int
    end: int
    bare: str
    short: bool = False


def of_lines(at: int, text: Sequence[Line], base: str) -> Iterator[Piece]:
    """Long lines, and short ones that stand together."""
    for long, some in groupby(text, key=lambda line: line.long):
        lines = list(some)
        if long:
            yield from (Piece(at, line.start, line.start + len(line.raw), line.bare) for line in lines)
            continue
        bare = " ".join(line.bare for line in lines)
        short = not content.is_long(bare, base)
        yield Piece(at, lines[0].start, lines[-1].start + len(lines[-1].raw), bare, short)


def sentences(chunk: Piece, text: str, base: str) -> list[Piece]:
    """The sentences of a chunk that fails; shorter ones than five words go with one beside them."""
    raw = text[chunk.start : chunk.end]
    found: list[Piece] = []
    start = 0
    for end in (sentence.end() for sentence in _SENTENCE.finditer(raw)):
        bare = content.bare(raw[start:end])
        if content.is_long(bare, base):
            found.append(Piece(chunk.text, chunk.start + start, chunk.start + end, bare))
            start = end
    if not found:
        return [chunk]
    if start < len(raw):
        found[-1] = found[-1]._replace(end=chunk.end, bare=content.bare(text[found[-1].start : chunk.end]))
    return found
