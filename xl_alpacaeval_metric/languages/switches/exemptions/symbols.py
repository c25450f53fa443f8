"""Formulas without marks, and hashtags: they are in no language."""

import re
from collections.abc import Iterator
from itertools import chain

from xl_alpacaeval_metric.languages.content import Place

_TERM = r"[(\[]?(?:[A-Za-z]{0,3}\d(?:[\w.,()^+-]*[\w)])?|[A-Za-z](?:\([A-Za-z\d, ]{1,9}\))?)[)\]]?"
_FORMULA = re.compile(rf"(?<![\w]){_TERM}(?: *[=+\u2212*/^<>≤≥≈→⇌×÷·] *{_TERM}|[ ]-[ ]{_TERM})+(?!\w)")
_MAY_BE_FORMULA = re.compile(r"[=+\u2212*/^<>≤≥≈→⇌×÷·-](?<=[\w)\] ].) *[(\[]?(?:[A-Za-z]{0,3}\d|[A-Za-z]\b)")
"""An operator and a term after it; the operator comes first, as Python finds it fastest so."""
_HASHTAGS = re.compile(r"#[^\W\d]\w+(?:\s+#[^\W\d]\w+)+")


def find(text: str) -> Iterator[Place]:
    """Where formulas, and hashtags in a row, begin and end."""
    formulas = _FORMULA.finditer(text) if _MAY_BE_FORMULA.search(text) else ()
    hashtags = _HASHTAGS.finditer(text) if "#" in text else ()
    yield from (one.span() for one in chain(formulas, hashtags))
