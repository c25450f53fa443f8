"""The layout of a Markdown text: spans of code, paragraphs, list items and table rows."""

import re
from collections.abc import Iterator, Sequence

from xl_alpacaeval_metric.stats.length_control.markdown_elements import HEADING, ITEM

_FENCE = re.compile(r"[ \t]*(?:>[ \t]?)*(`{3,}|~{3,})(.*)")
ROW = re.compile(r"[ \t]*\|.*\|[ \t]*\Z")
"""A row of a table."""
_RULE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?")
_CELL_END = re.compile(r"(?<!\\)\|")
_QUOTED = re.compile(r" {0,3}>")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*[ \t]+(?=[^\sa-z])|[。！？।](?=.)")

Span = tuple[int, int]
"""Start and end of a piece of a text, in characters."""


def lines(text: str) -> list[Span]:
    """The lines, without their line feeds."""
    found, start = [], 0
    for line in text.split("\n"):
        found.append((start, start + len(line)))
        start += len(line) + 1
    return found


def code_blocks(text: str) -> list[Span]:
    """The fenced code blocks with their fences; one that is never closed ends with the text.

    As CommonMark defines them.
    """
    found: list[Span] = []
    fence, start = "", 0
    for begin, end in lines(text):
        match = _FENCE.fullmatch(text[begin:end])
        if match is None:
            continue
        if not fence:
            if match[1][0] == "`" and "`" in match[2]:
                continue
            fence, start = match[1], begin
        elif match[1].startswith(fence) and not match[2].strip():
            found.append((start, end))
            fence = ""
    return [*found, (start, len(text))] if fence else found


def without_code(text: str) -> str:
    """The text without its fenced code blocks."""
    kept, last = [], 0
    for start, end in code_blocks(text):
        kept.append(text[last:start])
        last = end
    return "".join([*kept, text[last:]])


def shape(text: str) -> dict[str, int]:
    """The numbers of list items, headings, table rows, cells and quoted texts outside of code."""
    found = without_code(text).split("\n")
    rows = _table_rows(found)
    return {
        "list items": sum(ITEM.match(line) is not None for line in found),
        "headings": sum(HEADING.match(line) is not None for line in found),
        "table rows": len(rows),
        "table cells": sum(len(_CELL_END.findall(row.strip().strip("|"))) + 1 for row in rows),
        "quoted texts": sum(
            _QUOTED.match(line) is not None and not _QUOTED.match(before)
            for before, line in zip(["", *found], found, strict=False)
        ),
    }


def _table_rows(lines: Sequence[str]) -> list[str]:
    """The rows of tables; those without bars at their ends need a rule below the head."""
    inside: set[int] = set()
    for number, line in enumerate(lines):
        if number and number not in inside and "|" in lines[number - 1] and _RULE.fullmatch(line.strip()):
            below = number
            while below < len(lines) and "|" in lines[below]:
                below += 1
            inside.update(range(number - 1, below))
    return [line for number, line in enumerate(lines) if number in inside or ROW.match(line)]


def paragraphs(text: str, start: int, end: int) -> Iterator[list[Span]]:
    """The paragraphs of `text[start:end]`, which holds no code, each as a list of its pieces.

    A piece is a list item of the outermost level with everything indented below it, a table row, a
    heading or a sentence. A blank line ends a paragraph unless the next line is indented below a
    list item.
    """
    block: list[Span] = []
    below = -1  # The indentation of the current list item.
    blank = False
    for begin, stop in lines(text[start:end]):
        begin, stop = begin + start, stop + start
        line = text[begin:stop]
        bare = line.lstrip()
        if not bare:
            blank = True
            continue
        indent = len(line) - len(bare)
        inside = -1 < below < indent
        if blank and not inside and block:
            yield _split_up(text, block)
            block, below = [], -1
        if inside or (block and not _opens(line) and not _stands_alone(text[slice(*block[-1])])):
            block[-1] = (block[-1][0], stop)
        else:
            block.append((begin, stop))
            below = indent if ITEM.match(line) else -1
        blank = False
    if block:
        yield _split_up(text, block)


def _opens(line: str) -> bool:
    return any(pattern.match(line) for pattern in (ITEM, HEADING, ROW))


def _stands_alone(piece: str) -> bool:
    return bool(HEADING.match(piece) or ROW.match(piece))


def _split_up(text: str, block: list[Span]) -> list[Span]:
    """The pieces stripped of white space, with prose split into sentences."""
    found = []
    for start, end in block:
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        end -= len(piece) - len(piece.rstrip())
        if not _opens(text[start:end]):
            for match in _SENTENCE_END.finditer(text, start, end):
                found.append((start, match.start() + len(match[0].rstrip())))
                start = match.end()
        found.append((start, end))
    return found
