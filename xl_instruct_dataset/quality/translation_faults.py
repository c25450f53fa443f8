"""Faults in the form of a translation: code, structure, addresses or numbers that it lost."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from xl_alpacaeval_metric.languages import words
from xl_instruct_dataset.quality import clean_reply, markdown

_INLINE_CODE = re.compile(r"(?<!`)`(?=\S)([^`\n]*[^`\s])`(?!`)")
_ONLY_CODE = re.compile(r"[_(){}\[\]=\\/$<]|--|\w\.\w|[a-z][A-Z]|\d\.\d")
"""A sign of code.

Between backticks there are also names of keys and menus, which are translated.
"""
_ADDRESS = re.compile(r"https?://[\w\-.~:/?#@!$&+,;=%]+", re.ASCII)
_KEPT = {
    "formulas": re.compile(
        r"\$\$.+?\$\$|\\\[.+?\\\]|\\\(.+?\\\)|(?<![\w$\\])\$(?=[^\s\d$])[^$\n]*[^\s$]\$(?![\w$])", re.DOTALL
    ),
    "placeholders": re.compile(
        r"\{\{?\w+\}?\}|%\(\w+\)s|(?<!\w)%[sd](?!\w)|\$\{\w+\}|<[A-Z][A-Z0-9_]+>|\[[A-Z][A-Z0-9_]{2,}\]"
    ),
    "HTML": re.compile(r"</?[a-z][a-z0-9]*(?=[\s/>])"),
}
"""What a translation keeps to the letter. A dollar before a digit is money."""
_PARAGRAPH = re.compile(r"\n\s*\n")
COPIED, RUN = 0.3, 4
"""The largest share of runs of RUN words that a translation may have in common with its source.

Among the bundled texts of one item in 12 languages it is at most 0.01 (4,752 pairs).
"""
LEFT, LEFT_LETTERS = 8, 24
"""Words in a row that make an untranslated clause, with so many letters: a list of numbers is none.

Two of the bundled texts of one item in different languages share 4 at most (7,568 pairs).
"""
_BOLD = re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?![\d]|s\b)")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[.,'’٬٫\s]+(?=\d)")
_LONG = re.compile(r"\d{3}")
_HAN_DIGITS = "〇一二三四五六七八九零"
_HAN_DIGIT = re.compile(f"[{_HAN_DIGITS}]")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a translation cannot be used; `reason` is what such faults are counted by."""

    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


def fault(source: str, translated: str) -> Fault | None:
    """What is wrong with the form of a translation (of a text or a segment); None if nothing is.

    Checked is what holds in every language: code in fences and between backticks, addresses, the
    number of list items, headings and table rows, formulas, placeholders, HTML tags, bold, numbers
    of three digits or more (see `lost_numbers`), and markers of the prompt.
    """
    if clean_reply.MARKER.search(translated) and not clean_reply.MARKER.search(source):
        return Fault("a marker of the prompt is in the translation")
    if _code(source) != _code(translated):
        counts = f"{len(_code(source))} blocks before, {len(_code(translated))} after, not all the same"
        return Fault("code changed", counts)
    before, after = markdown.shape(source), markdown.shape(translated)
    for kind, count in before.items():
        if after[kind] != count:
            return Fault(kind, f"{count} before, {after[kind]} after")
    prose, there = markdown.without_code(source), markdown.without_code(translated)
    code = [found for found in _INLINE_CODE.findall(prose) if _ONLY_CODE.search(found)]
    addresses = [found.rstrip(".,;:!?") for found in _ADDRESS.findall(prose)]
    for kind, wanted in (("code", code), ("addresses", addresses)):
        if lost := [found for found in wanted if found not in translated]:
            return Fault(f"{kind} lost", ", ".join(lost[:3]))
    spans = [len(_INLINE_CODE.findall(text)) for text in (prose, there)]
    if spans[1] < spans[0]:
        return Fault("code lost", f"{spans[0]} pairs of backticks before, {spans[1]} after")
    for kind, pattern in _KEPT.items():
        if lost := list((Counter(pattern.findall(prose)) - Counter(pattern.findall(there))).elements()):
            return Fault(f"{kind} lost", ", ".join(lost[:3]))
    if _BOLD.search(prose) and not _BOLD.search(there):
        return Fault("bold lost")
    if lost := lost_numbers(source, translated):
        return Fault("numbers lost", ", ".join(lost[:5]))
    return None


def lost_paragraphs(source: str, translated: str) -> Fault | None:
    """The fault of a translation with one paragraph of several, or a quarter of them or less."""
    before, after = (len(_PARAGRAPH.split(markdown.without_code(text).strip())) for text in (source, translated))
    if after == 1 < before or 4 * after <= before:
        return Fault("paragraphs lost", f"{before} before, {after} after")
    return None


def copy(source: str, translated: str) -> Fault | None:
    """The fault of a translation that repeats its source, whatever an identifier knows of it.

    For languages that do not share their words, as varieties of one language do.
    """
    share = copied(source, translated)
    if share > COPIED:
        return Fault("copied from the source", f"{share:.0%} of its runs of {RUN} words stand there")
    if words_left := untranslated_run(source, translated):
        return Fault("copied from the source", f"{words_left!r} stands there untranslated")
    return None


def untranslated_run(source: str, translated: str) -> str:
    """LEFT words in a row of the source that stand in the translation, outside of code; else ""."""
    before, after = (words.tokens(markdown.without_code(text).casefold()) for text in (source, translated))
    there, runs = (zip(*(tokens[skip:] for skip in range(LEFT)), strict=False) for tokens in (before, after))
    known = set(there)
    found = (" ".join(run) for run in runs if run in known)
    return next((run for run in found if sum(map(str.isalpha, run)) >= LEFT_LETTERS), "")


def copied(source: str, translated: str) -> float:
    """The share of a translation's runs of four words that stand in its source, outside of code.

    0 for fewer than eight words: a name, a title or a quotation may stay what it is.
    """
    before, after = (words.tokens(markdown.without_code(text).casefold()) for text in (source, translated))
    if len(after) < 2 * RUN:
        return 0.0
    there, runs = (list(zip(*(tokens[skip:] for skip in range(RUN)), strict=False)) for tokens in (before, after))
    known = set(there)
    return sum(run in known for run in runs) / len(runs)


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
