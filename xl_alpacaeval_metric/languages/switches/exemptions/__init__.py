"""Parts of a text in another language, or in none, that are no switch."""

from collections.abc import Iterable, Iterator

from xl_alpacaeval_metric.languages.content import Place


def apart(places: Iterable[Place]) -> Iterator[Place]:
    """Places in order, without those that overlap one before."""
    end = 0
    for place in sorted(places):
        if place[0] >= end:
            yield place
            end = place[1]
