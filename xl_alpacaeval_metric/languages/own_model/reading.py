"""Lines as the own model reads them: words of letters and apostrophes, in lower case."""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_APOSTROPHE = "\u2018\u2019\u02bb\u02bc\u02bd`´"
_NO_LETTER = (
    "\x00-\x09\x0b-\x1f!-&(-@\\[-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf×÷\u0589\u05be\u05f3\u05f4\u060c\u061b\u061f"
    "\u0640\u0660-\u066d\u06d4\u06f0-\u06f9\u0964-\u096f\u09e6-\u09ef\u1362-\u137c"
    "\u2000-\u200b\u200e-\u2017\u201a-\u206f\u2070-\u209f\u20a0-\u20cf\u2190-\u2bff"
    "\u3000-\u3004\u3008-\u3020\u30fb\ud800-\udfff\uff00-\uff20\uff3b-\uff40\uff5b-\uff65\ufffd\U0001f000-\U0001faff"
)
_PICTURES = (0x1F000, 0x1FAFF)
_LAST, _NEWLINE = 0xFFFF, 0x0A

WORD = re.compile(f"(?:[^{_NO_LETTER}\\s]|[{_APOSTROPHE}])+")
"""A word in a text as it is written."""


def words(lines: Sequence[str]) -> list[list[str]]:
    """The words of each line."""
    joined = "\n".join(lines)
    if joined.count("\n") >= len(lines):
        joined = "\n".join(line.replace("\n", " ") for line in lines)
    codes = np.frombuffer(joined.lower().encode("utf-32-le", "surrogatepass"), "<u4")
    read = _table()[np.minimum(codes, np.uint32(_LAST))]
    beyond = np.flatnonzero(codes >= _LAST)
    if len(beyond):
        of_beyond = codes[beyond]
        of_beyond[(of_beyond >= _PICTURES[0]) & (of_beyond <= _PICTURES[1])] = ord(" ")
        read[beyond] = of_beyond
    return [line.split() for line in read.tobytes().decode("utf-32-le").split("\n")] if lines else []


@lru_cache(maxsize=1)
def _table() -> npt.NDArray[np.uint32]:
    """What each character up to `_LAST` becomes."""
    found = np.arange(_LAST + 1, dtype="<u4")
    for code in re.findall(f"[{_NO_LETTER}]", "".join(map(chr, range(_LAST + 1)))):
        found[ord(code)] = ord(" ")
    found[[ord(code) for code in _APOSTROPHE]] = ord("'")
    found[_NEWLINE] = _NEWLINE
    return found
