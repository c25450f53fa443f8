"""The numbers that a translation keeps, in whatever digits, groups or words it writes them."""

import re
import unicodedata
from functools import cache
from importlib import resources

_PACKAGE = "xl_instruct_dataset"
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?![\d]|s\b)")
_DATE = re.compile(r"\d{1,2}[.,]\d{1,2}[.,](\d{4})")
_CENTS = re.compile(r"(?<=\d)[.,](?:00?|(\d)0)\Z")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[.,'’·:٬٫\s]+(?=\d)")
_LONG = re.compile(r"\d{3}")
_HAN_DIGITS = {character: number % 10 for number, character in enumerate("〇一二三四五六七八九零")} | {"两": 2, "兩": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000, "십": 10, "백": 100, "천": 1000}
_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "만": 10**4, "억": 10**8}
_HAN = re.compile(f"(?:\\d+(?:\\.\\d+)?|[{''.join([*_HAN_DIGITS, *_UNITS, *_LARGE])}])+")


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
    there = " ".join((_BETWEEN_DIGITS.sub("", there), *(_value(found) for found in _HAN.findall(there))))
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


def _value(number: str) -> str:
    """A number with East Asian digits or units (1万2千, 一千五百) in digits."""
    if {*_UNITS, *_LARGE}.isdisjoint(number):
        return "".join(str(_HAN_DIGITS.get(character, character)) for character in number)
    total = section = 0.0
    current: float | None = None
    for part in re.findall(r"\d+(?:\.\d+)?|\D", number):
        if part in _UNITS:
            section, current = section + (1 if current is None else current) * _UNITS[part], None
        elif part in _LARGE:
            amount = section + (current or 0)
            total = total + amount * _LARGE[part] if amount else (total or 1) * _LARGE[part]
            section, current = 0.0, None
        else:
            current = float(_HAN_DIGITS.get(part, part))
    return f"{total + section + (current or 0):.0f}"


@cache
def _words() -> dict[str, re.Pattern[str]]:
    """The words for a hundred, a thousand and more, by language."""
    import yaml

    listed = yaml.safe_load((resources.files(_PACKAGE) / "data" / "number_words.yaml").read_text("utf-8"))
    return {language: re.compile(words, re.IGNORECASE) for language, words in listed.items()}
