"""What a text is made of: how much of it is in the language asked for, and what the rest is in.

Letters are counted; a Chinese or Japanese character counts as three. Lines are taken as a whole
where they are in the language, else sentence by sentence; short lines are taken together with those
beside them, or with all other short ones. Spans in another language are taken out of the lines that
pass; lines of titles alone are left out.
"""

from collections import Counter
from collections.abc import Container, Mapping, Sequence, Set
from itertools import chain, compress
from operator import itemgetter
from typing import NamedTuple

from xl_alpacaeval_metric.languages import content, decisions, identify, labels, scripts
from xl_alpacaeval_metric.languages.content import Line
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches import naming, near_sentences, spans
from xl_alpacaeval_metric.languages.switches.pieces import Piece, of_chunks, of_lines
from xl_alpacaeval_metric.languages.switches.spans import Span

MOST = 0.8
"""The share of the letters from which on a text is in one language; less is mixed."""
MIXED, NONE = "mixed", "none"
_OWN, _UNKNOWN = naming.OWN, naming.UNKNOWN
_NO_CHANCE, _NO_TRACE = naming.NO_CHANCE, naming.NO_TRACE
_MOST_CONTEXT = 5
_CONTEXT, _CONTEXT_OF_ROW = ((0.3, 1), (0.1, 2), (0.03, _MOST_CONTEXT)), ((0.3, 1), (1e-3, 2))
"""The own model's probabilities above which a line, or a table's row, may be in the language though
it looks like a near one, or like none; how many times as much text beside it must be in it. Five
times as much is enough only for one that looks like a near one, and leaves likelier ones theirs."""
_FEW = 0.1
"""The least share of the letters in each of two scripts that makes a text of two."""
_SWITCH_LETTERS = 12
"""Letters of a sentence or line in another language that make a switch."""

_FEWEST_LETTERS, _LINES = 12, 60
"""Of a long thought, so many lines are identified, spread evenly; those with fewer letters not."""


class Composition(NamedTuple):
    """Percentage of the letters in the language, the language of most, and the switches."""

    fidelity: float | None
    answered_in: str
    switched: bool | None
    spans: tuple[Span, ...]


def of(contents: Sequence[str], lines: Sequence[Sequence[Line]], passes: Passes, base: str) -> list[Composition]:
    """What each text is made of, from its content and the lines of it."""
    if not contents:
        return []
    chunks = of_lines(lines, base)
    passes.learn(chunk.bare for chunk in chunks)
    short = _in_short_lines(chunks, passes, base)
    pieces = of_chunks(contents, chunks, passes, base)
    raws = [contents[text][start:end] for text, start, end, _, _ in pieces]
    long = [at for at, piece in enumerate(pieces) if not piece.short]
    passing = set(compress(long, passes.each([pieces[at].bare for at in long])))
    looked = _looked(pieces, passing, passes)
    read = passes.read([pieces[at].bare for at in looked])
    switches = spans.find([raws[at] for at in looked], read, passes.code, passes.script)
    inside = {at: some for at, some in zip(looked, switches, strict=True) if some}
    rest = {at: spans.without(raws[at], some) for at, some in inside.items() if at not in passing}
    rest = {at: bare for at, bare in rest.items() if content.is_long(bare, base) or spans.are_terms(inside[at])}
    passes.learn(rest.values())
    others = [at for at in long if at not in passing and not (at in rest and passes.of(rest[at]))]
    found = naming.others([pieces[at].bare for at in others], [raws[at] for at in others], passes)
    told = dict(zip(others, found, strict=True))
    told |= passes.by_text(((at, pieces[at].bare, pieces[at].text) for at in long), told)
    told |= _by_context(pieces, raws, told, inside, passes)
    counted = _counted(pieces, {pieces[at].text for at in (*others, *inside)}, short, passes)
    return _compositions(contents, pieces, inside, told, counted, passes)


