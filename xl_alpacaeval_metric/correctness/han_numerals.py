"""Numbers in Han characters, rewritten in digits."""

import re
from decimal import Decimal

LANGUAGES = frozenset(("zh", "yue", "ja"))
_DIGITS = {**{sign: value for value, sign in enumerate("〇一二三四五六七八九")}, "零": 0, "两": 2, "兩": 2}
_TENS = {"十": 10, "百": 100, "千": 1_000, "십": 10, "백": 100, "천": 1_000}
_MYRIADS = {"万": 10_000, "萬": 10_000, "만": 10_000, "亿": 100_000_000, "億": 100_000_000, "억": 100_000_000}
_SIGNS = "".join((*_DIGITS, *_TENS, *_MYRIADS))
MIXED = re.compile(rf"(?:\d+(?:\.\d+)?|[{_SIGNS}])+")
"""A number in these signs, in digits, or in both: 一千五百, 1.5, 1万2千."""
_NUMBER = re.compile(
    f"(?<![{_SIGNS}\\d])([{_SIGNS}]{{1,20}})(?:点([{''.join(_DIGITS)}]{{1,20}})(?![{_SIGNS}分刻半钟]))?(?!\\d)"
)
_HOUR = re.compile("[点點時时](?!儿|兒|也|都|没|不)")
"""What makes a lone 一 an hour, and no "a little"."""


def as_digits(text: str) -> str:
    """The text with its numbers in Han characters as digits, but for a lone 一 or 万."""
    return _NUMBER.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    signs, decimals = found.groups()
    if signs == "一" and not decimals and not _HOUR.match(found.string, found.end()):
        return found[0]
    if not ({*signs} & _DIGITS.keys() or signs[0] == "十"):
        return found[0]
    value = str(int(in_digits(signs)))
    return f"{value}.{''.join(str(_DIGITS[sign]) for sign in decimals)}" if decimals else value


def in_digits(number: str) -> str:
    """The value of a number of the form `MIXED`; of one without units, its digits."""
    if not {*number} & (_TENS.keys() | _MYRIADS.keys()):
        return "".join(str(_DIGITS.get(sign, sign)) for sign in number)
    total = part = digit = Decimal(0)
    last = 0
    for sign in re.findall(r"\d+(?:\.\d+)?|\D", number):
        if sign in _TENS:
            part, last, digit = part + (digit or 1) * _TENS[sign], _TENS[sign], Decimal(0)
        elif sign in _MYRIADS:
            last = _MYRIADS[sign]
            # 三亿五千万 is 3 × 10⁸ + 5,000 × 10⁴, 一万二千亿 is 12,000 × 10⁸.
            whole = total if total < last else 0
            total += (whole + part + digit or 1) * last - whole
            part = digit = Decimal(0)
        else:
            digit = Decimal(_DIGITS.get(sign, sign))
            last = last if _DIGITS.get(sign) else 0
    # 一百五 is 150, 一百零五 and 1百5 are 105.
    return f"{total + part + digit * (last // 10 if last > 10 else 1):.0f}"
