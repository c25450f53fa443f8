"""Elements of Markdown in an answer: headings, list items and bold spans."""

import re
from collections.abc import Sequence

from xl_alpacaeval_metric.languages import content

HEADING = re.compile(r" {0,3}#{1,6}[ \t]+\S")
ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+\S")
"""The beginning of a list item."""
_BOLD = re.compile(r"\*\*(?=\S)[^*\n]{1,300}?(?<=\S)\*\*|(?<!\w)__(?=\S)[^_\n]{1,300}?(?<=\S)__(?!\w)")


def markdown_counts(texts: Sequence[str]) -> list[int]:
    """The number of headings, list items and bold spans in each text, outside of code.

    These are what style control counts (Li et al. 2024, lmsys.org/blog/2024-08-28-style-control).
    """
    return [_count(content.without_fences(text)) for text in texts]


def _count(text: str) -> int:
    marked = sum(1 for line in text.split("\n") if HEADING.match(line) or ITEM.match(line))
    return marked + len(_BOLD.findall(text))
