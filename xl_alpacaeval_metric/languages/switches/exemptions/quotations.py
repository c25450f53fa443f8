"""Quotations in single marks, which may be apostrophes, and a quotation that is most of a text."""

import re
from collections.abc import Sequence

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.passes import Passes

_INSIDE = r"(?:[^{0}\n]|(?<=\w)[{0}](?=\w)){{2,300}}?"
_LETTER = r"[^\W\u0e00-\uffff]"
"""Of a script with spaces between words: in others, and in Korean, marks stand beside letters."""
_QUOTATION = re.compile(
    rf"(?<!{_LETTER})'(?=\S){_INSIDE.format(chr(39))}(?<=\S)'(?!{_LETTER})|(?<!\w)[‘‚](?=\S){_INSIDE.format('‘’')}[‘’](?!\w)|‹[^‹›\n]{{2,300}}›"
)
_MARKS = re.compile(r"['‘‚‹](?<!\w.)(?=\S)")
"""The beginning of one, for a quick look."""

ONE = 0.6
"""The largest share of a text's letters in its only quotation."""


def find(texts: Sequence[str], passes: Passes, base: str) -> list[list[Place]]:
    """Where the quotations in single marks that are in another language begin and end, in order.

    For each text, as `find_one`.
    """
    return _foreign(texts, list(map(_in_single_marks, texts)), passes, base)


def find_one(texts: Sequence[str], passes: Passes, base: str) -> list[list[Place]]:
    """The place of the only quotation of each text, if it is in another language; else none."""
    every = (content.quotations(text) or _in_single_marks(text) for text in texts)
    return _foreign(texts, [found if len(found) == 1 else [] for found in every], passes, base)


def _in_single_marks(text: str) -> list[Place]:
    return [quotation.span() for quotation in _QUOTATION.finditer(text)] if _MARKS.search(text) else []


def _foreign(texts: Sequence[str], places: Sequence[list[Place]], passes: Passes, base: str) -> list[list[Place]]:
    """The places in each text that are in another language than the one asked for."""
    both = zip(texts, places, strict=True)
    own = iter(passes.long_ones([content.bare(text[start:end]) for text, some in both for start, end in some], base))
    return [[place for place in some if not next(own)] for some in places]
