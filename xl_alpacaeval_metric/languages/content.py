"""The content of a text, without code, addresses and the like, and its lines.

Left out are fenced and inline code, markup tags, addresses and file paths, formulas, rows of
figures, and quotations (Markdown's too) up to `QUOTED` of the letters, but for those in the
language asked for. What is left out becomes spaces, so that a character stays at its place.
"""

import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

MIN_TOKENS = 5
"""Shorter lines are not scored: their language cannot be identified reliably."""
UNSPACED = frozenset(("bo", "dz", "ja", "km", "lo", "my", "th", "zh"))
"""Languages without spaces between words."""
SENTENCE_ENDS = ".!?…。！？।؟۔።։။។"
"""Marks that end a sentence; the last five are Urdu's, Ethiopic, Armenian, Burmese and Khmer."""

_ENDS = frozenset(SENTENCE_ENDS)
_PUNCTUATION = string.punctuation.encode()
# Scripts without spaces between words: Han and kana; Thai, Lao, Tibetan, Burmese and Khmer.
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_SOUTHEAST = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]+")
_UNSPACED_LETTER = re.compile("[\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_OTHERS = re.compile(
    "[^\\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]+"
    "|[^\\w\\s\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]"
)
_SPACE = re.compile(r"\s")
_LATIN_RUN = re.compile("[A-Za-z0-9]+")
# Tokens per character: five where jieba (zh) and MeCab (ja) find five, on 99.5% of lines.
_TOKENS_PER_CJK, _TOKENS_PER_SOUTHEAST = 0.7, 0.25
latin_words = _LATIN_RUN.findall

QUOTED = 0.4
"""The largest share of a text's letters in quotation marks that counts as citations."""
Place = tuple[int, int]
"""Where a part of a text begins and ends."""

_MOST_OF_QUOTATION = 0.75
_FENCE = re.compile(r"^[ \t>]*(`{3,}+|~{3,}+)[^\n]*\n.*?(?:^[ \t>]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"(`{1,100})[^`\n]{1,200}\1")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,300}>|&[A-Za-z]{2,8};")
_ADDRESS = re.compile(  # A name begins where no part of one is before: a line is read but once.
    r"(?:https?|ftp)://[^\s<>\"')\]]+|www\.[^\s<>\"')\]]+|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|(?<![\w/])(?:[A-Za-z]:)?[\\/~](?:[\w.-]+[\\/]){1,20}[\w.-]*|(?<![\w-])(?<![\w-]\.)-*\w[\w-]*(?:\.[\w-]+)*"
    r"\.(?:com|org|net|edu|gov|io|html?|json|py|js|csv|txt|pdf|png|jpg)\b(?:/\S*)?"
    r"|(?<![\w.-])[\w-]{2,}+\.[a-z]{2}(?![\w-]|\.\w)"
)
_MAY_HAVE_ADDRESS = re.compile(r"\.(?:(?<=[\w-]\.)[a-z]{2}|(?<=www\.))")
_FORMULA = re.compile(r"\$\$.{1,2000}?\$\$|\\\[.{1,2000}?\\\]|\\\(.{1,500}?\\\)|\$[^$\n]{1,300}\$", re.DOTALL)
_COMMAND = re.compile(r"\\[A-Za-z]+(?:\{[^{}\n]{0,100}\})*")
_QUOTATION = re.compile(
    r"“[^“”\n]{2,600}”|„[^„“”\n]{2,600}[“”]|«[^«»\n]{2,600}»|»[^«»\n]{2,600}«|「[^「」\n]{1,300}」|『[^『』\n]{1,300}』"
    r"|《[^《》\n]{1,300}》|\"[^\"\n]{2,600}\"|”[^”\n]{2,600}”"
    r"|\*(?<![\w*](?<=[\0-\u024f])\*)[^*\n]{2,200}\*(?![\w*](?<=[\0-\u024f]))|_(?<!\w_)[^_\n]{2,200}_(?!\w)"
)
_BLOCK_QUOTE = re.compile(r"^[ \t]*>[^\n]*", re.MULTILINE)
_MARKS_OF_QUOTATIONS = '"*_“„”«»「『《'