def _by_context(
    pieces: Sequence[Piece], raws: Sequence[str], told: Mapping[int, str], inside: Container[int], passes: Passes
) -> dict[int, str]:
    """Lines told to be in a near language, or in none, that are in the one asked for by context."""
    if labels.key(passes.code) in ("ja", *decisions.HAN):  # Told apart by their characters.
        return {}
    near = {_UNKNOWN, *labels.near(passes.code)}
    some = {
        at: times
        for at, label in told.items()
        if label in near and at not in inside and (times := _context(passes, pieces[at], raws[at], label))
    }
    likelier, every, own = Counter[int](), Counter[int](), Counter[int]()
    texts = {pieces[at].text for at in some}
    for at, piece in enumerate(pieces if some else ()):
        if at in some:
            every[piece.text] += some[at] * len(piece.bare)
            likelier[piece.text] += some[at] * len(piece.bare) if some[at] < _MOST_CONTEXT else 0
        elif piece.text in texts and told.get(at, _OWN) == _OWN and not piece.short:
            own[piece.text] += len(piece.bare)
    needed = {at: (likelier if times < _MOST_CONTEXT else every)[pieces[at].text] for at, times in some.items()}
    return {at: _OWN for at in some if own[pieces[at].text] >= needed[at]}


def _context(passes: Passes, piece: Piece, raw: str, label: str) -> int:
    """How many times as much text must be beside a line; 0 where no text is enough."""
    chance, context = passes.chance(piece.bare), _CONTEXT_OF_ROW if raw.lstrip().startswith("|") else _CONTEXT
    times = next((times for least, times in context if chance > least), 0)
    return 0 if label == _UNKNOWN and times == _MOST_CONTEXT else times


def _counted(pieces: Sequence[Piece], mixed: Container[int], together: Container[int], passes: Passes) -> set[int]:
    """The short pieces that count as in the language.

    They are those of the texts whose short lines are in it `together`, and of `mixed` ones, which
    have parts in other languages, those that are surely in it alone.
    """
    long = {piece.text for piece in pieces if not piece.short}
    found = {at for at, piece in enumerate(pieces) if piece.short and piece.text in together}
    alone = [at for at, piece in enumerate(pieces) if piece.short and piece.text in long and piece.text in mixed]
    passes.learn(pieces[at].bare for at in alone)
    return found.union(at for at in alone if passes.surely(pieces[at].bare))


def _in_short_lines(chunks: Sequence[Piece], passes: Passes, base: str) -> set[int]:
    """The texts whose short lines, parted by long ones, are in the language when together."""
    short: dict[int, str] = {}
    for chunk in chunks:
        if chunk.short:
            short[chunk.text] = f"{short.get(chunk.text, '')} {chunk.bare}".strip()
    together = {at: bare for at, bare in short.items() if content.is_long(bare, base)}
    passes.learn(together.values())
    return {at for at, bare in together.items() if passes.surely(bare)}


def _looked(pieces: Sequence[Piece], passing: Set[int], passes: Passes) -> list[int]:
    """The pieces that may have a span in another language: not those surely all in one.

    `passing` are those that are long and in the language.
    A piece that fails may pass without spans only if not all of its words look foreign.
    """
    from xl_alpacaeval_metric.languages.scripts import letter_counts
    from xl_alpacaeval_metric.languages.switches import windows

    found = set(passing)
    rest = [at for at, piece in enumerate(pieces) if not piece.short and at not in passing]
    found.update(at for at, piece in enumerate(pieces) if piece.short and len(piece.bare.split()) >= spans.MIN_WORDS)
    shares = letter_counts.shares([pieces[at].bare for at in rest], passes.script)
    found.update(at for at, share in zip(rest, shares, strict=True) if _FEW < share < 1 - _FEW)
    may = [at for at in rest if at not in found and passes.chance(pieces[at].bare) > _NO_TRACE]
    outside = windows.have_words_outside(passes.read([pieces[at].bare for at in may]), passes.code)
    return sorted(found.union(compress(may, outside)))


