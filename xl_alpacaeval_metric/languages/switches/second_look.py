"""What a text with parts in another language is looked at again without."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

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
    latin_terms,
    original_titles,
    quotations,
    symbols,
    translations,
)

_Finder = tuple[Callable[[Sequence[str]], Iterable[Iterable[Place]]], float]
_NO_LANGUAGE = (
    (code_lines.find, 1.0),
    (code_lines.find_commands, 1.0),
    (configuration.find, 1.0),
    (symbols.find, 1.0),
    (bibliography.find, 0.9),
    (original_titles.find, 0.7),
)
_OTHER_LANGUAGE = (
    (quotations.find, content.QUOTED),
    (quotations.find_one, quotations.ONE),
    (translations.find, 0.6),
)
_IN_OTHER_SCRIPT = ((latin_terms.find, 0.4), (latin_runs.find, 0.6))
_ENGLISH = ((interface_labels.find, 0.6), (glosses.find, 0.6))
"""What finds the parts that are left out, with the largest share of a text's letters that they may
be: parts in no language, those that must not be in the language asked for, those in Latin letters
in a text in another script, and those in English in a text in another language."""


def without(texts: Sequence[str], some: Iterable[int], passes: Passes, base: str) -> dict[int, str]:
    """Those texts, of `some`, of which something is left out, by index, without it.

    `passes` tells which lines are in the language asked for, `base` without script and region.
    """
    finders = _in_each(_NO_LANGUAGE)
    finders += ((partial(find, passes=passes, base=base), most) for find, most in _OTHER_LANGUAGE)
    finders += _in_each(_IN_OTHER_SCRIPT) if passes.script != "Latn" else ()
    finders += _in_each(_ENGLISH) if base != "en" else ()
    some, left = list(some), dict[int, str]()
    for find, most in finders:
        now = [left.get(at, texts[at]) for at in some]
        places = {number: found for number, of_text in enumerate(find(now)) if (found := list(apart(of_text)))}
        left |= {some[number]: text for number, text in content.left_out(now, places, most).items()}
    return left


def _in_each(finders: Iterable[tuple[Callable[[str], Iterable[Place]], float]]) -> list[_Finder]:
    """Finders for one text, as those for many."""
    return [(partial(map, find), most) for find, most in finders]
