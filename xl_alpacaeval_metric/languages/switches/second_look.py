"""What a text with parts in another language is looked at again without."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches.exemptions import (
    apart,
    bibliography,
    code_lines,
    configuration,
    glosses,
    interface_labels,
    latin_runs,
    quotations,
    symbols,
    translations,
)

_LEFT_OUT = (
    (code_lines.find, 1.0),
    (configuration.find, 1.0),
    (symbols.find, 1.0),
    (bibliography.find, 0.9),
)
_IN_OTHER_SCRIPT = ((latin_runs.find, 0.6),)
_ENGLISH = ((interface_labels.find, 0.6), (glosses.find, 0.6))
"""What is left out, with the largest share of a text's letters that is: from any text, from those
in another script than Latin, and from those in another language than English."""
_TRANSLATIONS = 0.6


def without(texts: Sequence[str], some: Iterable[int], passes: Passes, base: str) -> dict[int, str]:
    """Those texts, of `some`, of which something is left out, by index, without it.

    `passes` tells which lines are in the language asked for, `base` without script and region.
    """

    def in_translations(text: str) -> Iterator[Place]:
        return translations.find(text, passes, base)

    def in_quotations(text: str) -> Iterator[Place]:
        found = list(quotations.find(text))
        own = passes.long_ones([content.bare(text[slice(*place)]) for place in found], base)
        return (place for place, stays in zip(found, own, strict=True) if not stays)

    finders: list[tuple[Callable[[str], Iterable[Place]], float]] = [
        *_LEFT_OUT,
        (in_quotations, content.QUOTED),
        (in_translations, _TRANSLATIONS),
    ]
    finders += _IN_OTHER_SCRIPT if passes.script != "Latn" else ()
    finders += _ENGLISH if base != "en" else ()
    some, left = list(some), dict[int, str]()
    for find, most in finders:
        now = [left.get(at, texts[at]) for at in some]
        places = {number: found for number, text in enumerate(now) if (found := list(apart(find(text))))}
        left |= {some[number]: text for number, text in content.left_out(now, places, most).items()}
    return left
