"""The layout of a Markdown text: where its code, paragraphs, list items and table rows begin and end."""

import re
from collections.abc import Iterator

_FENCE = re.compile(r"[ \t]*(?:>[ \t]?)*(`{3,}|~{3,})(.*)")
ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+\S")
"""The beginning of a list item."""
HEADING = re.compile(r" {0,3}#{1,6}[ \t]+\S")
ROW = re.compile(r"[ \t]*\|.*\|[ \t]*\Z")
"""A row of a table."""
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*[ \t]+(?=[^\sa-z])|[。！？।](?=.)")

Span = tuple[int, int]
"""Beginning and end of a piece of a text."""


def lines(text: str) -> list[Span]:
    """The lines, without their ends."""
    found, start = [], 0
    for line in text.split("\n"):
        found.append((start, start + len(line)))
        start += len(line) + 1
    return found


def code_blocks(text: str) -> list[Span]:
    """The fenced code blocks from fence to fence, as CommonMark has them: one that is never closed goes on to the end."""
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
    """The text with its fenced code blocks cut out."""
    kept, last = [], 0
    for start, end in code_blocks(text):
        kept.append(text[last:start])
        last = end
    return "".join([*kept, text[last:]])


def shape(text: str) -> dict[str, int]:
    """How many list items, headings and table rows there are outside of code."""
    found = without_code(text).split("\n")
    return {
        "list items": sum(ITEM.match(line) is not None for line in found),
        "headings": sum(HEADING.match(line) is not None for line in found),
        "table rows": sum(ROW.match(line) is not None for line in found),
    }


def paragraphs(text: str, start: int, end: int) -> Iterator[list[Span]]:
    """The paragraphs of `text[start:end]`, which holds no code, each as the pieces that it may be split into.

    A piece is a list item of the outermost level with all that is indented below it, a table row, a heading, or a sentence.
    A blank line ends a paragraph unless the next one is indented below a list item.
    """
    block: list[Span] = []
    below = -1  # The indentation of the list item that is open.
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
    """The pieces without white space around them, running prose by sentence."""
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
