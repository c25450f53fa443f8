"""Entries of a bibliography: their titles stay in the language of the work.

An entry is a line that begins with an author, as styles of citation write one, and has a year.
"""

import re
from collections.abc import Iterator

from xl_alpacaeval_metric.languages.content import Place

_UPPER = f"[{''.join(filter(str.isupper, map(chr, range(0x2000))))}]"
_NAME = rf"{_UPPER}[\w'’-]*"
_INITIALS = rf"(?:{_UPPER}\.[ -]?)+"
_YEAR = r"(?:1[5-9]|20)\d\d[a-z]?"
_TITLE = r" *(?:[\"“”«*_]| {4})"
"""The beginning of a title that is marked as one; in quotation marks it may be blank by now."""
_ENTRY = re.compile(
    r"[ \t>]*(?:[-*•]|\d+[.)]|\[\d+\])?[ \t]*(?:"
    # Vaswani, A., & Shazeer, N. (2017).
    rf"{_NAME}(?: {_NAME})*, {_INITIALS}(?! ?[a-z]{{4}}).*\b{_YEAR}\b"
    # A. Vaswani and N. Shazeer, "...", 2017.
    rf"|{_INITIALS}{_NAME}(?:(?:,? (?:and|&) |, ){_INITIALS}{_NAME})*(?:,? et al\.)?,{_TITLE}.*\b{_YEAR}\b"
    # World Health Organization. (2021).
    rf"|{_NAME}[^()\n]{{2,100}}\. ?\({_YEAR}(?:, [^()\n]{{1,20}})?\)\."
    # Vaswani, Ashish, and Noam Shazeer. "..." (2017).
    rf"|{_NAME}, {_NAME}(?: {_NAME}\.?)*(?:,? (?:and|&|et) (?:[^.\n]|\b{_UPPER}\.){{2,60}})?\.{_TITLE}.*\b{_YEAR}\b"
    # Smith J, Johnson MK, et al. Effects of sleep. J Sleep Res. 2019;28(3).
    rf"|{_NAME} {_UPPER}{{1,3}}(?:, (?:{_NAME} {_UPPER}{{1,3}}|et al))*\..{{3,}}\b{_YEAR}\b"
    # - Judt, Tony. Postwar: A History of Europe. Londres: Penguin, 2005.
    rf"|{_NAME}, {_NAME}(?: {_NAME}\.?)*\.[^.]{{3,200}}(?:\.[^.]{{2,40}})?: [^:.]{{2,60}}, {_YEAR}\.?(?=\s*$)"
    r").*"
)
_MAY_BE_ENTRY = re.compile(r"[12]\d\d\d")
_LONGEST = 500
"""Characters of an entry."""


def find(text: str) -> Iterator[Place]:
    """Where the entries of a bibliography in a text begin and end, in order."""
    if not _MAY_BE_ENTRY.search(text):
        return
    start = 0
    for line in text.split("\n"):
        if len(line) <= _LONGEST and _MAY_BE_ENTRY.search(line) and _ENTRY.fullmatch(line):
            yield start, start + len(line)
        start += len(line) + 1
