"""Text from outside, made safe for JSON, Parquet, a terminal and Markdown."""

import re

_HALF = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """The text with line feeds only, no control characters, and U+FFFD for lone surrogates."""
    whole = _HALF.sub("\ufffd", text)
    return _CONTROL.sub("", whole.replace("\r\n", "\n").replace("\r", "\n"))
