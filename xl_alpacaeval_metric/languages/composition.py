"""What a text is made of: how much of it is in the language asked for, and what the rest is in.

Letters are counted; a Chinese or Japanese character counts as three. Lines are taken as a whole
where they are in the language, else sentence by sentence; short lines are taken together with those
beside them. Spans in another language are taken out of the lines that pass.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import content, identify, labels, scripts, spans
from xl_alpacaeval_metric.languages.content import Line
from xl_alpacaeval_metric.languages.spans import Span

MOST = 0.8
"""The share of the letters from which on a text is in one language; less is mixed."""
MIXED, NONE = "mixed", "none"
_OWN, _UNKNOWN = "", "und"
_IN_SCRIPT = 0.5
_SWITCH_LETTERS = 16
"""Letters of a sentence or line in another language that make a switch."""

_FEWEST_LETTERS, _LINES = 12, 60
"""Of a long thought, so many lines are identified, spread evenly; those with fewer letters not."""

_SENTENCE = re.compile(r"[^.!?…。！？।؟]+(?:[.!?…。！？।؟]+|$)")


class Passes:
    """Whether lines are in a language, each line identified once."""

    def __init__(self, code: str, script: str | None) -> None:
        self.code, self.script = code, script
        self._known: dict[str, bool] = {}

    def learn(self, bare: Iterable[str]) -> None:
        """Identify all of these lines at once."""
        new = [line for line in dict.fromkeys(bare) if line not in self._known]
        self._known.update(zip(new, identify.matches(new, self.code, self.script), strict=True))

    def of(self, bare: str) -> bool:
        """Whether the line is in the language."""
        if bare not in self._known:
            self.learn([bare])
        return self._known[bare]


@dataclass(frozen=True, slots=True)
class Composition:
    """Percentage of the letters in the language, the language of most, and the switches."""

    fidelity: float | None
    answered_in: str
    switched: bool | None
    spans: tuple[Span, ...]


def of(text: Sequence[Line], passes: Passes, base: str) -> Composition:
    """What the lines of a text are made of."""
    letters: Counter[str] = Counter()
    found: list[Span] = []
    for chunk in _chunks(text, base):
        for piece in [chunk] if passes.of(chunk.bare) else _sentences(chunk, base):
            inside = spans.find(piece.raw, passes.code, passes.script)
            if piece is chunk or passes.of(piece.bare) or (inside and _rest_passes(piece, inside, passes, base)):
                weights = [scripts.weight(piece.raw[span.start : span.end]) for span in inside]
                for span, weight in zip(inside, weights, strict=True):
                    letters[span.language] += weight
                    found.append(Span(piece.start + span.start, piece.start + span.end, span.language))
                letters[_OWN] += scripts.weight(piece.raw) - sum(weights)
            else:
                label, weight = _other(piece.bare, passes.code, passes.script), scripts.weight(piece.raw)
                letters[label] += weight
                if (
                    weight >= _SWITCH_LETTERS
                    and label not in (_OWN, _UNKNOWN)
                    and label not in labels.near(passes.code)
                ):
                    found.append(Span(piece.start, piece.start + len(piece.raw), label))
    whole = sum(letters.values())
    if not whole:
        return Composition(None, NONE, None, ())
    return Composition(
        fidelity=100 * letters[_OWN] / whole,
        answered_in=_answered_in(letters, whole, passes.code),
        switched=bool(found) and letters[_OWN] >= _SWITCH_LETTERS,
        spans=tuple(found),
    )


def _rest_passes(piece: Line, inside: Sequence[Span], passes: Passes, base: str) -> bool:
    """Whether a sentence is in the language without its spans in another."""
    rest, end = "", 0
    for span in inside:
        rest, end = f"{rest} {piece.raw[end : span.start]}", span.end
    bare = " ".join(line.bare for line in content.parts(f"{rest} {piece.raw[end:]}".replace("\n", " "), base))
    return content.is_long(bare, base) and passes.of(bare)


def _answered_in(letters: Counter[str], whole: int, code: str) -> str:
    label, most = letters.most_common(1)[0]
    if most < MOST * whole:
        return MIXED
    return {_OWN: code, _UNKNOWN: NONE}.get(label, label)


def _other(bare: str, code: str, script: str | None) -> str:
    """The language of a line that does not pass for the one asked for, though it may be in it."""
    label = identify.identify([bare])[0]
    if label is None:
        return _UNKNOWN
    if label == "hr" and code.split("-")[0] == "sr":
        return "sr-Latn"
    if label == code.split("-")[0]:  # In another script, or in the other form of Chinese.
        if label == "zh":
            form = scripts.han_form(bare)
            return _OWN if form in (None, script) or "-" not in code else f"{label}-{form}"
        form = scripts.main_script(bare)
        if form in (None, script) or scripts.share(bare, script) > _IN_SCRIPT:
            return _OWN
        return languages.get(f"{label}-{form}").code
    return label


def _chunks(text: Sequence[Line], base: str) -> Iterator[Line]:
    """Long lines, and short ones that stand together, if they are long enough together."""
    short: list[Line] = []
    for line in text:
        if line.long:
            yield from _together(short, base)
            short = []
            yield line
        else:
            short.append(line)
    yield from _together(short, base)


def _together(short: list[Line], base: str) -> Iterator[Line]:
    if len(short) < 2:
        return
    bare = " ".join(line.bare for line in short)
    if content.is_long(bare, base):
        # Between the lines stands a newline each: the places of characters stay right only for
        # lines that follow one another.
        yield Line(short[0].start, "\n".join(line.raw for line in short), bare, True)


def _sentences(line: Line, base: str) -> Iterator[Line]:
    """The sentences of a line that fails; those with fewer than four words go with the next."""
    start, sentences = 0, list(_SENTENCE.finditer(line.raw))
    for number, sentence in enumerate(sentences):
        raw = line.raw[start : sentence.end()]
        bare = content.parts(raw, base)
        if number + 1 < len(sentences) and not any(part.long for part in bare):
            continue
        if bare:
            yield Line(line.start + start, raw, " ".join(part.bare for part in bare), True)
        start = sentence.end()


def main_languages(texts: Sequence[str]) -> list[str | None]:
    """The code of the language with the most letters in each text; None where none is identified.

    The lines are identified one by one, and what is in no language is left out.
    """
    found: list[str | None] = []
    for text in texts:
        letters: Counter[str] = Counter()
        kept = [line for line in content.of(text).split("\n") if scripts.weight(line) >= _FEWEST_LETTERS]
        step = max(1, len(kept) / _LINES)
        for number in range(min(len(kept), _LINES)):
            line = kept[int(step * number)]
            if (label := identify.identify([line.strip()])[0]) is not None:
                letters[label] += scripts.weight(line)
        found.append(letters.most_common(1)[0][0] if letters else None)
    return found
