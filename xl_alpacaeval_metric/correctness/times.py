"""The times of day in a text: with signs, with words for hours, with the half of the day."""

import re
import unicodedata

_SIGN = r" ?[:.h点點时時시] ?"
_HOUR = (
    r"uhr|óra(?:kor)?|val(?:\.|and\w*)?|heures?|horas?|hours?|hrs?|ore|uur|tunti\w*|saat|час(?:ов|а)?|godz(?:\.|in\w*)?"
    r"|बजकर|बजे|siegħ\w*|uair"
)
_TIME = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:{_SIGN}([0-5]\d)|[ -]?(?:{_HOUR}),? (?:(?:and|und|et|e|y|és|ir|ja|ve|और) )?([0-5]?\d))(?!\d)"
)
_MORNING = (
    "morgens|vormittags|nachts|du matin|da manhã|da madrugada|de la mañana|hajnali|reggel|délelőtt|ryto|nakties"
    "|aamulla|aamuyöllä|aamupäivällä|sabah|sabaha karşı|ar maidin|ta['’] filgħodu|सुबह|तड़के|上午|凌晨|早上|清晨|오전|午前"
)
_AFTERNOON = (
    r"nachmittags|abends|de l['’]après-midi|du soir|da tarde|da noite|de la tarde|de la noche"
    r"|délután|este(?= ?(?:\d|\Z))|popiet|vakaro"
    "|iltapäivällä|illalla|öğleden sonra|akşam|tráthnóna|san iarnóin|ta['’] wara ?nofsinhar|ta['’] filgħaxija"
    "|दोपहर|शाम|下午|晚上|傍晚|오후|午後"
)
_MINUTES = r"(?:分|분| ?(?:min(?:\b\.?|ut\w*)|perc\w*|dakika|मिनट)(?: पर)?| uhr)?"
_AM, _PM, _A_M_ = (re.compile(rf"{_MINUTES} ?{sign}") for sign in (r"a\.? ?m\b", r"p\.? ?m\b", r"a\. ?m\."))
_AM_IS_A_WORD = frozenset(("de", "ga", "ro"))
"""Languages where am without dots is no half of the day: 12:45 am Bahnhof."""


def _beside(words: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The patterns of the words after a time and before it."""
    words = unicodedata.normalize("NFKC", words)
    before = rf"(?<![a-z])(?:{words}) ?(?:um |a |à |às |klo |saat )?\Z"
    return re.compile(rf"{_MINUTES} ?(?:{words})(?!\w)"), re.compile(before)


_IN_THE_MORNING, _LATER = _beside(_MORNING), _beside(_AFTERNOON)


def found(text: str, language: str, *, afternoon: bool) -> set[tuple[int, int]]:
    """The times (hour, minute) in a text of normal form.

    Where the afternoon is meant, 1.45 is 13:45 as well, unless the text says which half it is.
    """
    am = _A_M_ if language.split("-")[0] in _AM_IS_A_WORD else _AM
    times = set()
    for match in _TIME.finditer(text):
        hour, minute = int(match[1]), int(match[2] or match[3])
        before, after = text[max(0, match.start() - 24) : match.start()], text[match.end() : match.end() + 40]
        early, late = (
            after_it.match(after) or before_it.search(before) for after_it, before_it in (_IN_THE_MORNING, _LATER)
        )
        if am.match(after):
            times.add((hour % 12 if hour <= 12 else hour, minute))
        elif _PM.match(after) or (late and not early):
            times.add((hour + 12 if hour < 12 else hour, minute))
        else:
            times.add((hour, minute))
            if afternoon and hour < 12 and not early:
                times.add((hour + 12, minute))
    return times
