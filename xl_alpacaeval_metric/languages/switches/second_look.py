"""What a text with parts in another language is looked at again without."""

from collections.abc import Iterable, Sequence

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.switches import bibliography, glosses, menu_labels, unfenced_code

_LEFT_OUT = ((unfenced_code.find, 1.0), (bibliography.find, 0.9), (menu_labels.find, 0.6), (glosses.find, 0.6))
"""Lines of code, entries of a bibliography, labels of menus and explained English terms, each with
the largest share of a text's letters that is left out."""
_ENGLISH = (menu_labels.find, glosses.find)


def without(texts: Sequence[str], some: Iterable[int], base: str) -> dict[int, str]:
    """Those texts, of `some`, of which something is left out, by index, without it.

    `base` is the language asked for: from a text in English no English is left out.
    """
    some, left = list(some), dict[int, str]()
    for find, most in _LEFT_OUT:
        if base == "en" and find in _ENGLISH:
            continue
        now = [left.get(at, texts[at]) for at in some]
        places = {number: found for number, text in enumerate(now) if (found := list(find(text)))}
        left |= {some[number]: text for number, text in content.left_out(now, places, most).items()}
    return left
