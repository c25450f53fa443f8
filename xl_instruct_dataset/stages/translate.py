"""Stage 5: responses translated segment by segment, with code, lists and tables kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.benchmark.written import translate
from xl_alpacaeval_metric.clients.base import Message
from xl_instruct_dataset.quality import clean_reply, markdown

LIMIT = 2000
"""Characters in one request, at most."""


_ADDRESS = (
    "Where the text addresses its reader, use the {form} form of address of {language} (as {example}), throughout; "
    "keep to it in imperatives, too."
)
_EXAMPLES = {"formal": "German Sie, not du", "informal": "German du, not Sie"}


def messages(text: str, source: str, target: str, form_of_address: str = "") -> tuple[Message, ...]:
    """The prompt for a translation from language `source` to `target` (BCP-47 codes).

    `form_of_address` is formal, informal, or "" for whatever the translator takes.
    """
    system, *others = translate.messages(text, source, target)
    if not form_of_address:
        return (system, *others)
    asked = _address(form_of_address, languages.get(target).name)
    return ({**system, "content": f"{system['content']}\n\n{asked}"}, *others)


def prompt_hash(form_of_address: str = "") -> str:
    """The hash of the prompt, of which a form of address is a part."""
    whole = templates.load("translate").sha
    if not form_of_address:
        return whole
    return templates.digest(f"{whole}\n{_address(form_of_address, '')}").hex()[: len(whole)]


def _address(form: str, language: str) -> str:
    return _ADDRESS.format(form=form, language=language, example=_EXAMPLES[form])


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
