"""What an answer denies of what it names, and what it leaves open."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from xl_alpacaeval_metric.correctness import wording

_NEAR = 48
_AMOUNT = r"(?>\d{1,15}(?:[ .,:'’]\d{1,15}){0,4})"
_SIGN = r"(?:(?:[€$£¥₹]|r\$) ?)?"


def any_is_sure(text: str, places: Sequence[range], language: str, *, ranges: bool) -> bool:
    """Whether the text neither denies nor leaves open what stands at one of the places."""
    unsure = list(left_open(text, language, ranges=ranges)) if places else []
    return any(
        not is_denied(text, place, language) and not any(place.start in one for one in unsure) for place in places
    )


def is_denied(text: str, place: range, language: str) -> bool:
    """Whether the text denies what stands at a place in it, as in "not 35"."""
    before, after = _denials(language)
    return bool(
        before.search(text[max(0, place.start - _NEAR) : place.start])
        or after.match(text[place.stop : place.stop + _NEAR])
    )


def left_open(text: str, language: str, *, ranges: bool) -> Iterator[range]:
    """Where numbers stand that are one of two ("30 or 35 euros").

    With `ranges`, also those that are an end of a range ("30-35", "between 30 and 35"). A range
    that says where it begins is none, since "from 11 to 70" may name two facts.
    """
    for found in _pairs(language, ranges).finditer(text):
        mine, theirs = found["unit"] or "", found["other_unit"] or ""
        # 150 kg or 0.15 t says one thing twice; 35 euros to 20 people are two facts.
        apart = bool(mine) and mine[:3] != theirs[:3] and bool(theirs or found["to"])
        if not apart and found["number"] != found["other"] and not (found["from"] and found["to"]):
            yield range(*found.span("number"))
            yield range(*found.span("other"))


@cache
def _denials(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What denies the thing after it, and the thing before it.

    Of other words only those of the list `between` may stand there: "not only 35" denies nothing.
    """
    lists = _lists(language)
    return (
        re.compile(
            rf"(?:(?<!\w)|(?<=[^\W\d_](?=n['’]t))|(?<=\w)(?=[不并]))(?:{lists['not']}) ?(?:(?:{lists['between']}) ?){{0,2}}{_SIGN}\Z"
        ),
        re.compile(rf" ?(?:{_unit(language)} )?(?:{lists['not_after']})(?!\w)"),
    )


@cache
def _pairs(language: str, ranges: bool) -> re.Pattern[str]:
    lists, unit = _lists(language), _unit(language)
    gap = " ?" if _is_unspaced(language) else " "
    joins = [rf"{gap}(?:{lists['or']}){gap}"]
    if ranges:
        joins.append(rf"(?P<to>{gap}(?:{lists['to']}){gap}|(?<=\d)[-–—~～](?=\d))")
        joins.append(rf"(?(between) (?:{lists['and']}) |(?!))")
    else:
        joins.append(r"(?P<to>(?!))")
    lead = rf"(?:(?P<from>(?<!\w)(?:{lists['from']}) )|(?P<between>(?<!\w)(?:{lists['between_and']}) ))?"
    return re.compile(
        rf"{lead}{_SIGN}(?<![\d.,:/–-])(?P<number>{_AMOUNT})(?: ?(?P<unit>{unit}))??(?:{'|'.join(joins)})"
        rf"{_SIGN}(?P<other>{_AMOUNT})(?![-–/]?\d)(?: ?(?P<other_unit>{unit}))?"
    )


def _lists(language: str) -> dict[str, str]:
    words = wording.of(language)
    names = ("not", "between", "not_after", "or", "to", "from", "between_and", "and")
    return {name: words.any_of(name) if words else "(?!)" for name in names}


def _unit(language: str) -> str:
    return r"[^\s\d.,;:!?()=+*/。，；！？、–—-]" + ("{1,3}?" if _is_unspaced(language) else "{1,20}")


def _is_unspaced(language: str) -> bool:
    return language.split("-")[0] in ("zh", "ja")
