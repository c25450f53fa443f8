"""Language fidelity: how far answers are in the requested language.

The definitions are those of the Language Confusion Benchmark (Marchisio et al. 2024,
arXiv:2406.20052) and the script released with it; `docs/understand/fidelity.md` lists the
differences.

Line pass: every line of five words or more is in that language. Word pass, for scripts other than
Latin: of the texts that pass by line, those without an English word.
"""

import re
import string
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import identify
from xl_alpacaeval_metric.records.result import Fidelity

MIN_TOKENS = 5
"""Shorter lines are not scored: their language cannot be identified reliably."""
FULL_WEIGHT = 100
"""Texts that give a language its full weight in an overall rate; fewer weigh in proportion."""

_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}،]+")
# Scripts without spaces between words: Han and kana; Thai, Lao, Tibetan, Burmese and Khmer.
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_SOUTHEAST = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]")
_OTHERS = re.compile(
    "[^\\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]+"
    "|[^\\w\\s\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]"
)
_SPACE = re.compile(r"\s")
_UNSPACED = frozenset(("bo", "dz", "ja", "km", "lo", "my", "th", "zh"))
_LATIN_RUN = re.compile("[A-Za-z0-9]+")
# Tokens per character. With these, five tokens are found where jieba (zh) and MeCab with UniDic
# (ja) find five, on 99.5% of the benchmark's lines.
_TOKENS_PER_CJK, _TOKENS_PER_SOUTHEAST = 0.7, 0.25


@dataclass(frozen=True, slots=True)
class TextFidelity:
    """Language fidelity of one text.

    `scored` is False, and both passes are None, where no line is long enough or the identifier does
    not support the language. `word_pass` is also None where the text fails by line, and for
    languages in Latin script.
    """

    line_pass: bool | None
    word_pass: bool | None
    scored: bool


_UNSCORED = TextFidelity(None, None, False)


def text_fidelity(text: str | None, language: str) -> TextFidelity:
    """Language fidelity of one text; raises UserError for an unknown language."""
    return texts_fidelity([text], [language])[0]


def texts_fidelity(texts: Iterable[str | None], languages_: Iterable[str]) -> list[TextFidelity]:
    """Language fidelity of each text, given the code of the language it should be in.

    A text that is no string counts as empty. Raises UserError where the lengths differ or a
    language is unknown.
    """
    texts, codes = list(texts), _codes(languages_)
    if len(texts) != len(codes):
        raise UserError(
            f"language fidelity: {len(texts)} texts but {len(codes)} languages; give one language for each text"
        )
    found = [_UNSCORED] * len(texts)
    of_language: dict[str, list[int]] = defaultdict(list)
    for index, code in enumerate(codes):
        of_language[code].append(index)
    for code, indices in of_language.items():
        if not identify.supported(code):
            continue
        base = code.split("-")[0]
        script = languages.get(code).script
        by_word = script is not None and script != "Latn"
        kept = {index: lines for index in indices if (lines := _long_lines(texts[index], base))}
        # A text that fails mostly fails in its first line, and its other lines need not be
        # identified.
        passed = dict(zip(kept, identify.matches([lines[0] for lines in kept.values()], code), strict=True))
        others = [(index, line) for index, lines in kept.items() if passed[index] for line in lines[1:]]
        for (index, _), right in zip(others, identify.matches([line for _, line in others], code), strict=True):
            passed[index] &= right
        for index, lines in kept.items():
            word_pass = not _has_english_word(lines, base) if passed[index] and by_word else None
            found[index] = TextFidelity(passed[index], word_pass, True)
    return found


def line_passes(text: str, language: str) -> list[bool]:
    """For each line that is long enough, whether it is in the language.

    The list is empty for a language that the identifier does not support. Raises UserError for an
    unknown language.
    """
    code = languages.get(language).code
    return identify.matches(_long_lines(text, code.split("-")[0]), code) if identify.supported(code) else []


