"""The lines of a text, and which of them are long enough for their language to be identified."""

import re
import string
from dataclasses import dataclass

MIN_TOKENS = 5
"""Shorter lines are not scored: their language cannot be identified reliably."""
UNSPACED = frozenset(("bo", "dz", "ja", "km", "lo", "my", "th", "zh"))
"""Languages without spaces between words."""

_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}،]+")
# Scripts without spaces between words: Han and kana; Thai, Lao, Tibetan, Burmese and Khmer.
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_SOUTHEAST = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]")
_OTHERS = re.compile(
    "[^\\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]+"
    "|[^\\w\\s\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]"
)
_SPACE = re.compile(r"\s")
_LATIN_RUN = re.compile("[A-Za-z0-9]+")
# Tokens per character. With these, five tokens are found where jieba (zh) and MeCab with UniDic
# (ja) find five, on 99.5% of the benchmark's lines.
_TOKENS_PER_CJK, _TOKENS_PER_SOUTHEAST = 0.7, 0.25

latin_words = _LATIN_RUN.findall


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands in the text from `start` on, and `bare`, without ASCII punctuation."""

    start: int
    raw: str
    bare: str
    long: bool


def parts(text: str, base: str) -> list[Line]:
    """The lines of a text; `base` is the code of its language without script and region."""
    found, start = [], 0
    for raw in text.split("\n"):
        if raw and not raw.isspace():
            bare = _PUNCTUATION.sub("", raw).replace("—", " ").strip()
            found.append(Line(start, raw, bare, is_long(bare, base)))
        start += len(raw) + 1
    return found


def is_long(line: str, base: str) -> bool:
    """Whether a line has five tokens or more."""
    words = len(line.split())
    if base not in UNSPACED:
        # Split at spaces, an answer in Chinese to a request for German is one word; it must be
        # scored, too.
        return words >= MIN_TOKENS or (not line.isascii() and _tokens(line, base) >= MIN_TOKENS)
    return words >= MIN_TOKENS or _tokens(line, base) >= MIN_TOKENS


def _tokens(line: str, base: str) -> float:
    """About how many tokens a line in a script without spaces has.

    0 for a line without letters of these scripts, unless the language `base` is written in one.
    """
    cjk, southeast = len(_CJK.findall(line)), len(_SOUTHEAST.findall(line))
    if not (cjk or southeast) and base not in UNSPACED:
        return 0.0
    # jieba counts each space as a token.
    spaces = len(_SPACE.findall(line)) if base == "zh" else 0
    return _TOKENS_PER_CJK * cjk + _TOKENS_PER_SOUTHEAST * southeast + len(_OTHERS.findall(line)) + spaces
