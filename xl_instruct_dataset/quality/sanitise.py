"""Text that came from outside, as everything after it can hold it: JSON, Parquet, a terminal, a page of Markdown."""

import re

_HALF = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """The text with one kind of line end, without control characters, and with U+FFFD for half a character (a lone surrogate)."""
    whole = _HALF.sub("\ufffd", text)
    return _CONTROL.sub("", whole.replace("\r\n", "\n").replace("\r", "\n"))
