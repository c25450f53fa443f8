"""Numbers in Han characters, rewritten in digits."""

import re

LANGUAGES = frozenset(("zh", "yue", "ja"))
_DIGITS = {**{sign: value for value, sign in enumerate("〇一二三四五六七八九")}, "零": 0, "两": 2, "兩": 2}
_TENS = {"十": 10, "百": 100, "千": 1_000}
_MYRIADS = {"万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
_SIGNS = "".join((*_DIGITS, *_TENS, *_MYRIADS))
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
    value = str(_value(signs))
    return f"{value}.{''.join(str(_DIGITS[sign]) for sign in decimals)}" if decimals else value


def _value(signs: str) -> int:
    if all(sign in _DIGITS for sign in signs):
        return int("".join(str(_DIGITS[sign]) for sign in signs))
    total = part = digit = 0
    last = 0
    for sign in signs:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
            last = 0 if sign in "零〇" else last
        elif sign in _TENS:
            part, last, digit = part + (digit or 1) * _TENS[sign], _TENS[sign], 0
        else:
            total, last = (total + part + digit) * _MYRIADS[sign], _MYRIADS[sign]
            part = digit = 0
    # 一百五 is 150, 一百零五 is 105.
    return total + part + digit * (last // 10 if last > 10 else 1)
