"""Stage 5: responses translated segment by segment, with code, lists and tables kept."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric.benchmark.translate import messages
from xl_instruct_dataset.quality import clean_reply, markdown

__all__ = ["LIMIT", "Segment", "fault", "joined", "messages", "read", "segments"]

LIMIT = 2000
"""Characters in one request, at most."""

_INLINE_CODE = re.compile(r"(?<!`)`(?=\S)([^`\n]*[^`\s])`(?!`)")
_ONLY_CODE = re.compile(r"[_(){}\[\]=\\/$<]|--|\w\.\w|[a-z][A-Z]|\d\.\d")
"""A sign of code.

Between backticks there are also names of keys and menus, which are translated.
"""
_ADDRESS = re.compile(r"https?://[\w\-.~:/?#@!$&+,;=%]+", re.ASCII)
_BOLD = re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?![\d]|s\b)")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[.,'’٬٫\s]+(?=\d)")
_LONG = re.compile(r"\d{3}")
_HAN_DIGITS = "〇一二三四五六七八九零"
_HAN_DIGIT = re.compile(f"[{_HAN_DIGITS}]")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text, and the white space between it and the next one (`separator`).

    `translate` is False for code, horizontal rules and white space at the beginning.
    """

    text: str
    translate: bool
    separator: str


def segments(text: str, limit: int = LIMIT) -> list[Segment]:
    """The text in segments of at most `limit` characters, whole paragraphs where possible.

    Fenced code is a segment that is not translated. A paragraph longer than the limit is split
    between list items, table rows or sentences; a longer one of these stays whole. No segment
    begins or ends with white space.
    """
    pieces: list[tuple[markdown.Span, bool]] = []
    last = 0
    for start, end in [*markdown.code_blocks(text), (len(text), len(text))]:
        pieces += [(span, _has_words(text[slice(*span)])) for span in _packed(text, last, start, limit)]
        if end > start:
            begin = start + len(text[start:end]) - len(text[start:end].lstrip())
            pieces.append(((begin, start + len(text[start:end].rstrip())), False))
        last = end
    starts = [span[0] for span, _ in pieces[1:]] + [len(text)]
    found = [
        Segment(text[start:end], translate, text[end:following])
        for ((start, end), translate), following in zip(pieces, starts, strict=bool(pieces))
    ]
    first = pieces[0][0][0] if pieces else len(text)
    return [Segment("", False, text[:first]), *found] if first else found


def _packed(text: str, start: int, end: int, limit: int) -> list[markdown.Span]:
    """Paragraphs joined up to the limit.

    A longer paragraph is split, its pieces joined likewise.
    """
    found: list[markdown.Span] = []
    room = False
    """Whether the last span may grow; spans of a split paragraph take no other paragraph in."""
    for paragraph in markdown.paragraphs(text, start, end):
        whole = (paragraph[0][0], paragraph[-1][1])
        if whole[1] - whole[0] <= limit:
            if found and room and whole[1] - found[-1][0] <= limit:
                found[-1] = (found[-1][0], whole[1])
            else:
                found.append(whole)
            room = True
            continue
        found.append(paragraph[0])
        for piece in paragraph[1:]:
            if piece[1] - found[-1][0] <= limit:
                found[-1] = (found[-1][0], piece[1])
            else:
                found.append(piece)
        room = False
    return found


def _has_words(text: str) -> bool:
    return any(character.isalpha() for character in text)


def joined(segments: Sequence[Segment], translations: Sequence[str]) -> str:
    """The text with the translation of each segment in its place.

    `translations` has one text for each segment; those of segments that are not translated are
    ignored. Raises ValueError for another number.
    """
    return "".join(
        (translation if segment.translate else segment.text) + segment.separator
        for segment, translation in zip(segments, translations, strict=True)
    )


def read(text: str) -> str | None:
    """The translation in a reply, without thoughts, markers and an enclosing fence.

    None if empty.
    """
    return clean_reply.bare(text) or None


def fault(source: str, translated: str) -> str | None:
    """What is wrong with the form of a translation (of a text or a segment); None if nothing is.

    Checked is what holds in every language: code in fences and between backticks, addresses, the
    number of list items, headings and table rows, bold, numbers of three digits or more (see
    `lost_numbers`), and markers of the prompt.
    """
    if clean_reply.MARKER.search(translated) and not clean_reply.MARKER.search(source):
        return "a marker of the prompt is in the translation"
    if _code(source) != _code(translated):
        return f"code changed: {len(_code(source))} blocks before, {len(_code(translated))} after, not all the same"
    before, after = markdown.shape(source), markdown.shape(translated)
    for kind, count in before.items():
        if after[kind] != count:
            return f"{kind}: {count} before, {after[kind]} after"
    prose, there = markdown.without_code(source), markdown.without_code(translated)
    code = [found for found in _INLINE_CODE.findall(prose) if _ONLY_CODE.search(found)]
    addresses = [found.rstrip(".,;:!?") for found in _ADDRESS.findall(prose)]
    for kind, wanted in (("code", code), ("addresses", addresses)):
        if lost := [found for found in wanted if found not in translated]:
            return f"{kind} lost: {', '.join(lost[:3])}"
    spans = [len(_INLINE_CODE.findall(text)) for text in (prose, there)]
    if spans[1] < spans[0]:
        return f"code lost: {spans[0]} pairs of backticks before, {spans[1]} after"
    if _BOLD.search(prose) and not _BOLD.search(there):
        return "bold lost"
    if lost := lost_numbers(source, translated):
        return f"numbers lost: {', '.join(lost[:5])}"
    return None


def _code(text: str) -> list[str]:
    return [
        "\n".join(line.strip() for line in text[start:end].split("\n")) for start, end in markdown.code_blocks(text)
    ]


def lost_numbers(source: str, translated: str) -> list[str]:
    """The numbers with three or more digits in a row that the translation lacks.

    Digits may be of any script, with any signs between them: 1,500 matches 1.500 and १५००. A
    round number is matched without its zeros: 50,000 is 5万 in Chinese. Decades (1990s) are
    ignored.
    """
    numbers = [match[0] for match in _NUMBER.finditer(_digits(markdown.without_code(source)))]
    numbers = [number for number in numbers if _LONG.search(number)]
    if not numbers:
        return []
    there = _HAN_DIGIT.sub(lambda found: str(_HAN_DIGITS.index(found[0]) % 10), _digits(translated))
    there = _BETWEEN_DIGITS.sub("", there)
    lost = []
    for number in numbers:
        digits = re.sub(r"\D", "", number)
        if digits in there:
            continue
        significant = digits.rstrip("0")
        if len(digits) - len(significant) < 2 or significant not in there:
            lost.append(number)
    return lost


def _digits(text: str) -> str:
    """The text with the digits of every script replaced by 0 to 9."""
    return _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), text)