def language_fidelity(texts: Iterable[str | None], languages: Iterable[str]) -> Fidelity:
    """Line pass rate, word pass rate and coverage in percent, overall and by language code.

    The line pass rate of a language is the share of its scored texts that pass by line; its word
    pass rate, in scripts other than Latin, the share of these that pass by word. Coverage is the
    share of all texts that are scored. An overall rate is the mean of the languages' rates, as in
    the benchmark, where a language with fewer than 100 texts behind its rate weighs in proportion
    to their number; overall coverage is the share of all texts. A language that the identifier does
    not support is unscored: its rates are None, its coverage is 0, and it is named in
    `unsupported`.

    Raises UserError where the lengths differ or a language is unknown.
    """
    codes = _codes(languages)
    return rates(texts_fidelity(texts, codes), codes)


def rates(values: Sequence[TextFidelity], codes: Sequence[str]) -> Fidelity:
    """The rates of `language_fidelity`, from each text's values and its canonical language code."""
    groups: dict[str, list[TextFidelity]] = {}
    for code, value in zip(codes, values, strict=True):
        groups.setdefault(code, []).append(value)
    by_language = {code: _of_one_language(group, code) for code, group in groups.items()}
    lines = [[value.line_pass for value in group if value.line_pass is not None] for group in groups.values()]
    words = [[value.word_pass for value in group if value.word_pass is not None] for group in groups.values()]
    scored = sum(value.scored for value in values)
    return Fidelity(
        line_pass_rate=_overall(lines),
        word_pass_rate=_overall(words),
        coverage=100 * scored / len(values) if values else None,
        n=len(values),
        n_scored=scored,
        unsupported=tuple(code for code in groups if not identify.supported(code)),
        by_language=by_language,
    )


def _of_one_language(values: Sequence[TextFidelity], code: str) -> Fidelity:
    scored = sum(value.scored for value in values)
    return Fidelity(
        line_pass_rate=_percent([value.line_pass for value in values if value.line_pass is not None]),
        word_pass_rate=_percent([value.word_pass for value in values if value.word_pass is not None]),
        coverage=100 * scored / len(values),
        n=len(values),
        n_scored=scored,
        unsupported=() if identify.supported(code) else (code,),
    )


def _percent(passes: Sequence[bool]) -> float | None:
    return 100 * sum(passes) / len(passes) if passes else None


def _overall(of_languages: Sequence[Sequence[bool]]) -> float | None:
    weights = [min(len(passes), FULL_WEIGHT) for passes in of_languages]
    total = sum(weights)
    if not total:
        return None
    rates = [100 * sum(passes) / len(passes) if passes else 0.0 for passes in of_languages]
    return sum(weight * rate for weight, rate in zip(weights, rates, strict=True)) / total


def _codes(given: Iterable[str]) -> list[str]:
    return [languages.get(code).code for code in given]


def _long_lines(text: object, base: str) -> list[str]:
    """The lines that are long enough to be scored, without ASCII punctuation."""
    if not isinstance(text, str):
        return []
    bare = _PUNCTUATION.sub("", text.strip()).replace("—", " ")
    return [line for line in bare.split("\n") if _long(line, base)]


def _long(line: str, base: str) -> bool:
    words = len(line.split())
    if base not in _UNSPACED:
        # Split at spaces, an answer in Chinese to a request for German is one word; it must be
        # scored, too.
        return words >= MIN_TOKENS or (not line.isascii() and _tokens(line, base) >= MIN_TOKENS)
    return words >= MIN_TOKENS or _tokens(line, base) >= MIN_TOKENS


def _tokens(line: str, base: str) -> float:
    """About how many tokens a line in a script without spaces has.

    0 for a line without letters of these scripts, unless the language `base` is written in one.
    """
    cjk, southeast = len(_CJK.findall(line)), len(_SOUTHEAST.findall(line))
    if not (cjk or southeast) and base not in _UNSPACED:
        return 0.0
    # jieba counts each space as a token.
    spaces = len(_SPACE.findall(line)) if base == "zh" else 0
    return _TOKENS_PER_CJK * cjk + _TOKENS_PER_SOUTHEAST * southeast + len(_OTHERS.findall(line)) + spaces


@lru_cache(maxsize=1)
def _english_words() -> frozenset[str]:
    """English words of four letters or more in lower case, from SCOWL, as in the benchmark."""
    text = resources.files("xl_alpacaeval_metric").joinpath("data/english_words.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def _has_english_word(lines: Sequence[str], base: str) -> bool:
    english = _english_words()
    words = _LATIN_RUN.findall if base in _UNSPACED else str.split
    return any(not english.isdisjoint(words(line)) for line in lines)
