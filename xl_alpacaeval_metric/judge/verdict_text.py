"""The verdict in a judge's text: A, B, or none where the text does not conclude.

A judge is asked for one letter, and many write more: a list of remarks on both answers, then a
conclusion. Only a conclusion counts. A letter that merely names an answer is no verdict.
"""

import re
from typing import Literal

Letter = Literal["A", "B"]

_READ = 2000
"""Characters of a long reply that are read at either end."""
_RUN = re.compile(r"([^\w\s])\1{2,}")
_MARKER_CODE = re.compile(r"\b([AB])\s+[0-9a-f]{12}\b")
_MARKUP = re.compile(r"[*_`\"'“”„«»‘’#>]+")

_NOUN = r"(?:verdict|answer|choice|decision|judge?ment|winner|conclusion|result|preference|pick|selection)"
_NAME = r"(?:(?:answer|option|response|candidate|assistant|choice|text|translation)\s+)?"
# A small letter counts at the end alone: "the answer is a mystery" has the article.
_LETTER = r"[\[(<{]*\s*((?-i:[AB])|[ab](?=\W*$))\b\s*[\])>}]*"
# "Verdict: B", "the better answer is A", "Better: B", "I choose B", "my final answer is Answer A".
_CONCLUSION = re.compile(
    rf"(?:\b(?:(?:final|overall|better|best|preferred|correct|my)\s+)*"
    rf"(?:{_NOUN}|better|best|preferred|winner)(?:\s+(?:one|answer|response|option))?"
    rf"(?:\s+(?:that|which)\s+is\s+better)?(?:\s+overall)?\s*(?:is|:|=|-|–|—|→|would be|goes to)+\s*"
    rf"|\bI(?:'d|\s+would|\s+will|'ll)?\s+(?:choose|pick|prefer|select|vote\s+for|go\s+(?:with|for))\s+"
    rf"|\\boxed\s*\{{\s*(?:\\text\s*\{{)?)\s*(?:the\s+)?{_NAME}{_LETTER}(?!\s*[:/]\s*\S)(?!\s*(?:and|or|/)\s*B?\b)",
    re.IGNORECASE,
)
# "A is better", "Answer B is the best", "B wins"; "not" and "worse" turn it off.
_COMPARED = re.compile(
    rf"\b{_NAME}((?-i:[AB]))\s+(?:is|was|seems|appears|remains)\s+(?:overall\s+|clearly\s+|much\s+|far\s+|slightly\s+|"
    rf"significantly\s+|definitely\s+|therefore\s+|thus\s+|still\s+|a\s+bit\s+|marginally\s+|to\s+be\s+)*"
    rf"(?:the\s+)?(?:better|best|preferred|preferable|superior|stronger|winner)\b"
    rf"|\b{_NAME}((?-i:[AB]))\s+(?:wins|is\s+the\s+winner)\b",
    re.IGNORECASE,
)
_JSON = re.compile(rf"\"(?:{_NOUN}|better|best|preferred)\"\s*:\s*\"(?:answer\s+|option\s+)?([AB])\"", re.IGNORECASE)
_DOUBLE_BRACKETS = re.compile(r"\[\[\s*([AB])\s*\]\]")
_TAGGED = re.compile(rf"<({_NOUN})>\s*(?:answer\s+|option\s+)?([AB])\s*</\1>", re.IGNORECASE)
_ALONE = re.compile(rf"\W*(?:(?:the\s+)?{_NAME})([AB])\W*", re.IGNORECASE)
_OPENS = re.compile(r"\W*([AB])(?:\s*[.:),]|\s+because\b)")


def read_verdict(text: str) -> Letter | None:
    """The letter that the text concludes with; None if there is none, or if conclusions differ.

    `text` is the reply without its thought.
    """
    text = _MARKER_CODE.sub(r"\1", _short(text)).strip()
    for pattern in (_JSON, _DOUBLE_BRACKETS, _TAGGED):
        letters = {found.group(found.lastindex or 1).upper() for found in pattern.finditer(text)}
        if letters:
            return _single(letters)
    plain = _MARKUP.sub("", text)
    if found := _ALONE.fullmatch(plain):
        return _single({found[1].upper()})
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    concluded = [found for line in lines for found in _conclusions(line)]
    if concluded:
        # A judge may revise: the last conclusion counts. Letters of the same line must agree.
        return _single({concluded[-1]})
    compared = {(found[1] or found[2]).upper() for line in lines for found in _COMPARED.finditer(line)}
    if compared:
        return _single(compared)
    for line in (lines[-1:], lines[:1]):
        if line and (found := _ALONE.fullmatch(line[0])):
            return _single({found[1].upper()})
    opens = {found[1] for line in lines if (found := _OPENS.match(line))}
    if lines and len(opens) == 1 and _OPENS.match(lines[0]) and not _names_other(plain, *opens):
        return _single(opens)
    return None


def _short(text: str) -> str:
    """Beginning and end of a long text without long runs of a sign: patterns take bounded time."""
    if len(text) > 2 * _READ:
        text = f"{text[:_READ]}\n{text[-_READ:]}"
    return _RUN.sub(r"\1\1", re.sub(r"[^\S\n]+", " ", text))


def _conclusions(line: str) -> list[str]:
    return [found[1].upper() for found in _CONCLUSION.finditer(line)]


def _names_other(text: str, letter: str) -> bool:
    """Whether the text goes on with remarks on the other answer: "A: good. B: better"."""
    other = "B" if letter == "A" else "A"
    return re.search(rf"(?:^|[.;,\n]\s*){other}\s*[.:)]", text) is not None


def _single(letters: set[str]) -> Letter | None:
    if letters == {"A"}:
        return "A"
    return "B" if letters == {"B"} else None
