"""Quotations in single marks, which may be apostrophes: they are looked for only in mixed texts."""

import re
from collections.abc import Iterator

from xl_alpacaeval_metric.languages.content import Place

_INSIDE = r"(?:[^{0}\n]|(?<=\w)[{0}](?=\w)){{2,300}}?"
_QUOTATION = re.compile(
    rf"(?<!\w)'(?=\S){_INSIDE.format(chr(39))}(?<=\S)'(?!\w)|(?<!\w)[‘‚](?=\S){_INSIDE.format('‘’')}[‘’](?!\w)|‹[^‹›\n]{{2,300}}›"
)
_MARKS = re.compile("['‘‹]")


def find(text: str) -> Iterator[Place]:
    """Where the quotations begin and end, in order."""
    if _MARKS.search(text):
        yield from (quotation.span() for quotation in _QUOTATION.finditer(text))
