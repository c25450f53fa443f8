"""The numbers that a translation keeps, in whatever digits, groups or words it writes them."""

import re
import unicodedata
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
_LONG = re.compile(r"\d{3}")


def lost(source: str, translated: str, target: str = "") -> list[str]:
    """The numbers with three or more digits in a row that the translation lacks.

    Digits may be of any script, with any signs between them: 1,500 matches 1.500, १५०० and
    一千五百. A round number is matched without its zeros: 50,000 is 5万. Each word for a
    hundred, a thousand or more in language `target` (a BCP-47 code) stands for one number, where
    the source has no such word. Of a date the year counts. Decades (1990s) are ignored.
    """
    numbers = [_significant(match[0]) for match in _NUMBER.finditer(plain_digits(source))]
    numbers = [number for number in numbers if _LONG.search(number)]
    if not numbers:
        return []
    there = plain_digits(translated)
    with_units = han_numerals.MIXED.findall(_BETWEEN_SIGNS.sub("", there))
    there = " ".join((_BETWEEN_DIGITS.sub("", there), *map(han_numerals.in_digits, with_units)))
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


def _is_there(digits: str, there: str) -> bool:
    significant = digits.rstrip("0")
    return digits in there or (len(digits) - len(significant) >= 2 and significant in there)


@cache
def _words() -> dict[str, re.Pattern[str]]:
    """The words for a hundred, a thousand and more, by language."""
    import yaml

    listed = yaml.safe_load((resources.files(_PACKAGE) / "data" / "large_number_words.yaml").read_text("utf-8"))
    return {language: re.compile(words, re.IGNORECASE) for language, words in listed.items()}
