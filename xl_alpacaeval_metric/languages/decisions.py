"""How the identifiers decide together whether a line is in a language.

- A script that one language alone has, and kana, decide.
- Languages of the Language Confusion Benchmark are identified as the benchmark does it, by lid.176
  with a probability above 0.3, so that rates compare with published ones. The own model overrules
  it where it is all but sure (of English, rather sure): near languages and languages that lid.176
  does not know fail, short native lines pass. lid.176 is mostly not asked then.
- For other languages the own model decides where it is sure, else any of the three passes a line.
  Where lid.176 takes it for a near language of which the own model has little text, it fails.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from xl_alpacaeval_metric.languages import content, identifiers, labels, scripts
from xl_alpacaeval_metric.languages.identifiers import Best
from xl_alpacaeval_metric.languages.own_model import VARIETIES

if TYPE_CHECKING:
    from xl_alpacaeval_metric.languages.own_model.tokens import Tokens

MIN_PROBABILITY = 0.3
"""What the probability of fastText's label must exceed (Marchisio et al. 2024, released script)."""
_SURE, _RATHER_SURE, _ALL_BUT_SURE, _HARDLY = 0.5, 0.75, 0.9, 0.03
_INDONESIAN, _PERHAPS_INDONESIAN, _NEARLY_UNDOUBTED = 0.8, 0.3, 0.74
_ENOUGH = {"ms": 0.12, "xh": 0.25, "bem": 0.8, "pcm": 0.25}
"""The own model's probability that is enough, where it is not `_SURE`: of languages that are taken
for a near one, where it is near, and of one that others are taken for."""
_RESCUED = {"en": _RATHER_SURE, "pt": MIN_PROBABILITY}
"""How sure the own model must be of a line that lid.176 takes for another language, in languages of
which it misses short native lines."""
_LARGELY_ENGLISH = 0.66
"""How sure the own model must be of English for a line in which it and another language are mixed
to fail, where lid.176 is not sure."""
_SURELY_ENGLISH, _NO_TRACE = 0.6, 0.01
"""How sure the own model must be of English for lid.176 not to be asked, and the most that it may
give the asked language; one such line in a thousand is in the language asked for."""
_RATHER_ENGLISH = 0.25
"""How sure the own model must be of English where it rather takes a line for Nigerian Pidgin."""
_LONGEST_WORD, _LONG_LINE = 60, 80
_WORDS, _NO_CHANCE = 9, 1e-3
"""Of a line with fewer words the own model alone cannot tell near languages, unless one is so
unlikely."""
_ALL_IN_SCRIPT = 0.96
"""The share of a line's letters in a script from which on the script may decide."""
_LATIN = frozenset(("en", "de", "es", "fr", "id", "it", "tr", "vi", "pt"))
"""Those of the benchmark's languages."""
_UNASKED = 0.99
"""How sure the own model must be of a language of the benchmark, or of one with `_rivals`, for
lid.176 not to be asked about a short line: with less the benchmark's rates would move. Of longer
lines in languages of the benchmark `_ALL_BUT_SURE` is enough: lid.176 agrees on 999 in 1,000."""
HAN = ("zh", "yue")
_KANA, _FEWEST_HAN, _MANY_CHARACTERS = 0.15, 6, 24
"""The share of kana that a Japanese line has; so many Han characters without any are not Japanese;
a line of so many characters is decided by them (of a shorter one the benchmark is often not sure).
"""


def script_may_tell(key: str, script: str | None) -> bool:
    """Whether there are lines of which the script tells whether they are in a language."""
    return (script is not None and labels.ONLY.get(script) == key) or key in ("ja", *HAN)


def by_script(line: str, share: float, key: str, script: str | None) -> bool | None:
    """What the script of a line tells: one of a single language, or kana; None where it does not.

    `share` is that of the line's letters in `script`.
    """
    if share < _ALL_IN_SCRIPT:
        return None
    if script is not None and labels.ONLY.get(script) == key:
        if script == "Kore" and scripts.share(line, "Hang") < _ALL_IN_SCRIPT:
            return None
        return True if scripts.has_letters(line) else None
    if key not in ("ja", *HAN):
        return None
    han, kana = scripts.han_and_kana(line)
    if key == "ja" and not kana and han >= _FEWEST_HAN:
        return False
    if han + kana < _MANY_CHARACTERS or 0 < kana < _KANA * (han + kana):
        return None
    if key == "yue" and not kana:
        return None
    return (key == "ja") == (kana > 0)


