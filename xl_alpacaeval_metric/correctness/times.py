"""The times of day in a text: with signs, with words for hours, with the half of the day."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from xl_alpacaeval_metric.correctness import number_words, wording

_SIGN = r" ?[:.h点點时時시] ?"
_HOUR = (
    r"uhr|óra(?:kor)?|val(?:\.|and\w*)?|heures?|horas?|hours?|hrs?|ore|uur|tunti\w*|saat|час(?:ов|а)?|godz(?:\.|in\w*)?"
    r"|बजकर|बजे|siegħ\w*|uair"
)
_TIME = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:{_SIGN}([0-5]\d)|[ -]?(?:{_HOUR}),? (?:(?:and|und|et|e|y|és|ir|ja|ve|और) )?([0-5]?\d))(?!\d)"
)
_MORNING = (
    "morgens|vormittags|nachts|du matin|da manhã|da madrugada|de la mañana|hajnali|hajnalban|reggel|délelőtt|ryto"
    "|nakties|aamulla|aamuyöllä|yöllä|aamupäivällä|sabah|sabaha karşı|gece|ar maidin|ta['’] filgħodu|सुबह|तड़के|रात"
    "|in the morning|at night|上午|凌晨|早上|清晨|오전|午前"
)
_AFTERNOON = (
    r"nachmittags|abends|de l['’]après-midi|du soir|da tarde|da noite|de la tarde|de la noche|in the (?:afternoon|evening)"
    r"|délután|este(?= ?(?:\d|\Z))|popiet|po pietų|vakaro"
    "|iltapäivällä|illalla|öğleden sonra|akşam|tráthnóna|san iarnóin|ta['’] wara ?nofsinhar|ta['’] filgħaxija"
    "|दोपहर|शाम|下午|晚上|傍晚|오후|午後"
)
_FULL_HOUR = re.compile(
    r"(?<![\d.,:])(\d{1,2})(?:"
    r" ?(?:uhr|óra(?:kor)?|-?kor|val(?:\.|andą)?|h|heures?|horas?|uur|बजे)(?![^\W\d]| ?\d)|[点點时時시](?! ?[\d半差])"
    rf"|(?= ?[ap]\.? ?m\b)|[^\W\d]{{0,5}} (?={_MORNING}|{_AFTERNOON}))"
)
_AT_HOUR = re.compile(
    rf"(?:(?<!\w)(?:klo|kello|saat|kl\.?|à|às|at|ag|ar a|um) ?|fi[ltrsdnżz]-|(?:{_MORNING}|{_AFTERNOON}) )(\d{{1,2}})"
    r"(?![\d%€]|[.,:h]\d|[.] ?[^\W\d])"
)
"""An hour without minutes: with its word or before the half of the day; after words for when."""
_MINUTES = r"(?:分|분| ?(?:min(?:\b\.?|ut\w*)|perc\w*|dakika|मिनट)(?: पर)?| uhr| बजे| a chlog| val\w*\.?|['’]?[dt][ea])?"
_AM, _PM, _A_M_ = (re.compile(rf"{_MINUTES} ?{sign}") for sign in (r"a\.? ?m\b", r"p\.? ?m\b", r"a\. ?m\."))
_AM_IS_A_WORD = frozenset(("de", "ga", "ro"))
"""Languages where am without dots is no half of the day: 12:45 am Bahnhof."""


def _beside(words: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The patterns of the words after a time and before it."""
    words = unicodedata.normalize("NFKC", words)
    before = rf"(?<![a-z])(?:{words}) ?(?:um |a |à |às |klo |saat )?\Z"
    return re.compile(rf"{_MINUTES} ?(?:{words})(?!\w)"), re.compile(before)


_IN_THE_MORNING, _LATER = _beside(_MORNING), _beside(_AFTERNOON)


def found(text: str, language: str, *, afternoon: bool) -> Iterator[tuple[int, int, range]]:
    """The times (hour, minute) in a text that `as_written` wrote, with where each stands.

    Where the afternoon is meant, 1.45 is 13:45 as well, unless the text says which half it is.
    """
    am = _A_M_ if language.split("-")[0] in _AM_IS_A_WORD else _AM
    for place, hour, minute in _said(text, language):
        before, after = text[max(0, place.start - 24) : place.start], text[place.stop : place.stop + 40]
        early, late = (
            after_it.match(after) or before_it.search(before) for after_it, before_it in (_IN_THE_MORNING, _LATER)
        )
        if am.match(after):
            yield (hour % 12 if hour <= 12 else hour), minute, place
        elif _PM.match(after) or (late and not early):
            yield (hour + 12 if hour < 12 else hour), minute, place
        else:
            yield hour, minute, place
            if afternoon and hour < 12 and not early:
                yield hour + 12, minute, place


def as_written(text: str, language: str) -> str:
    """The text with words for numbers as digits, noon and midnight as times."""
    text = number_words.as_digits(text, language, articles=True)
    words = wording.of(language)
    if words is not None:
        for name, time in (("noon", "12:00"), ("midnight", "0:00")):
            text = re.sub(rf"(?<!\w)(?:{words.any_of(name)})(?!\w)", time, text)
    return text


def _said(text: str, language: str) -> Iterator[tuple[range, int, int]]:
    """The places of the times in a text, each with the hour and the minute that are said there."""
    taken: set[int] = set()
    for place, minutes in _all(text, language):
        if taken.isdisjoint(place):
            taken.update(place)
            yield place, minutes // 60 % 24, minutes % 60


def _all(text: str, language: str) -> Iterator[tuple[range, int]]:
    """As `_said`, in minutes of the day; what is a part of another comes after it."""
    for pattern, more in _clock(language):
        for match in pattern.finditer(text):
            given = match.groupdict()
            shift = more if isinstance(more, int) else int(more.replace("M", given["M"]))
            minutes = 60 * int(given.get("H") or 0) + shift
            # A quarter to one is 12:45.
            yield range(*match.span()), minutes + 720 if minutes < 60 else minutes
    for match in _TIME.finditer(text):
        yield range(*match.span()), 60 * int(match[1]) + int(match[2] or match[3])
    for pattern in (_FULL_HOUR, _AT_HOUR):
        for match in pattern.finditer(text):
            yield range(match.start(1), match.end()), 60 * int(match[1])


@cache
def _clock(language: str) -> list[tuple[re.Pattern[str], str | int]]:
    """The ways to say a time in a language, the longest first."""
    words = wording.of(language)
    found = []
    for template, minutes in sorted((words.clock if words else {}).items(), key=lambda one: -len(one[0])):
        # An hour may have an ending: ikiye, kettőkor.
        pattern = re.escape(template).replace(r"\ ", " ")
        pattern = re.sub(
            r"\bH\b|(?<![A-Za-z])H", r"(?P<H>(?<![\\d.,:])\\d{1,2}(?![\\d.,:]\\d))['’]?[^\\W\\d]{0,5}", pattern, count=1
        )
        pattern = re.sub(r"(?<![A-Za-z])M(?![A-Za-z])", r"(?P<M>(?<![\\d.,:])\\d{1,2}(?![\\d.,:]\\d))", pattern)
        bounded = pattern if language.split("-")[0] == "zh" else rf"(?<!\w){pattern}(?!\w)"
        found.append((re.compile(bounded), minutes))
    return found
