"""Latin terms of law and learning, in a text in another script: they are no switch."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import resources

from xl_alpacaeval_metric.languages.content import Place

_FEWEST = 3
"""Words of a term; fewer are no span in any case."""


@lru_cache(maxsize=1)
def _terms() -> Mapping[str, Sequence[str]]:
    """The terms by the longest word inside them, which has spaces around it."""
    text = resources.files("xl_alpacaeval_metric").joinpath("data/latin_terms.txt").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= _FEWEST and words[0] != "#":
            found.setdefault(max(words[1:-1], key=len), []).append(line)
    return found


def find(text: str) -> Iterator[Place]:
    """Where they begin and end."""
    lower = text.lower()
    terms = _terms()
    words = terms.keys() & lower.split()
    if not words or len(lower) != len(text):  # A letter may become two.
        return
    for word in words:
        for term in terms[word]:
            start = lower.find(term)
            while start >= 0:
                end = start + len(term)
                if not lower[start - 1 : start].isalpha() and not lower[end : end + 1].isalpha():
                    yield start, end
                start = lower.find(term, end)