def is_japanese(line: str) -> bool:
    """Whether a line has as many kana among its Han characters as Japanese has."""
    han, kana = scripts.han_and_kana(line)
    return kana > 0 and kana >= _KANA * (han + kana)


def by_script_alone(line: str) -> str | None:
    """The language of most lines in a script of which no language is likely by its words."""
    if line.isascii():
        return None
    han, kana = scripts.han_and_kana(line)
    if han + kana and scripts.share(line, "Jpan") >= _ALL_IN_SCRIPT:
        return "ja" if kana else "zh"
    main = scripts.main_script(line)
    for script, code in labels.ONLY.items():
        if main in scripts.parts_of(script) and scripts.share(line, script) >= _ALL_IN_SCRIPT:
            return code
    return None


def by_characters(line: str, right: bool, key: str) -> bool:
    """Written Cantonese by its characters: one in a short line is no Chinese of another kind."""
    number = scripts.cantonese(line)
    most = 0 if len(line) < _LONG_LINE else 1
    return (right or number > most) if key == "yue" else right and number <= most


def by_benchmark(lines: Sequence[str], code: str, best: Sequence[Best], own: Sequence[float]) -> list[bool]:
    """By lid.176, unless the own model is all but sure of another language, or of this one.

    A line in two scripts is the benchmark's to decide: it lets most of them pass.
    """
    key = labels.key(code)
    found = [
        (probability >= _UNASKED or (probability >= _ALL_BUT_SURE and not _is_short(line, key)))
        and not (key == "ko" and scripts.han_and_kana(line)[0])
        for line, probability in zip(lines, own, strict=True)
    ]
    rest = [at for at, right in enumerate(found) if not right]
    unsure = [at for at in rest if not (key in _LATIN and _is_surely_other(best[at], own[at], code))]
    read = [identifiers.excerpt(lines[at]) for at in unsure]
    for at, excerpt, other in zip(unsure, read, identifiers.benchmark_labels(read), strict=True):
        found[at] = _with_second(excerpt, code, best[at], own[at], other)
    return found


def _is_surely_other(best: Best, own: float, code: str) -> bool:
    """Whether the own model is so sure of a language that is not near that a line fails by it."""
    sure = (best[1] >= _ALL_BUT_SURE and own < _HARDLY) or (is_english(best) and own < _NO_TRACE)
    return sure and labels.code_of(best[0]) not in labels.near(code)


def told_apart(own: str, other: str) -> bool:
    """Whether the own model, and not lid.176, tells these near languages apart."""
    return own in labels.OWN and other not in labels.BENCHMARK and labels.code_of(other) in labels.near(own)


def is_english(best: Best) -> bool:
    """Whether the own model is so sure of English that lid.176 need not be asked."""
    return best[0] == "en" and best[1] >= _SURELY_ENGLISH


def is_doubtful_english(probability: float, own: float, best: float) -> bool:
    """Whether lid.176 is wrong about English, from its probability, the own model's, and its best.

    It takes lines with English names for English, in languages that it hardly knows.
    """
    return own < _HARDLY and probability < _ALL_BUT_SURE and best > MIN_PROBABILITY


def _with_second(read: str, code: str, best: Best, own: float, second: Best) -> bool:
    key, accepted, (label, probability) = labels.key(code), labels.wanted(code), second
    right = label in accepted and probability > MIN_PROBABILITY
    if key == "en" and is_doubtful_english(probability, own, best[1]):
        return False
    if key == "en" and best[0] == "pcm" and own < _RATHER_ENGLISH:
        # lid.176 does not know Nigerian Pidgin.
        return False
    if right and probability >= _UNDOUBTED.get(key, 0.8):
        return True
    if not right and label in labels.BENCHMARK and probability > 0.8:
        return False
    if key == "id":
        # lid.176 takes most Malay for Indonesian.
        return own >= _INDONESIAN or (right and own >= _PERHAPS_INDONESIAN)
    if not right:
        return own >= _RESCUED.get(key, 1.0) and best[0] in accepted
    near = labels.code_of(best[0]) in labels.near(code) and (key != "pt" or probability < _NEARLY_UNDOUBTED)
    sure = _RATHER_SURE if near else _LARGELY_ENGLISH if best[0] == "en" else _ALL_BUT_SURE
    if probability > _SURE and len(read.split()) < _WORDS:
        sure = 1.0
    return not (best[0] not in accepted and best[1] >= sure and own < 1 - sure)