def _compositions(
    contents: Sequence[str],
    pieces: Sequence[Piece],
    inside: Mapping[int, Sequence[Span]],
    labelled: Mapping[int, str],
    counted: Container[int],
    passes: Passes,
) -> list[Composition]:
    """Each text's composition; `labelled` are the languages of pieces that are in another one.

    A near language is no switch unless the piece is surely not in the one asked for. Short pieces
    count that are `counted`.
    """
    from xl_alpacaeval_metric.languages.scripts import letter_counts

    near = labels.near(passes.code)
    mixed = {pieces[at].text for at in (*labelled, *inside)}
    right, left = set[int](), set(range(len(contents))) - mixed
    for at, piece in enumerate(pieces):
        if piece.text in left and (not piece.short or at in counted) and scripts.has_letters(piece.bare):
            right.add(piece.text)
            left.remove(piece.text)
    letters: dict[int, dict[str, int]] = {text: {} for text in mixed}
    found: dict[int, list[Span]] = {text: [] for text in mixed}
    some = [(at, piece) for at, piece in enumerate(pieces) if piece.text in mixed]
    whole = letter_counts.weights([contents[piece.text][piece.start : piece.end] for _, piece in some])
    for (at, piece), weight in zip(some, whole, strict=True):
        of_text, switches = letters[piece.text], found[piece.text]
        label = labelled.get(at, _OWN)
        if label == _OWN or (label == _UNKNOWN and (inside.get(at) or passes.chance(piece.bare) > _NO_CHANCE)):
            for span in inside.get(at, ()):
                start, end = piece.start + span.start, piece.start + span.end
                part = scripts.weight(contents[piece.text][start:end])
                weight -= part
                if span.language != spans.NO_LANGUAGE:
                    of_text[span.language] = of_text.get(span.language, 0) + part
                    switches.append(Span(start, end, span.language))
        elif weight >= _SWITCH_LETTERS and (label not in near or _is_surely_other(piece, passes)):
            start = piece.end - len(contents[piece.text][piece.start : piece.end].lstrip())
            switches.append(Span(start, piece.end, label))
        if not piece.short or at in counted:
            of_text[label] = of_text.get(label, 0) + weight
    all_right, nothing = Composition(100.0, passes.code, False, ()), Composition(None, NONE, None, ())
    return [
        _composition(letters[text], found[text], passes.code)
        if text in mixed
        else all_right
        if text in right
        else nothing
        for text in range(len(contents))
    ]


def _is_surely_other(piece: Piece, passes: Passes) -> bool:
    return passes.chance(piece.bare) <= _NO_CHANCE or near_sentences.is_near(piece.bare, passes)


def _composition(letters: Mapping[str, int], found: Sequence[Span], code: str) -> Composition:
    whole = sum(letters.values())
    if not whole:
        return Composition(None, NONE, None, ())
    return Composition(
        fidelity=100 * letters.get(_OWN, 0) / whole,
        answered_in=_answered_in(letters, whole, code),
        switched=bool(found) and letters.get(_OWN, 0) >= _SWITCH_LETTERS,
        spans=tuple(found),
    )


def _answered_in(letters: Mapping[str, int], whole: int, code: str) -> str:
    label, most = max(letters.items(), key=itemgetter(1))
    if most < MOST * whole:
        return MIXED
    return {_OWN: code, _UNKNOWN: NONE}.get(label, label)


def main_languages(texts: Sequence[str]) -> list[str | None]:
    """The code of the language with the most letters in each text; None where none is identified.

    The lines are identified one by one, and what is in no language is left out.
    """
    lines: list[list[str]] = []
    for text in texts:
        kept = [line.strip() for line in content.of(text).split("\n") if scripts.weight(line) >= _FEWEST_LETTERS]
        step = max(1, len(kept) / _LINES)
        lines.append([kept[int(step * number)] for number in range(min(len(kept), _LINES))])
    every = list(chain.from_iterable(lines))
    labelled = dict(zip(every, identify.identify(every), strict=True))
    found: list[str | None] = []
    for some in lines:
        letters: Counter[str] = Counter()
        for line in some:
            if (label := labelled[line]) is not None:
                letters[label] += scripts.weight(line)
        found.append(letters.most_common(1)[0][0] if letters else None)
    return found
