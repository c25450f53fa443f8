"""A model's reply without thoughts, markers of the prompt and an enclosing code fence."""

import re

from xl_alpacaeval_metric import thinking

_NAMES = "passage|text|instruction|request|response|answer|translation|candidate"
MARKER = re.compile(rf"</?(?:{_NAMES})(?: [A-Z])? [0-9a-f]{{12}}\s*>")
"""A marker of one of our prompts."""
_AT_AN_END = re.compile(rf"\A{MARKER.pattern}|{MARKER.pattern}\Z")
# Some models repeat the marker without its code. Only a pair around the whole reply is a marker
# then.
_WRAPPED = re.compile(rf"\A<({_NAMES})>(.*)</\1>\Z", re.DOTALL)

_FENCE = re.compile(r"\A(`{3,}|~{3,})[ \t]*(?:markdown|md|text|txt|plaintext)?[ \t]*\n(.*)\n\1[ \t]*\Z", re.DOTALL)
_FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})", re.MULTILINE)


def bare(text: str) -> str:
    """The reply without thoughts, markers and an enclosing fence, stripped; may be empty.

    A fence is removed if it encloses the whole reply and names no programming language, a marker if
    it is at the beginning or the end.
    """
    text = thinking.split(text).answer.strip()
    while True:
        before = text
        text = _AT_AN_END.sub("", text).strip()
        if found := _WRAPPED.match(text):
            text = found[2].strip()
        found = _FENCE.match(text)
        # With an odd number of fences inside, the first and the last one are not a pair.
        if found and len(_FENCE_LINE.findall(found[2])) % 2 == 0 and _outermost(text, found[2]):
            text = found[2].strip("\n")
        if text == before:
            return text.strip()


def _outermost(text: str, inner: str) -> bool:
    """Whether the first and the last fence are a pair: if Markdown is named, or none is between."""
    named = re.match(r"(?:`{3,}|~{3,})[ \t]*(?:markdown|md)", text) is not None
    return named or not _FENCE_LINE.search(inner)
