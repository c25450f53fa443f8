"""The pieces of texts that are looked at: lines, short lines that stand together, and sentences."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.content import Line
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches import near_sentences, titles

_ENDS, _NO_END = f"[{content.SENTENCE_ENDS}]", f"[^{content.SENTENCE_ENDS}]"
_SENTENCE = re.compile(f"{_NO_END}+(?:{_ENDS}+|$)")
_INSIDE = r"\.(?<=\w.)(?=[a-z\d])"
"""A point inside a figure, or an address."""
_HAS_INSIDE = re.compile(_INSIDE)
_SENTENCE_AROUND = re.compile(f"(?:{_NO_END}++|{_INSIDE})++(?:(?:(?!{_INSIDE}){_ENDS})+|$)")
_NEXT_SENTENCE = re.compile(f"{_ENDS}(?<={_NO_END}.){_ENDS}*{_NO_END}")
"""The end of a sentence between two; the mark comes first, as Python finds it fastest so."""
_LONGEST_SHORT = 500
"""Characters up to which sentences without five words go together, each read with those before."""


class Piece(NamedTuple):
    """A line, lines that stand together, or a sentence: its text's index, place, and bare words.

    The language of a `short` one is not told from it alone; it may be a span in another language.
    """

    text: int
    start: int
    end: int
    bare: str
    short: bool = False


def of_lines(texts: Sequence[Sequence[Line]], base: str) -> list[Piece]:
    """The long lines of texts, and short ones that stand together."""
    found: list[Piece] = []
    for at, text in enumerate(texts):
        short: list[Line] = []
        for line in text:
            start, raw, bare, is_long = line  # Faster than by name.
            if not is_long:
                short.append(line)
                continue
            if short:
                found.append(_together(at, short, base))
                short = []
            found.append(Piece(at, start, start + len(raw), bare))
        if short:
            found.append(_together(at, short, base))
    return found


def _together(at: int, lines: Sequence[Line], base: str) -> Piece:
    bare = " ".join([line.bare for line in lines])
    return Piece(at, lines[0].start, lines[-1].start + len(lines[-1].raw), bare, not content.is_long(bare, base))


def _sentences(chunk: Piece, text: str, base: str) -> list[Piece]:
    """The sentences of a chunk; those of fewer than five words are short."""
    found = []
    whole = text[chunk.start : chunk.end]
    for sentence in (_SENTENCE_AROUND if _HAS_INSIDE.search(whole) else _SENTENCE).finditer(whole):
        start, end = chunk.start + sentence.start(), chunk.start + sentence.end()
        found.append(_between(chunk.text, start, end, text, base))
    return found


def of_chunks(contents: Sequence[str], chunks: Sequence[Piece], passes: Passes, base: str) -> list[Piece]:
    """Chunks that pass, and the sentences of others, which are learnt; titles alone are left out.

    The chunks were learnt. One that passes is parted where some of its sentences are in a near
    language.
    """
    chunks, passing = _of_prose(contents, chunks, passes, base)
    several = [
        at
        for at, chunk in enumerate(chunks)
        if not chunk.short and _NEXT_SENTENCE.search(contents[chunk.text], chunk.start + 1, chunk.end)
    ]
    suspects = near_sentences.suspects([chunks[at].bare for at in several], passes)
    suspected = {at for at, suspect in zip(several, suspects, strict=True) if suspect}
    parts = {
        at: _sentences(chunks[at], contents[chunks[at].text], base)
        for at in several
        if (at in suspected if passing[at] else passes.chance(chunks[at].bare))
    }
    passes.learn(part.bare for at, some in parts.items() for part in some if passing[at] or part.short)
    found: list[Piece] = []
    for at, chunk in enumerate(chunks):
        if at not in parts:
            found.append(chunk)
            continue
        text, some = contents[chunk.text], parts[at]
        if passing[at]:
            others = [not part.short and near_sentences.is_near(part.bare, passes) for part in some]
            found += _parted(some, others, text, base)
        else:
            alone = [part.short and passes.surely(part.bare, at in suspected) for part in some]
            found += _joined(chunk, some, alone, text, base)
    passes.learn(piece.bare for piece in found)
    return found


def _of_prose(
    contents: Sequence[str], chunks: Sequence[Piece], passes: Passes, base: str
) -> tuple[list[Piece], list[bool]]:
    """The chunks, and whether each passes; of those that do not, titles alone are left out."""
    found, passing, parts = list[Piece](), list[bool](), list[int]()
    for chunk, right in zip(chunks, passes.each([chunk.bare for chunk in chunks]), strict=True):
        for part in (chunk,) if right or chunk.short else _without_titles(chunk, contents, base):
            if part is not chunk:
                parts.append(len(found))
            found.append(part)
            passing.append(right)
    passes.learn([found[at].bare for at in parts])
    for at in parts:
        passing[at] = passes.of(found[at].bare)
    return found, passing


def _joined(chunk: Piece, parts: Sequence[Piece], alone: Sequence[bool], text: str, base: str) -> list[Piece]:
    """The sentences of a chunk, where short ones go with the next unless they stand `alone`.

    The last ones go with the one before. A chunk without a long sentence stays whole.
    """
    found: list[Piece] = []
    start = chunk.start
    for part, stands in zip(parts, alone, strict=True):
        whole = _between(chunk.text, start, part.end, text, base)
        if stands or not whole.short or part.end - start > _LONGEST_SHORT:
            found.append(whole)
            start = part.end
    if all(part.short for part in found):
        return [chunk]
    if start < chunk.end:
        found[-1] = _between(chunk.text, found[-1].start, chunk.end, text, base)
    return found


def _parted(parts: Sequence[Piece], others: Sequence[bool], text: str, base: str) -> list[Piece]:
    """Sentences that follow one another, together, but for each of the `others`."""
    found = []
    for is_other, some in groupby(zip(parts, others, strict=True), key=itemgetter(1)):
        group = [part for part, _ in some]
        found += group if is_other else [_between(group[0].text, group[0].start, group[-1].end, text, base)]
    return found


def _without_titles(chunk: Piece, contents: Sequence[str], base: str) -> Iterator[Piece]:
    """The lines of a chunk, without those of titles or names alone."""
    text, lines = contents[chunk.text], list[tuple[int, int]]()
    whole_text = text[chunk.start : chunk.end]
    if titles.is_alone(whole_text):
        return
    if "\n" not in whole_text:
        yield chunk
        return
    start = chunk.start
    for line in whole_text.split("\n"):
        lines.append((start, start + len(line)))
        start += len(line) + 1
    for alone, some in groupby(lines, key=lambda place: titles.is_alone(text[slice(*place)])):
        group = list(some)
        if not alone:
            whole = len(group) == len(lines)
            yield chunk if whole else _between(chunk.text, group[0][0], group[-1][1], text, base)


def _between(at: int, start: int, end: int, text: str, base: str) -> Piece:
    """The piece of the text of index `at` from `start` to `end`."""
    bare = content.bare(text[start:end])
    return Piece(at, start, end, bare, not content.is_long(bare, base))
