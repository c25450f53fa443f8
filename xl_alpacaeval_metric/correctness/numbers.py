"""The numbers in a text: grouped, with fractions, and with a word such as thousand after them."""

import re
import unicodedata
from collections.abc import Iterator

# Thousands are set apart by a space, a dot, a comma or an apostrophe; India sets twos apart.
_GROUPED = r"\d{1,3}(?:[ \u00a0\u202f.'’]\d{3})+(?:[.,]\d+)?|\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?"
_NUMBER = re.compile(rf"(?<![\d.,])(?:{_GROUPED}|\d+(?:[.,٫]\d+)?)(?!\d)")
_FRACTION = re.compile(r"(?:(?<![\d.,])(\d{1,9}) ?)?([¼½¾⅐-⅞↉])|(?<![\d.,/])(\d{1,9})[ +]([1-9])[/⁄]([2-9])(?![\d/])")
_RAISED = re.compile(r"(?<=\d)(?=[⁰¹²³⁴-⁹₀-₉①-⑨])")
"""Where a raised digit follows another digit: 5² is not 52."""

_SCALES: dict[str, dict[str, float]] = {
    "en": {"thousand": 1e3, "million": 1e6},
    "de": {"tausend": 1e3, "tsd": 1e3, "mio": 1e6, "million": 1e6},
    "fr": {"mille": 1e3, "million": 1e6},
    "pt": {"mil": 1e3, "milhão": 1e6, "milhões": 1e6},
    "es": {"mil": 1e3, "millón": 1e6, "millones": 1e6},
    "hu": {"ezer": 1e3, "ezr": 1e3, "millió": 1e6},
    "lt": {"tūkst": 1e3, "milijon": 1e6, "mln": 1e6},
    "fi": {"tuhat": 1e3, "tuhan": 1e3, "miljoon": 1e6},
    "tr": {"bin": 1e3, "milyon": 1e6},
    "mt": {"elf": 1e3, "miljun": 1e6},
    "ga": {"míle": 1e3, "mhíle": 1e3, "mh?illiún": 1e6},
    "hi": {"हज़ार": 1e3, "हजार": 1e3, "लाख": 1e5, "करोड़": 1e7},
    "zh": {"百万": 1e6, "百萬": 1e6, "千": 1e3, "万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8},
    "ja": {"千": 1e3, "万": 1e4, "億": 1e8},
    "ko": {"천": 1e3, "만": 1e4, "억": 1e8},
    "ru": {"тыс": 1e3, "миллион": 1e6, "млн": 1e6},
    "pl": {"tys": 1e3, "milion": 1e6, "mln": 1e6},
}
"""Beginnings of the words for powers of ten; those of up to three Latin letters are whole words."""


def plain(text: str) -> str:
    """The text with its fractions as decimals, and raised digits apart from those before them."""
    return _RAISED.sub("^", _FRACTION.sub(_decimal, text))


def _decimal(found: re.Match[str]) -> str:
    whole, sign, before, over, under = found.groups()
    value = int(whole or 0) + unicodedata.numeric(sign) if sign else int(before) + int(over) / int(under)
    # With more than three decimals it is neither read as grouped nor as a time.
    return f"{value:.8f}"


def found(text: str, language: str) -> Iterator[tuple[float, range]]:
    """The numbers in a text of normal form, with where each stands.

    One such as 2.220 is found in both of its readings.
    """
    for match in _NUMBER.finditer(text):
        scale = _scale(text[match.end() : match.end() + 12], language)
        for number in _readings(match[0].replace("٫", ".")):
            yield number * scale, range(*match.span())


def _readings(written: str) -> Iterator[float]:
    *groups, last = re.split(r"[ .,'’]", written)
    if not groups:
        yield float(last)
        return
    if len(last) == 3:
        yield float("".join((*groups, last)))
    if " " not in written[-len(last) - 1 :]:
        yield float(f"{''.join(groups)}.{last}")


def _scale(after: str, language: str) -> float:
    if re.match(r"k(?!\w)", after):
        return 1e3
    for word, scale in _SCALES.get(language.split("-")[0], {}).items():
        word = unicodedata.normalize("NFKC", word)
        whole = r"(?!\w)" if len(word) <= 3 and word.isascii() and word not in ("ezr", "mio", "tys") else ""
        if re.match(rf"[ -]?{word}{whole}", after):
            return scale
    return 1.0
