"""Scripts: which one a text is written in, by its letters.

Blocks are those of Unicode. A character of Chinese or Japanese weighs as three letters, since it
says about as much.
"""

import re
from collections import Counter
from functools import lru_cache

_BLOCKS = {
    "Latn": "A-Za-z\u00aa\u00ba\u00c0-\u024f\u0250-\u02af\u1e00-\u1eff\ua720-\ua7ff\uff21-\uff5a",
    "Grek": "\u0370-\u03ff\u1f00-\u1fff",
    "Cyrl": "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f",
    "Armn": "\u0530-\u058f",
    "Hebr": "\u0590-\u05ff\ufb1d-\ufb4f",
    "Arab": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "Syrc": "\u0700-\u074f",
    "Thaa": "\u0780-\u07bf",
    "Nkoo": "\u07c0-\u07ff",
    "Deva": "\u0900-\u097f\ua8e0-\ua8ff",
    "Beng": "\u0980-\u09ff",
    "Guru": "\u0a00-\u0a7f",
    "Gujr": "\u0a80-\u0aff",
    "Orya": "\u0b00-\u0b7f",
    "Taml": "\u0b80-\u0bff",
    "Telu": "\u0c00-\u0c7f",
    "Knda": "\u0c80-\u0cff",
    "Mlym": "\u0d00-\u0d7f",
    "Sinh": "\u0d80-\u0dff",
    "Thai": "\u0e00-\u0e7f",
    "Laoo": "\u0e80-\u0eff",
    "Tibt": "\u0f00-\u0fff",
    "Mymr": "\u1000-\u109f\uaa60-\uaa7f",
    "Geor": "\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2f",
    "Ethi": "\u1200-\u139f\u2d80-\u2ddf\uab00-\uab2f",
    "Cher": "\u13a0-\u13ff\uab70-\uabbf",
    "Cans": "\u1400-\u167f",
    "Khmr": "\u1780-\u17ff",
    "Mong": "\u1800-\u18af",
    "Olck": "\u1c50-\u1c7f",
    "Tfng": "\u2d30-\u2d7f",
    "Hang": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "Kana": "\u3040-\u30ff",
    "Hani": "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
}
_COMPOSED = {"Jpan": "Hani Kana", "Kore": "Hang Hani", "Hans": "Hani", "Hant": "Hani", "Hira": "Kana"}
_CANTONESE = re.compile("[嘅咗佢喺唔冇嚟啲嗰咁哋嘢乜噉攞諗睇嗮]")
_CHINESE_ALONE = re.compile("[們這嗎呢吧很你她您]")
WEIGHT = 3
"""Letters that a character of Chinese or Japanese counts as."""
_HEAVY = re.compile(f"[{_BLOCKS['Hani']}{_BLOCKS['Kana']}]+")
_LETTERS = re.compile(f"[{''.join(_BLOCKS.values())}]+")
_RUNS_OF_HAN = re.compile(f"[{_BLOCKS['Hani']}]+")
_RUNS_OF_KANA = re.compile(f"[{_BLOCKS['Kana']}]+")
_NO_ASCII_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())


def characters_of(script: str) -> str:
    """The letters of a script as ranges for a pattern; those of all scripts for ""."""
    if not script:
        return "".join(_BLOCKS.values())
    return "".join(_BLOCKS.get(name, "") for name in _COMPOSED.get(script, script).split())


def parts_of(script: str) -> tuple[str, ...]:
    """The scripts that one is made of, such as kana and Han for `Jpan`; else itself."""
    return tuple(_COMPOSED.get(script, script).split())


def names() -> tuple[str, ...]:
    """The scripts whose letters are known here."""
    return tuple(_BLOCKS)


@lru_cache(maxsize=64)
def letters_of(script: str) -> re.Pattern[str] | None:
    """A pattern of one letter of an ISO 15924 script; None for a script that is not known here."""
    names = _COMPOSED.get(script, script).split()
    return re.compile(f"[{''.join(_BLOCKS[name] for name in names)}]") if all(n in _BLOCKS for n in names) else None


def weight(text: str) -> int:
    """The letters of a text; signs, digits and punctuation count nothing."""
    if text.isascii():
        return len(text.encode().translate(None, _NO_ASCII_LETTERS))
    return len("".join(_LETTERS.findall(text))) + (WEIGHT - 1) * len("".join(_HEAVY.findall(text)))


def has_letters(text: str) -> bool:
    """Whether a text has a letter of a script."""
    return _LETTERS.search(text) is not None


def share(text: str, script: str | None) -> float:
    """The share of a text's letters that are of a script; 1 without letters or for no script."""
    pattern = letters_of(script) if script else None
    if pattern is None or (script == "Latn" and text.isascii()):
        return 1.0
    whole = weight(text)
    return weight("".join(pattern.findall(text))) / whole if whole else 1.0


def main_script(text: str) -> str | None:
    """The script of most letters, as ISO 15924 (Hani and Kana stay apart); None without letters."""
    if text.isascii():
        return "Latn" if _LETTERS.search(text) else None
    counts = dict.fromkeys(_BLOCKS, 0)
    for character, number in Counter(text).items():
        if name := _block_of(character):
            counts[name] += number
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else None


@lru_cache(maxsize=8192)
def _block_of(character: str) -> str | None:
    """The script of a letter; None where it is none of those known here."""
    return next((name for name in _BLOCKS if (letter := letters_of(name)) and letter.match(character)), None)


def han_and_kana(text: str) -> tuple[int, int]:
    """How many Han and how many kana characters a text has."""
    return len("".join(_RUNS_OF_HAN.findall(text))), len("".join(_RUNS_OF_KANA.findall(text)))


def han_form(text: str) -> str | None:
    """`Hans` or `Hant` where the characters tell simplified from traditional Chinese, else None.

    A character that GB 2312 has and Big5 has not is simplified, and the other way round.
    """
    simplified, traditional = _forms(text)
    if max(simplified, traditional) < 2 or min(simplified, traditional) * 4 > max(simplified, traditional):
        return None
    return "Hans" if simplified > traditional else "Hant"


def has_both_forms(text: str) -> bool:
    """Whether some characters of a text are simplified and some traditional Chinese."""
    return min(_forms(text)) >= 2


def _forms(text: str) -> tuple[int, int]:
    """How many characters are simplified, and how many traditional."""
    forms = list(map(_form, text))
    return forms.count("Hans"), forms.count("Hant")


def is_chinese(text: str) -> bool:
    """Whether Han characters in a Japanese or Korean text are Chinese, by those that only it has.

    Simplified characters that Japanese has as well tell nothing.
    """
    words = len(set(_CHINESE_ALONE.findall(text)))
    simplified = sum(_form(one) == "Hans" and not _encodes(one, "cp932") for one in text)
    return simplified >= 2 or words >= 2 or (simplified + words > 0 and not {"的", "了"}.isdisjoint(text))


def cantonese(text: str) -> int:
    """The number of characters of a text that only written Cantonese has."""
    return len(_CANTONESE.findall(text))


@lru_cache(maxsize=8192)
def _form(character: str) -> str | None:
    if not "\u4e00" <= character <= "\u9fff":
        return None
    simplified, traditional = (_encodes(character, name) for name in ("gb2312", "big5"))
    if simplified == traditional:
        return None
    return "Hans" if simplified else "Hant"


def _encodes(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
