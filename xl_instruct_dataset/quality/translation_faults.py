"""Faults in the form of a translation: code, structure, addresses or numbers that it lost."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric.languages import words
from xl_alpacaeval_metric.terminal import counted
from xl_instruct_dataset.quality import clean_reply, kept_marks, kept_numbers, markdown

_INLINE_CODE = re.compile(r"(?<!`)`(?=\S)([^`\n]*[^`\s])`(?!`)")
_ONLY_CODE = re.compile(r"[_(){}\[\]=\\/$<]|--|\w\.\w|[a-z][A-Z]|\d\.\d")
"""A sign of code.

Between backticks there are also names of keys and menus, which are translated.
"""
_ADDRESS = re.compile(r"(?:https?://|www\.)[\w\-.~:/?#@!$&+,;=%]+|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+", re.ASCII)
_PARAGRAPH = re.compile(r"\n\s*\n")
SHORT_LINE = 60
"""Characters of a line, on average, below which its end means something."""
COPIED, RUN = 0.3, 4
"""The largest share of runs of RUN words that a translation may have in common with its source.

Among the bundled texts of one item in 12 languages it is at most 0.01 (4,752 pairs).
"""
LEFT, LEFT_LETTERS = 8, 24
"""Words in a row that make an untranslated clause, with so many letters: a list of numbers is none.

Two of the bundled texts of one item in different languages share 4 at most (7,568 pairs).
"""
_ORDINAL = re.compile(r"^[ \t]*(\d{1,3})\.[ \t]", re.MULTILINE)
_NUMBER_INSIDE = re.compile(r"(?<=[^\n\d])(?<!\n[ \t])\d{1,3}(?!\d)")
_BOLD = re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a translation cannot be used; `reason` is what such faults are counted by."""

    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


def fault(source: str, translated: str, target: str = "") -> Fault | None:
    """What is wrong with the form of a translation (of a text or a segment); None if nothing is.

    Checked is what holds in every language: code in fences and between backticks, addresses, the
    number of list items, headings, table rows and cells, formulas, placeholders, links, HTML, bold,
    numbers of three digits or more (in words of `target`, too), and markers of the prompt.
    """
    if clean_reply.MARKER.search(translated) and not clean_reply.MARKER.search(source):
        return Fault("a marker of the prompt is in the translation")
    if _code(source) != _code(translated):
        counts = f"{counted(len(_code(source)), 'block')} before, {len(_code(translated))} after, not all the same"
        return Fault("code changed", counts)
    before, after = markdown.shape(source), markdown.shape(translated)
    for kind, count in before.items():
        if after[kind] != count and not (
            kind == "list items" and count < after[kind] <= count + _ordinals(source, translated)
        ):
            return Fault(kind, f"{count} before, {after[kind]} after")
    prose, there = markdown.without_code(source), markdown.without_code(translated)
    code = [found for found in _INLINE_CODE.findall(prose) if _ONLY_CODE.search(found)]
    addresses = [found.rstrip(".,;:!?") for found in _ADDRESS.findall(prose)]
    for kind, wanted in (("code", code), ("addresses", addresses)):
        if lost := [found for found in wanted if found not in translated]:
            return Fault(f"{kind} lost", ", ".join(lost[:3]))
    spans = [len(_INLINE_CODE.findall(text)) for text in (prose, there)]
    if spans[1] < spans[0]:
        return Fault("code lost", f"{counted(spans[0], 'pair')} of backticks before, {spans[1]} after")
    for kind, missing in kept_marks.lost(prose, there):
        return Fault(f"{kind} lost", ", ".join(missing[:3]))
    if _BOLD.search(prose) and not _BOLD.search(there):
        return Fault("bold lost")
    if lost := kept_numbers.lost(prose, translated, target):
        return Fault("numbers lost", ", ".join(lost[:5]))
    return None


def _ordinals(source: str, translated: str) -> int:
    """The lines that begin with an ordinal (25. Mai) whose number the source has inside a line."""
    inside = set(_NUMBER_INSIDE.findall(source))
    return sum(number in inside for number in _ORDINAL.findall(translated))


def lost_breaks(source: str, translated: str) -> Fault | None:
    """The fault of a translation with one paragraph of several, or a third of them or less.

    Or with half of the lines or less, where lines are as short as those of verse and addresses.
    """
    texts = [markdown.without_code(text).strip() for text in (source, translated)]
    before, after = (len(_PARAGRAPH.split(text)) for text in texts)
    if after == 1 < before or 3 * after <= before:
        return Fault("paragraphs lost", f"{before} before, {after} after")
    lines, left = ([line for line in text.split("\n") if line.strip()] for text in texts)
    if len(lines) > 2 and 2 * len(left) <= len(lines) and sum(map(len, lines)) < SHORT_LINE * len(lines):
        return Fault("line breaks lost", f"{len(lines)} lines before, {len(left)} after")
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
    before, after = (_words_to_translate(text) for text in (source, translated))
    there, runs = (zip(*(tokens[skip:] for skip in range(LEFT)), strict=False) for tokens in (before, after))
    known = set(there)
    found = (" ".join(run) for run in runs if run in known)
    return next((run for run in found if sum(map(str.isalpha, run)) >= LEFT_LETTERS), "")


def copied(source: str, translated: str) -> float:
    """The share of a translation's runs of four words that stand in its source, outside of code.

    0 for fewer than eight words: a name, a title or a quotation may stay what it is.
    """
    before, after = (_words_to_translate(text) for text in (source, translated))
    if len(after) < 2 * RUN:
        return 0.0
    there, runs = (list(zip(*(tokens[skip:] for skip in range(RUN)), strict=False)) for tokens in (before, after))
    known = set(there)
    return sum(run in known for run in runs) / len(runs)


def _words_to_translate(text: str) -> Sequence[str]:
    return words.tokens(kept_marks.without(markdown.without_code(text)).casefold())


def _code(text: str) -> list[str]:
    return [
        "\n".join(line.strip() for line in text[start:end].split("\n")) for start, end in markdown.code_blocks(text)
    ]
