"""What hides a phrase from a search: invisible characters, lookalikes, base64."""

import base64
import binascii
import re
import unicodedata

_SPACES = re.compile(r"\s{2,}|[^\S \n]")
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0").union(
    map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10)])
)
"""Invisible characters beside Unicode's format characters; each keeps a phrase from being found."""

_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝвкмнтгАВЕКМНОРСТУХІЈЅαορνκιτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijshdqwbkmhtrABEKMHOPCTYXIJSaopvkituxABEZHIKMNOPTYX",
)
"""Cyrillic and Greek letters -> the Latin ones that they look like."""
_WORD = re.compile(r"[A-Za-z\u0370-\u052f]+")
_CODED = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}={0,2}")
_MOST_CODED, _LONGEST_CODED = 20, 4096
"""Words of a text that are decoded, and characters of one."""


def normalised(text: str) -> str:
    """The text without invisible characters, in Unicode's form NFKC, with single spaces.

    Whitespace becomes one space or, with a line end in it, one line end: the time that a pattern
    with two `\\s*` takes grows with the square of the whitespace's length.
    """
    # Hardly any text has an invisible character, and translate is slow.
    if not text.isascii() and any(_is_invisible(character) for character in set(text)):
        text = "".join(character for character in text if not _is_invisible(character))
    return _SPACES.sub(_one_space, unicodedata.normalize("NFKC", text))


def searchable(text: str) -> str:
    """The text as phrases are searched for in it: `normalised`, and without disguises.

    In words of mixed scripts Cyrillic and Greek letters become the Latin ones that they look like.
    What base64 in the text says is added at its end.
    """
    text = normalised(text)
    if not text.isascii():
        text = _WORD.sub(_latin_if_mixed, text)
    coded = [_decoded(word[0][:_LONGEST_CODED]) for word in _first(text)]
    return "\n".join([text, *map(normalised, filter(None, coded))])


def shown(text: str) -> str:
    """At most 60 characters on one line, without control characters."""
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _latin_if_mixed(word: re.Match[str]) -> str:
    latin = sum(map(str.isascii, word[0]))
    return word[0].translate(_LOOKALIKES) if 0 < latin < len(word[0]) else word[0]


def _first(text: str) -> list[re.Match[str]]:
    return [word for word, _ in zip(_CODED.finditer(text), range(_MOST_CODED), strict=False)]


def _decoded(word: str) -> str:
    """The text that a word is in base64; "" if it is none."""
    bare = word.rstrip("=").translate(str.maketrans("-_", "+/"))
    bare = bare[: len(bare) - 1] if len(bare) % 4 == 1 else bare
    try:
        text = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text if text.replace("\n", " ").isprintable() else ""


def _is_invisible(character: str) -> bool:
    """Whether it shows nothing: format characters (bidi controls, tags), fillers and selectors."""
    return unicodedata.category(character) == "Cf" or character in _INVISIBLE


def _one_space(found: re.Match[str]) -> str:
    return "\n" if "\n" in found[0] else " "
