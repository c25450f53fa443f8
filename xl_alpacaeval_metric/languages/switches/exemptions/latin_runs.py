"""Code and labels of programs inside a sentence in another script than Latin.

A label begins with a capital, is no clause, and is not alone: the text names others, most of which
are shorter.
"""

import re
from collections.abc import Iterator

from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.switches.exemptions import code_lines, glosses

_RUN = re.compile(r"[\x20-\u024f\u1e00-\u1eff\u2010-\u2027]+")
_PART = re.compile(r"[^\s,;:!?.](?:[^,;:!?.\n]|[,;:!?.](?!\s|$))*(?<![\s,;:!?.])")
_LETTER = re.compile("[A-Za-z\u00aa\u00b2\u00b3\u00b5\u00b9\u00ba\u00bc-\u00be\u00c0-\u024f\u1e00-\u1eff]")
"""What `_WORD` may find in a run, figures such as ² too, for a quick look."""
_WORD = re.compile(r"[^\W\d_]+")
_FEWEST, _MOST = 4, 7
"""Words of a label; fewer are no span in any case."""
_LABELS = 3
"""Runs with a capital that a text with labels has."""


def find(text: str) -> Iterator[Place]:
    """Where they begin and end, in order."""
    if text.isascii():
        return
    labels: list[Place] = []
    found: list[Place] = []
    for run in _runs(text):
        for part in _PART.finditer(text, *run.span()):
            if " " in part[0] and code_lines.is_code(part[0]):
                found.append(part.span())
            elif part[0][0].isupper():
                labels.append(part.span())
    if len(labels) >= _LABELS:
        long = [place for place in labels if len(_WORD.findall(text, *place)) >= _FEWEST]
        if 2 * len(long) < len(labels):
            found += [place for place in long if _is_label(text[slice(*place)])]
    yield from sorted(found)


def _runs(text: str) -> Iterator[re.Match[str]]:
    """Runs of Latin letters in lines that have other letters, too."""
    start = 0
    for line in text.split("\n"):
        if not line.isascii() and _LETTER.search(line):
            for run in _RUN.finditer(text, start, start + len(line)):
                if len(run[0]) < len(line) and _WORD.search(run[0]):
                    yield run
        start += len(line) + 1


def _is_label(words: str) -> bool:
    some = _WORD.findall(words)
    return _FEWEST <= len(some) <= _MOST and not glosses.CLAUSE.search(words) and glosses.is_english(some)
