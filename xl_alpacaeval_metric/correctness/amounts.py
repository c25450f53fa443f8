"""Amounts in two parts, rewritten as decimals: 39 euros 50, thirty-nine and a half."""

import re
from functools import cache

from xl_alpacaeval_metric.correctness import wording

_CURRENCY = (
    r"€|\$|£|euros?|eur[oóaąų]\w{0,3}|ewro|avro|reais|real|pounds?|dollars?|rupees?|francs?|franken"
    r"|यूरो|रुपय[ेा]|欧元|歐元|美元|元|块|塊"
)
_CENTS = r"cent\w{0,6}|cêntimos?|pence|pfennig|rappen|senttiä|ċenteżmi|ċenteżmu|sent|kuruş|सेंट|पैसे|分|角|毛"
_PARTS = re.compile(
    rf"(?<![\d.,])(\d{{1,9}}(?: \d{{3}}){{0,3}}) ?(?:{_CURRENCY})(?:"
    rf",? ?(?:(?:and|und|et|e|ja|és|ir|u|agus|और) )?(\d{{1,2}}) ?(?:{_CENTS})"
    r"| ?(\d\d)(?![\d.,:]?\d)(?! ?[^\W\d])|(?<=[块塊])(\d)(?!\d))"
)


def as_decimals(text: str, language: str) -> str:
    """The text, with its numbers in digits, with amounts such as 39 euros 50 as 39.50."""
    text = _PARTS.sub(_in_one, text)
    return _halves(language).sub(lambda found: f"{found[1] or found[3]}.5{found[2] or ''}", text)


def _in_one(found: re.Match[str]) -> str:
    whole, cents, rest, tenths = found.groups()
    return f"{whole.replace(' ', '')}.{tenths or (cents or rest).zfill(2)} "


@cache
def _halves(language: str) -> re.Pattern[str]:
    """A number, perhaps with its unit, before "and a half"; or after one such as sāṛhe."""
    words = wording.of(language)
    half, before = (words.any_of(name) if words else r"(?!)" for name in ("half", "half_before"))
    number = r"(?<![\d.,])(\d+)"
    return re.compile(rf"{number}(?![.,:]\d)( [^\W\d]+)?(?: |(?<=\d))(?:{half})(?!\w)|(?:{before}) {number}(?![.,:]\d)")
