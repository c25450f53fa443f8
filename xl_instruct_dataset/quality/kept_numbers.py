"""The numbers that a translation keeps, in whatever digits, groups or words it writes them."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import resources

from xl_alpacaeval_metric.correctness import han_numerals

_PACKAGE = "xl_instruct_dataset"
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?![\d]|s\b)")
_DATE = re.compile(r"\d{1,2}[.,]\d{1,2}[.,](\d{4})")
_CENTS = re.compile(r"(?<=\d)[.,](?:00?|(\d)0)\Z")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[.,'’·:٬٫،，\s]+(?=\d)")
_BETWEEN_SIGNS = re.compile(r"(?<=[\d\u3400-\u9fff\uac00-\ud7af])[,，\s]+(?=[\d\u3400-\u9fff\uac00-\ud7af])")
"""What may stand inside a number with Han or Hangul units: 1億2,500万, 1만 5천."""
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "明治": 1867, "民國": 1911, "民国": 1911}
_OF_ERA = re.compile(rf"({'|'.join(_ERAS)})\s?(元|\d{{1,3}}|[一二三四五六七八九十百]{{1,6}})\s?年")
_OF_BUDDHA = re.compile(r"พ\.?\s?ศ\.?\s?(2[3-6]\d\d)")
"""Years of Japan's reigns, of Taiwan's republic, and of the Buddha, 543 years more than others."""
_LONG = re.compile(r"\d{3}")


def lost(source: str, translated: str, target: str = "") -> list[str]:
    """The numbers with three or more digits in a row that the translation lacks.

    Digits may be of any script, with any signs between them: 1,500 matches 1.500, १५०० and
    一千五百. A round number is matched without its zeros: 50,000 is 5万. Each word for a
    hundred, a thousand or more in language `target` (a BCP-47 code) stands for one number, where
    the source has no such word. Of a date the year counts, which may be of another era (令和6年 is
    2024). Decades (1990s) are ignored.
    """
    numbers = [_significant(match[0]) for match in _NUMBER.finditer(plain_digits(source))]
    numbers = [number for number in numbers if _LONG.search(number)]
    if not numbers:
        return []
    there = plain_digits(translated)
    with_units = han_numerals.MIXED.findall(_BETWEEN_SIGNS.sub("", there))
    years = _years(there)
    there = " ".join((_BETWEEN_DIGITS.sub("", there), *map(han_numerals.in_digits, with_units), *years))
    missing = [number for number in numbers if not _is_there(re.sub(r"\D", "", number), there)]
    if missing and (words := _words().get(target.partition("-")[0])):
        spelt = len(words.findall(translated)) - len(_words()["en"].findall(source))
        missing = missing[max(0, spelt) :]
    return missing


def plain_digits(text: str) -> str:
    """The text with the digits of every script replaced by 0 to 9."""
    return _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), text)


def _significant(number: str) -> str:
    """The number without zeros at the end of its decimals; the year of a date."""
    if date := _DATE.fullmatch(number):
        return date[1]
    return _CENTS.sub(lambda found: f".{found[1]}" if found[1] else "", number)


def _years(text: str) -> Iterator[str]:
    """The years of other eras in a text, as those of the common one."""
    for era, year in _OF_ERA.findall(text):
        yield str(_ERAS[era] + (1 if year == "元" else int(han_numerals.in_digits(year))))
    yield from (str(int(year) - 543) for year in _OF_BUDDHA.findall(text))


def _is_there(digits: str, there: str) -> bool:
    significant = digits.rstrip("0")
    return digits in there or (len(digits) - len(significant) >= 2 and significant in there)


@cache
def _words() -> dict[str, re.Pattern[str]]:
    """The words for a hundred, a thousand and more, by language."""
    import yaml

    listed = yaml.safe_load((resources.files(_PACKAGE) / "data" / "large_number_words.yaml").read_text("utf-8"))
    return {language: re.compile(words, re.IGNORECASE) for language, words in listed.items()}
