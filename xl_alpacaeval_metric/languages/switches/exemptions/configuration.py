"""Lines of configuration outside fences (YAML, INI, TOML): they are in no language.

Lines with a key are configuration where they stand in a row, and one of them heads a section
(`[database]` before an assignment, `ports:` before what is indented below it).
"""

import re
from collections.abc import Iterator, Sequence

from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.switches.exemptions import code_lines

_KEY = r"[\"']?(?:[a-z][\w./-]*|[A-Z][A-Z\d]*_[A-Z\d_]*)[\"']?"
"""A key begins in small letters (`apiVersion`), or is in capitals with an underscore."""
_WORDS = r"(?!(?:[\W\d_]*[^\W\d_]{2}\S* +){8}).{1,200}"
"""A value that is no prose: at most eight words."""
_ENTRY = re.compile(rf"[ \t]*(?:- +)*{_KEY}:(?: +{_WORDS})?|[ \t]*- *(?:{_WORDS})?|[ \t]*#.*")
"""A value in quotation marks may be blank by now."""
_PARENT = re.compile(rf"([ \t]*)((?:- +)*){_KEY}: *[|>]?-? *(?:#.*)?")
_ITEM = re.compile(r"[ \t]*- ")
_SECTION = re.compile(r"\[\[?[\w. \"'/-]{1,60}\]?\]")
_ASSIGNMENT = re.compile(r"[ \t]*[\w.\"'-]+ *=.*|[ \t]*(?:[\"'{\[].*)?[,\]}],?|[;#].*")
_MAY_BE = re.compile(r":[ \t]*[|>]?-?\n[ \t]*[\w\"'#-]|\][ \t]*\n")


def find(text: str) -> Iterator[Place]:
    """Where the lines of configuration of a text begin and end, in order."""
    if not _MAY_BE.search(text):
        return
    lines, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            lines.append((start, line.rstrip()))
        start += len(line) + 1
    some = [line for _, line in lines]
    heads = [_is_head(*both) for both in zip(some, (*some[1:], ""), strict=True)]
    may_be = [
        head or _ENTRY.fullmatch(line) or _ASSIGNMENT.fullmatch(line) for line, head in zip(some, heads, strict=True)
    ]
    for first, last in code_lines.runs(may_be):
        if any(heads[first:last]) and _has_keys(some[first:last]):
            yield from ((start, start + len(line)) for start, line in lines[first:last])


def _is_head(line: str, below: str) -> bool:
    """Whether a line heads a section that goes on below it."""
    if _SECTION.fullmatch(line):
        return _ASSIGNMENT.fullmatch(below) is not None
    parent = _PARENT.fullmatch(line)
    if parent is None or not (_ENTRY.fullmatch(below) or _PARENT.fullmatch(below)):
        return False
    deeper = len(below) - len(below.lstrip()) - len(parent[1]) - len(parent[2])
    return deeper > 0 or (deeper == 0 and _ITEM.match(below) is not None)


def _has_keys(some: Sequence[str]) -> bool:
    """Whether two lines or more are other than items of a list, which prose has, too."""
    return sum(not _ITEM.match(line) or _ENTRY.fullmatch(line[line.index("- ") + 2 :]) is not None for line in some) > 1
