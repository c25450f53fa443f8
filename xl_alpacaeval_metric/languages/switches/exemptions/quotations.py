"""Quotations in single marks, which may be apostrophes, and a quotation that is most of a text."""

import re
from collections.abc import Iterator

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.content import Place

_INSIDE = r"(?:[^{0}\n]|(?<=\w)[{0}](?=\w)){{2,300}}?"
_QUOTATION = re.compile(
    rf"(?<!\w)'(?=\S){_INSIDE.format(chr(39))}(?<=\S)'(?!\w)|(?<!\w)[‘‚](?=\S){_INSIDE.format('‘’')}[‘’](?!\w)|‹[^‹›\n]{{2,300}}›"
)
_MARKS = re.compile("['‘‹]")


ONE = 0.6
"""The largest share of a text's letters in its only quotation."""


def find(text: str) -> Iterator[Place]:
    """Where the quotations begin and end, in order."""
    if _MARKS.search(text):
        yield from (quotation.span() for quotation in _QUOTATION.finditer(text))


def find_one(text: str) -> list[Place]:
    """The place of the only quotation of a text; none where there are none or several."""
    found = content.quotations(text) or list(find(text))
    return found if len(found) == 1 else []
