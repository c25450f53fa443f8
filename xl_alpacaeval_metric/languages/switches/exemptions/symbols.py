"""Formulas without marks, moves of chess, and hashtags: they are in no language."""

import re
from collections.abc import Iterator
from itertools import chain

from xl_alpacaeval_metric.languages.content import Place

_TERM = r"[(\[]?(?:[A-Za-z]{0,3}\d(?:[\w.,()^+-]*[\w)])?|[A-Za-z](?:\([A-Za-z\d, ]{1,9}\))?)[)\]]?"
_FORMULA = re.compile(rf"(?<![\w]){_TERM}(?: *[=+\u2212*/^<>≤≥≈→⇌×÷·] *{_TERM}|[ ]-[ ]{_TERM})+(?!\w)")
_MAY_BE_FORMULA = re.compile(r"[=+\u2212*/^<>≤≥≈→⇌×÷·-](?<=[\w)\] ].) *[(\[]?(?:[A-Za-z]{0,3}\d|[A-Za-z]\b)")
"""An operator and a term after it; the operator comes first, as Python finds it fastest so."""
_HASHTAGS = re.compile(r"#[^\W\d]\w+(?:\s+#[^\W\d]\w+)+")
_SQUARE = r"[a-h][1-8]"
_PIECE = r"[^\W\da-z_]"
_MOVE = rf"(?:(?:{_PIECE}[^\W\dA-Z_]?)?[a-h1-8]?[x:]?{_SQUARE}(?:=?{_PIECE})?|[O0]-[O0](?:-[O0])?)[+#]?[!?]{{0,2}}"
_NUMBER = r"(?:\d{1,3}\. ?(?:\.\.|…)?|\.\.\.|…)? ?"
_MOVES = re.compile(rf"(?<![\w.]){_NUMBER}{_MOVE}(?![\w-])(?:,? {_NUMBER}{_MOVE}(?![\w-]))+")
"""Two moves or more that follow one another, with a letter for the piece in any language."""
_MAY_BE_MOVES = re.compile(r"[1-8](?<=[a-h].)[+#!?]{0,3}[ ,]")
"""A square; its digit comes first, for a quick look."""


def find(text: str) -> Iterator[Place]:
    """Where formulas, moves of chess, and hashtags in a row, begin and end."""
    moves = _MOVES.finditer(text) if _MAY_BE_MOVES.search(text) else ()
    formulas = _FORMULA.finditer(text) if _MAY_BE_FORMULA.search(text) else ()
    hashtags = _HASHTAGS.finditer(text) if "#" in text else ()
    yield from (one.span() for one in chain(formulas, moves, hashtags))
