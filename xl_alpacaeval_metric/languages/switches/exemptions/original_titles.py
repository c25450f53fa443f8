"""Titles and names in their own language, in parentheses behind a translation (La vita è bella).

One begins with a capital, and is neither English, whose titles are known by their capitals, nor a
clause, nor does it end like a sentence.
"""

import re
from collections.abc import Iterator

from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.switches.exemptions import glosses
from xl_alpacaeval_metric.languages.vocabulary import term_words

_TITLE = re.compile(r"[(（]([^\W\d_][^()（）\n.!?:;]{4,80}?)(?:[,，;；] ?(?:1[5-9]|20)\d\d)?[)）]")
"""Perhaps with the year of the work."""
_WORD = re.compile(r"[^\W\d_]+")
_FEWEST, _MOST = 2, 7
"""Words of a title; a name alone is no span in any case."""
_SAID = 2
"""Words of what is said, of which a title has one at most, and not as its first."""


def find(text: str) -> Iterator[Place]:
    """Where the titles of a text begin and end, in order."""
    for title in _TITLE.finditer(text) if "(" in text or "（" in text else ():
        words = _WORD.findall(title[1])
        if not _FEWEST <= len(words) <= _MOST or not title[1][0].isupper() or glosses.is_english(words):
            continue
        said = [word.lower() in term_words.load()["said"] for word in words]
        if not said[0] and sum(said) < _SAID and not glosses.CLAUSE.search(title[1]):
            yield title.span(1)
