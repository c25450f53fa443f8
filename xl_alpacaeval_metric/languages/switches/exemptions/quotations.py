"""Quotations in single marks, which may be apostrophes, and a quotation that is most of a text."""

import re
from collections.abc import Sequence

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.passes import Passes

_INSIDE = r"(?:[^{0}\n]|(?<=\w)[{0}](?=\w)){{2,300}}?"
_QUOTATION = re.compile(
    rf"(?<!\w)'(?=\S){_INSIDE.format(chr(39))}(?<=\S)'(?!\w)|(?<!\w)[‘‚](?=\S){_INSIDE.format('‘’')}[‘’](?!\w)|‹[^‹›\n]{{2,300}}›"
)
_MARKS = re.compile("['‘‹]")


ONE = 0.6
"""The largest share of a text's letters in its only quotation."""


def find(text: str, passes: Passes, base: str) -> list[Place]:
    """Where the quotations in single marks that are in another language begin and end, in order."""
    return _foreign(text, _in_single_marks(text), passes, base)


def find_one(text: str, passes: Passes, base: str) -> list[Place]:
    """The place of the only quotation of a text, if it is in another language; else none."""
    found = content.quotations(text) or _in_single_marks(text)
    return _foreign(text, found, passes, base) if len(found) == 1 else []


def _in_single_marks(text: str) -> list[Place]:
    return [quotation.span() for quotation in _QUOTATION.finditer(text)] if _MARKS.search(text) else []


def _foreign(text: str, places: Sequence[Place], passes: Passes, base: str) -> list[Place]:
    own = passes.long_ones([content.bare(text[start:end]) for start, end in places], base)
    return [place for place, is_own in zip(places, own, strict=True) if not is_own]
