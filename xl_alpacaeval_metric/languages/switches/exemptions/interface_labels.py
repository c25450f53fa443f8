"""English labels of menus, buttons and the like in bold inside a sentence, and heads of tables.

A program shows them so, whatever the language of what is said about it.
"""

import re
from collections.abc import Iterator
from itertools import chain

from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.switches.exemptions import glosses

_BOLD = re.compile(r"\*\*(?=[A-Z\d])(?!(?:I|You|He|She|We|They)['’ ])([^*\n]{2,60}?)(?<![\s.!?:…])\*\*(?![*:：\w])")
"""Bold with a capital, neither a sentence or clause nor the heading of what follows."""
_WORD_BEFORE = re.compile(r"[^\W\d_][^\n*]{0,40}$")
_BEFORE = 41
_HEAD = re.compile(r"^[ \t]*(\|.{1,300}\|)[ \t]*\n[ \t]*\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*$", re.MULTILINE)
_MOST_IN_CELL = 4
_WORD = re.compile(r"[^\W\d_]+")
_MOST_WORDS = 8


def find(text: str) -> Iterator[Place]:
    """Where the labels of a text begin and end, in order."""
    if "|" in text and "-|" in text.replace(" ", "").replace(":", ""):
        for head in _HEAD.finditer(text):
            cells = [_WORD.findall(cell) for cell in head[1].split("|")]
            if max(map(len, cells)) <= _MOST_IN_CELL and glosses.is_english([*chain.from_iterable(cells)]):
                yield head.span(1)
    if "**" in text:
        for label in _BOLD.finditer(text):
            if not _WORD_BEFORE.search(text, max(0, label.start() - _BEFORE), label.start()):
                continue
            if len(words := _WORD.findall(label[1])) <= _MOST_WORDS and glosses.is_english(words):
                yield label.span(1)
