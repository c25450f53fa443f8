"""What a text with parts in another language is looked at again without: code and English terms."""

from collections.abc import Iterable, Sequence

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.switches import glosses, unfenced_code

_TERMS = 0.6
"""The largest share of a text's letters in explained terms that are left out."""


def without(texts: Sequence[str], some: Iterable[int], base: str) -> dict[int, str]:
    """Those texts, of `some`, that have lines of code or English terms, by index, without these.

    `base` is the language asked for; in English no term is explained. A text of which explained
    terms are most keeps them.
    """
    some = list(some)
    code = {at: places for at in some if (places := list(unfenced_code.find(texts[at])))}
    left = content.left_out(texts, code, 1.0)
    if base == "en":
        return left
    rest = [left.get(at, texts[at]) for at in some]
    terms = {number: places for number, text in enumerate(rest) if (places := glosses.find(text))}
    return left | {some[number]: text for number, text in content.left_out(rest, terms, _TERMS).items()}
