"""Parts of a text in another language, or in none, that are no switch."""

from collections.abc import Iterable, Iterator, Sequence

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.passes import Passes


def foreign(texts: Sequence[str], places: Sequence[list[Place]], passes: Passes, base: str) -> list[list[Place]]:
    """The places in each text that are in another language than the one asked for."""
    both = zip(texts, places, strict=True)
    own = iter(passes.long_ones([content.bare(text[start:end]) for text, some in both for start, end in some], base))
    return [[place for place in some if not next(own)] for some in places]


def apart(places: Iterable[Place]) -> Iterator[Place]:
    """Places in order, without those that overlap one before."""
    end = 0
    for place in sorted(places):
        if place[0] >= end:
            yield place
            end = place[1]
