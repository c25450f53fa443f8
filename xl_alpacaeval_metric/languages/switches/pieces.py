"""The pieces of texts that are looked at: lines, short lines that stand together, and sentences."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.content import Line
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches import near_sentences, titles

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


def _sentences(chunk: Piece, text: str, base: str) -> list[Piece]:
    """The sentences of a chunk; those of fewer than five words are short."""
    found = []
    for sentence in _SENTENCE.finditer(text[chunk.start : chunk.end]):
        start, end, bare = chunk.start + sentence.start(), chunk.start + sentence.end(), content.bare(sentence[0])
        found.append(Piece(chunk.text, start, end, bare, not content.is_long(bare, base)))
    return found


def of_chunks(contents: Sequence[str], chunks: Iterable[Piece], passes: Passes, base: str) -> list[Piece]:
    """Chunks that pass, and the sentences of others, which are learnt; titles alone are left out.

    A chunk that passes is parted where some of its sentences are in a near language.
    """
    chunks = list(chunks)
    passes.learn(chunk.bare for chunk in chunks)
    chunks = [
        part
        for chunk in chunks
        for part in ([chunk] if chunk.short or passes.of(chunk.bare) else _without_titles(chunk, contents, base))
    ]
    passes.learn(chunk.bare for chunk in chunks)
    suspects = near_sentences.suspects([chunk.bare for chunk in chunks], passes)
    parts = {
        at: _sentences(chunk, contents[chunk.text], base)
        for at, (chunk, suspect) in enumerate(zip(chunks, suspects, strict=True))
        if not chunk.short and (suspect if passes.of(chunk.bare) else passes.chance(chunk.bare))
    }
    passes.learn(part.bare for some in parts.values() for part in some)
    found: list[Piece] = []
    for at, (chunk, suspect) in enumerate(zip(chunks, suspects, strict=True)):
        text, some = contents[chunk.text], parts.get(at, [])
        if not some:
            found.append(chunk)
        elif passes.of(chunk.bare):
            others = [not part.short and near_sentences.is_near(part.bare, passes) for part in some]
            found += _parted(some, others, text, base)
        else:
            found += _joined(chunk, some, [passes.surely(part.bare, suspect) for part in some], text)
    passes.learn(piece.bare for piece in found)
    return found


def _joined(chunk: Piece, parts: Sequence[Piece], alone: Sequence[bool], text: str) -> list[Piece]:
    """The sentences of a chunk, where a short one goes with the next unless it stands `alone`.

    The last ones go with the one before. A chunk without a long sentence stays whole.
    """
    found: list[Piece] = []
    start = chunk.start
    for part, stands in zip(parts, alone, strict=True):
        if stands or not part.short:
            found.append(_longer(part, start, part.end, text))
            start = part.end
    if all(part.short for part in found):
        return [chunk]
    found[-1] = _longer(found[-1], found[-1].start, chunk.end, text)
    return found


def _parted(parts: Sequence[Piece], others: Sequence[bool], text: str, base: str) -> list[Piece]:
    """Sentences that follow one another, together, but for each of the `others`."""
    found = []
    for is_other, some in groupby(zip(parts, others, strict=True), key=itemgetter(1)):
        group = [part for part, _ in some]
        found += group if is_other else [_together(group, text, base)]
    return found


def _without_titles(chunk: Piece, contents: Sequence[str], base: str) -> Iterator[Piece]:
    """The lines of a chunk, without those of titles or names alone."""
    text, lines = contents[chunk.text], list[Piece]()
    start = chunk.start
    for line in text[chunk.start : chunk.end].split("\n"):
        lines.append(Piece(chunk.text, start, start + len(line), ""))
        start += len(line) + 1
    for alone, some in groupby(lines, key=lambda line: titles.is_alone(text[line.start : line.end])):
        group = list(some)
        if len(group) == len(lines):
            yield from () if alone else (chunk,)
        elif not alone:
            yield _together(group, text, base)


def _longer(part: Piece, start: int, end: int, text: str) -> Piece:
    """A piece from `start` to `end` of its text."""
    if (start, end) == (part.start, part.end):
        return part
    return part._replace(start=start, end=end, bare=content.bare(text[start:end]))


def _together(parts: Sequence[Piece], text: str, base: str) -> Piece:
    """Parts that follow one another as one."""
    start, end = parts[0].start, parts[-1].end
    bare = content.bare(text[start:end])
    return Piece(parts[0].text, start, end, bare, not content.is_long(bare, base))
