"""Formulas without marks, and hashtags: they are in no language."""

import re
from collections.abc import Iterator
from itertools import chain

from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.switches.exemptions import apart

_TERM = r"[(\[]?(?:[A-Za-z]{0,3}\d(?:[\w.,()^+-]*[\w)])?|[A-Za-z](?:\([A-Za-z\d, ]{1,9}\))?)[)\]]?"
_FORMULA = re.compile(rf"(?<![\w]){_TERM}(?: *[=+\u2212*/^<>≤≥≈→⇌×÷·] *{_TERM}|[ ]-[ ]{_TERM})+(?!\w)")
_HASHTAGS = re.compile(r"#[^\W\d]\w+(?:\s+#[^\W\d]\w+)+")


def find(text: str) -> Iterator[Place]:
    """Where formulas, and hashtags in a row, begin and end, in order."""
    found = chain(_FORMULA.finditer(text), _HASHTAGS.finditer(text) if "#" in text else ())
    yield from apart(one.span() for one in found)