_UNDOUBTED: Mapping[str, float] = {"de": 0.9, "es": 0.9, "en": 2.0, "vi": 0.97, "id": 2.0, "pt": 2.0}


def by_own(lines: Sequence[str], code: str, best: Sequence[Best], own: Sequence[float]) -> list[bool]:
    """By the own model where it is sure, else by any of the three."""
    return [_by_any(*line, code) for line in zip(lines, best, own, strict=True)]


def _by_any(line: str, best: Best, own: float, code: str) -> bool:
    key, accepted = labels.key(code), labels.wanted(code)
    if not best[0] or (len(line) > _LONGEST_WORD and line.isascii() and line.count(" ") < 3):
        return False
    near = labels.code_of(best[0]) in labels.near(code)
    known, rivals = own >= _ENOUGH.get(key, _SURE) and (near or own >= _SURE), _rivals(code)
    if known and (own >= _UNASKED or not rivals):
        return True
    near = near and best[0] in labels.OWN
    # The own model has little text of languages that are not in OWN; of a short line, too little.
    short = near and (key not in labels.OWN or (own > _NO_CHANCE and _is_short(line, key)))
    sure = _SURE if best[0] in rivals else _RATHER_SURE if near else _ALL_BUT_SURE
    if not known and best[0] not in accepted and best[1] >= sure and not short:
        return False
    read = identifiers.excerpt(line)
    label, probability = identifiers.benchmark_labels([read])[0]
    if label in rivals and probability > MIN_PROBABILITY:
        return False
    if known:
        return True
    if label in accepted and probability > (_ALL_BUT_SURE if key in labels.OWN and own < _HARDLY else MIN_PROBABILITY):
        return True
    sure = _RATHER_SURE if key in labels.OWN else _ALL_BUT_SURE if best[0] in labels.OWN else _SURE
    # Of a language that is none of the own model's, it says nothing.
    if 0 < own < _HARDLY and best[1] >= sure and not short:
        return False
    return probability < _ALL_BUT_SURE and identifiers.second_opinion().classify(read)[0] in accepted


@lru_cache(maxsize=1024)
def _rivals(code: str) -> frozenset[str]:
    """The languages near one that lid.176 knows, and of which the own model has little text."""
    return labels.near(code).difference(labels.OWN, labels.BENCHMARK, labels.wanted(code)) & (
        identifiers.benchmark_languages()
    )


def _is_short(line: str, key: str) -> bool:
    """Whether a line is too short for the own model alone to tell near languages."""
    return len(line) < _MANY_CHARACTERS if key in content.UNSPACED else len(line.split(None, _WORDS)) < _WORDS


def odds_of_variety(read: "Tokens", code: str) -> list[float]:
    """The odds of each line being Bosnian, Croatian or Serbian as asked for; 1 of any other."""
    from xl_alpacaeval_metric.languages.own_model import varieties

    accepted = labels.variety(code)
    return varieties.odds(read, accepted) if accepted else [1.0] * len(read)


def by_variety(codes: Sequence[str | None], read: "Tokens", asked: str | None) -> list[str | None]:
    """The codes of lines; words tell Bosnian, Croatian and Serbian in Latin letters apart."""
    from xl_alpacaeval_metric.languages.own_model import varieties

    found, which = list(codes), [at for at, code in enumerate(codes) if code in VARIETIES]
    if which:
        accepted = labels.variety(asked or "") or (("sr-Latn",) if asked and asked.split("-")[0] == "sr" else ())
        for at, name in zip(which, varieties.names(read.of(which), accepted), strict=True):
            found[at] = name
    return found
