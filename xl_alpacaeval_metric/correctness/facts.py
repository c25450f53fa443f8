"""The facts that a right answer to a closed question must name, looked for in an answer.

No judge: numbers in the digits of any script or in words, times of day, and accepted words by
language, unless the answer denies them or leaves them open. It does not notice what an answer says
beside them, right or wrong.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

from xl_alpacaeval_metric.correctness import amounts, claims, number_words, numbers, times
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records.judgements import Comparison

_NUMERALS = frozenset("〇零一二两三四五六七八九十百千万")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Fact:
    """What an answer must name: a number, a time of day (hour, minute), or one of the forms.

    `forms`: accepted words by language code, beside the number or time where there is one.
    """

    number: float | None
    time: tuple[int, int] | None
    forms: Mapping[str, tuple[str, ...]]

    def is_in(self, text: str, language: str) -> bool:
        """Whether a text in `language`, as `_normal` writes it, names the fact and means it."""
        return (
            self._number_is_in(text, language) or self._time_is_in(text, language) or self._form_is_in(text, language)
        )

    def _number_is_in(self, text: str, language: str) -> bool:
        if self.number is None:
            return False
        text = amounts.as_decimals(number_words.as_digits(text, language), language)
        places = [place for value, place in numbers.found(text, language) if abs(value - self.number) < 1e-6]
        return claims.any_is_sure(text, places, language, ranges=True)

    def _time_is_in(self, text: str, language: str) -> bool:
        if self.time is None:
            return False
        text = times.as_written(text, language)
        found = times.found(text, language, afternoon=self.time[0] > 12)
        places = [place for hour, minute, place in found if (hour, minute) == self.time]
        return claims.any_is_sure(text, places, language, ranges=False)

    def _form_is_in(self, text: str, language: str) -> bool:
        forms = self.forms.get(language.split("-")[0], ())
        return any(
            not claims.is_denied(text, range(place, place + len(form)), language)
            for form in map(_normal, forms)
            for place in _places(form, text)
        )


def is_correct(text: str, language: str, expected: str) -> bool | None:
    """Whether an answer names every expected fact; None where nothing is expected.

    `expected` is JSON: a list of facts with the keys `number`, `time` ("12:45") and `forms` (code
    -> accepted words). Raises UserError where it is not.
    """
    if not expected:
        return None
    normal = _normal(text)
    return all(fact.is_in(normal, language) for fact in facts(expected))


def of_answer(item: Comparison) -> bool | None:
    """`is_correct` of an answer; raises UserError as `check` does."""
    check(item)
    return is_correct(item.prediction, item.language, item.expected)


def check(item: Comparison) -> None:
    """Raises UserError, which names the item, where the facts expected cannot be read."""
    try:
        if item.expected:
            facts(item.expected)
    except UserError as error:
        raise UserError(f"id {item.id!r} in {item.language}: {error}") from None


def as_json(column: object) -> str:
    """The facts in a column of rows, which has a list or its JSON; empty where it has neither."""
    if isinstance(column, list):
        return json.dumps(column, ensure_ascii=False) if column else ""
    return column if isinstance(column, str) else ""


@lru_cache(maxsize=4096)
def facts(expected: str) -> tuple[Fact, ...]:
    """The facts in the JSON of `expected`; raises UserError where they cannot be read."""
    try:
        found = [_fact(one) for one in json.loads(expected)]
    except (ValueError, TypeError, KeyError, AttributeError):
        found = []
    if not found:
        raise UserError(
            f'"expected": {expected[:60]!r} is no list of facts; it needs JSON such as [{{"number": 12.5}}], '
            '[{"time": "12:45"}] or [{"forms": {"en": ["Monday"]}}]'
        )
    return tuple(found)


def rate(correct: Iterable[bool | None], languages: Sequence[str]) -> float | None:
    """The percentage of answers that are correct, None where nothing was expected.

    Over several languages it is the mean of the languages'.
    """
    by_language: dict[str, list[bool]] = {}
    for one, language in zip(correct, languages, strict=True):
        if one is not None:
            by_language.setdefault(language, []).append(one)
    return 100 * fmean(map(fmean, by_language.values())) if by_language else None


def _fact(one: Mapping[str, object]) -> Fact:
    number, time, forms = one.get("number"), one.get("time"), one.get("forms", {})
    if not isinstance(forms, dict) or not (number is not None or time is not None or forms):
        raise ValueError
    hour, _, minute = str(time or "0:0").partition(":")
    return Fact(
        None if number is None else float(number),  # type: ignore[arg-type]  # It refuses what is no number.
        None if time is None else (int(hour), int(minute)),
        {str(code): tuple(map(str, words)) for code, words in forms.items()},
    )


def _normal(text: str) -> str:
    """The text in one form of each character, without case, with the digits 0 to 9."""
    text = numbers.plain(text.replace("\u202f", " ").replace("\u00a0", " "))
    text = unicodedata.normalize("NFKC", text).casefold().replace("i\u0307", "i")  # The Turkish İ.
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() and not c.isascii() else c for c in text)


def _places(form: str, text: str) -> Iterator[int]:
    """Where the form stands in the text between the bounds of words.

    In scripts without spaces it may stand anywhere, a numeral not beside another one.
    """
    start = text.find(form)
    while start >= 0:
        before, after = text[start - 1 : start] if start else "", text[start + len(form) :][:1]
        if _UNSPACED.search(form):
            if not ((form[0] in _NUMERALS and before in _NUMERALS) or (form[-1] in _NUMERALS and after in _NUMERALS)):
                yield start
        elif not _in_word(before) and not _in_word(after):
            yield start
        start = text.find(form, start + 1)


def _in_word(character: str) -> bool:
    # `str.isalnum` does not count vowel signs, such as Devanagari's.
    return bool(character) and unicodedata.category(character)[0] in "LMN"