def of(text: str) -> str:
    """The text without what is in no language; quotations stay where they are most of it."""
    return of_each([text])[0]


def of_each(texts: Sequence[str], stay: Callable[[Sequence[str]], Sequence[bool]] | None = None) -> list[str]:
    """What `of` gives for each text; `stay` says which quotations, as bare words, are kept."""
    found = _without_code(texts)
    places = {at: some for at, text in enumerate(found) if (some := quotations(text))}
    if stay is not None:
        told = iter(stay([bare(found[at][start:end]) for at, some in places.items() for start, end in some]))
        places = {at: [place for place in some if not next(told)] for at, some in places.items()}
    for at, text in left_out(found, places, QUOTED).items():
        found[at] = text
    return found


def left_out(texts: Sequence[str], places: Mapping[int, Sequence[Place]], most: float) -> dict[int, str]:
    """Texts with spaces in these places, by index, where they are `most` of the letters at most."""
    from xl_alpacaeval_metric.languages.scripts import letter_counts

    shorter = {at: _blanked(texts[at], some) for at, some in places.items() if some}
    left = letter_counts.weights(list(shorter.values()))
    whole = letter_counts.weights([texts[at] for at in shorter])
    rest = zip(shorter.items(), left, whole, strict=True)
    return {at: text for (at, text), part, every in rest if part >= (1 - most) * every}


def quotations(text: str) -> list[Place]:
    """Where the quotations of a text begin and end, in order."""
    found = [(line.start(), line.end()) for line in _BLOCK_QUOTE.finditer(text)] if ">" in text else []
    if _may_have_quotation(text):
        rest = _blanked(text, found)
        found += [(quotation.start(), quotation.end()) for quotation in _QUOTATION.finditer(rest)]
    return sorted(found)


def _may_have_quotation(text: str) -> bool:
    return any(map(text.__contains__, _MARKS_OF_QUOTATIONS))  # Each is found faster than any of a set.


def _blanked(text: str, places: Sequence[Place]) -> str:
    """The text with spaces in these places, which hold no end of a line and are in order.

    A sentence that ends with a quotation keeps its mark.
    """
    parts, end = [], 0
    for start, after in places:
        parts += [text[end:start], " " * (after - start)]
        if text[start:after][-2:-1] in _ENDS and not text[after : after + 3].lstrip(" ,")[:1].islower():
            parts[-1] = f"{parts[-1][:-2]}{text[after - 2]} "
        end = after
    return "".join((*parts, text[end:]))


def is_quotation(text: str, start: int, end: int) -> bool:
    """Whether a part of a text is, all but for a few words, a quotation, or most of one."""
    return _may_have_quotation(text) and any(
        min(end, found.end()) - max(start, found.start()) >= _MOST_OF_QUOTATION * max(len(found[0]), end - start)
        for found in _QUOTATION.finditer(text)
    )


def without_fences(text: str) -> str:
    """The text without its fenced blocks of code."""
    # A single character is found several times faster.
    has_fence = ("`" in text and "```" in text) or ("~" in text and "~~~" in text)
    return _FENCE.sub(_blank, text) if has_fence else text


def without_code(text: str) -> str:
    """The text without code, markup, addresses, formulas and rows of figures."""
    return _without_code([text])[0]


def _without_code(texts: Sequence[str]) -> list[str]:
    from xl_alpacaeval_metric.languages.scripts import letter_counts

    found = list(map(_without_markup, texts))
    for at, start, end in letter_counts.lines_of_figures(found):
        found[at] = f"{found[at][:start]}{' ' * (end - start)}{found[at][end:]}"
    return found


def _without_markup(text: str) -> str:
    text = without_fences(text)
    if "`" in text:
        text = _INLINE_CODE.sub(_blank, text)
    if "<" in text or "&" in text:
        text = _TAG.sub(_blank, text)
    if "$" in text or "\\" in text:
        text = _COMMAND.sub(_blank, _FORMULA.sub(_blank, text))
    if not _may_have_address(text):
        return text
    return "\n".join([_ADDRESS.sub(_blank, line) if _may_have_address(line) else line for line in text.split("\n")])


def _may_have_address(text: str) -> bool:
    return "/" in text or "@" in text or "\\" in text or _MAY_HAVE_ADDRESS.search(text) is not None


def _blank(found: re.Match[str]) -> str:
    text = found[0]
    return "\n".join([" " * len(line) for line in text.split("\n")]) if "\n" in text else " " * len(text)


class Line(NamedTuple):
    """A line as it stands in the text from `start` on, and `bare`, without ASCII punctuation."""

    start: int
    raw: str
    bare: str
    long: bool


def bare(text: str) -> str:
    """A text without ASCII punctuation, on one line."""
    return _without_punctuation(text).replace("\n", " ").strip()


def _without_punctuation(text: str) -> str:
    # In UTF-8 the bytes of ASCII are in no other character.
    text = text.encode("utf-8", "surrogatepass").translate(None, _PUNCTUATION).decode("utf-8", "surrogatepass")
    return text.replace("،", "").replace("—", " ")


def parts(text: str, base: str) -> list[Line]:
    """The lines of a text that are not blank; `base` is its language without script and region."""
    return parts_of_each([text], base)[0]


def parts_of_each(texts: Sequence[str], base: str) -> list[list[Line]]:
    """What `parts` gives for each text."""
    joined = "\n".join(texts)
    both = zip(joined.split("\n"), _without_punctuation(joined).split("\n"), strict=True)
    return [_parts(islice(both, text.count("\n") + 1), base) for text in texts]


def _parts(lines: Iterable[tuple[str, str]], base: str) -> list[Line]:
    """The lines that are not blank, given each as it stands and without punctuation."""
    found, start = [], 0
    for raw, line in lines:
        if raw and not raw.isspace():
            found.append(_line(start, raw, line.strip(), base))
        start += len(raw) + 1
    return found


def _line(start: int, raw: str, line: str, base: str) -> Line:
    # The least that five words take are nine characters.
    return Line(start, raw, line, (len(line) > 8 or not line.isascii()) and is_long(line, base))


def parts_left(kept: str, text: str, whole: Sequence[Line], base: str) -> Sequence[Line]:
    """The lines of `kept`, the content of a text whose lines are `whole`."""
    if kept == text:
        return whole
    found: list[Line] = []
    for line in whole:
        raw = kept[line.start : line.start + len(line.raw)]
        if raw == line.raw:
            found.append(line)
        elif not raw.isspace():
            found.append(_line(line.start, raw, bare(raw), base))
    return found


def is_long(line: str, base: str) -> bool:
    """Whether a line has five tokens or more."""
    if len(line.split(None, MIN_TOKENS - 1)) == MIN_TOKENS:
        return True
    # Split at spaces, an answer in Chinese to a request for German is one word; it must be scored,
    # too.
    return (base in UNSPACED or not line.isascii()) and _has_tokens(line, base)


def _has_tokens(line: str, base: str) -> bool:
    """Whether a line has about five tokens, where it or its language `base` is without spaces."""
    if base not in UNSPACED and not _UNSPACED_LETTER.search(line):
        return False
    tokens = _TOKENS_PER_CJK * len("".join(_CJK.findall(line)))
    if tokens >= MIN_TOKENS:
        return True
    tokens += _TOKENS_PER_SOUTHEAST * len("".join(_SOUTHEAST.findall(line))) + len(_OTHERS.findall(line))
    # jieba counts each space as a token.
    return tokens + (len(_SPACE.findall(line)) if base == "zh" else 0) >= MIN_TOKENS
