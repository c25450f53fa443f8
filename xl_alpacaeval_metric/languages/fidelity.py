"""Language fidelity: how far answers are in the requested language.

Line pass and word pass are those of the Language Confusion Benchmark (Marchisio et al. 2024,
arXiv:2406.20052) and the script released with it; `docs/understand/fidelity.md` lists the
differences.

Line pass: every line of five words or more is in that language. Word pass, for scripts other than
Latin: of the texts that pass by line, those without an English word. Beside them: the share of a
text that is in the language, the language that it is in instead, and switches inside a line (see
`composition`).
"""

import gc
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import NamedTuple

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import composition, content, evidence, identify
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.scripts import batches
from xl_alpacaeval_metric.languages.switches import second_look
from xl_alpacaeval_metric.languages.switches.spans import Span
from xl_alpacaeval_metric.languages.vocabulary import lexicon
from xl_alpacaeval_metric.records.result import Fidelity
from xl_alpacaeval_metric.terminal import counted

_LATIN = re.compile("[a-z]")
FULL_WEIGHT = 100
"""Texts that give a language its full weight in an overall rate; fewer weigh in proportion."""
_AT_ONCE, _CHARACTERS = 2048, 1 << 20
"""The most texts, and characters of several, that are looked at together."""


class TextFidelity(NamedTuple):
    """Language fidelity of one text.

    `scored` is False, and both passes are None, where no line is long enough or the identifier does
    not support the language. `word_pass` is also None where the text fails by line, and for
    languages in Latin script.

    `fidelity` is the percentage of the text's letters, without code, addresses and the like, that
    are in the language; None where too little can be identified. `answered_in` is the code of the
    language that four fifths of them are in, else "mixed", or "none" where none is identified.
    `switched` says whether parts of the text are in the language and others (`spans`) in another.
    """

    line_pass: bool | None
    word_pass: bool | None
    scored: bool
    fidelity: float | None = None
    answered_in: str = composition.NONE
    switched: bool | None = None
    spans: tuple[Span, ...] = ()

    @property
    def in_other_language(self) -> bool:
        """Whether less than four fifths of the text are in the language; False where unknown."""
        return self.fidelity is not None and self.fidelity < 100 * composition.MOST


_UNSCORED = TextFidelity(None, None, False)


def fidelity_row(found: TextFidelity) -> dict[str, object]:
    """The values of one text as items.jsonl has them."""
    return {
        "line_pass": found.line_pass,
        "word_pass": found.word_pass,
        "fidelity": found.fidelity,
        "answered_in": found.answered_in,
        "switched": found.switched,
        "spans": [[span.start, span.end, span.language] for span in found.spans],
    }


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
            f"language fidelity: {counted(len(texts), 'text')} but {counted(len(codes), 'language')}; "
            "give one language for each text"
        )
    found = [_UNSCORED] * len(texts)
    of_language: dict[str, list[int]] = defaultdict(list)
    for index, code in enumerate(codes):
        of_language[code].append(index)
    with _no_collection():
        for code in filter(identify.supported, of_language):
            indices = of_language[code]
            given = [text if isinstance(text := texts[index], str) else "" for index in indices]
            for some in batches.of(given, _CHARACTERS, _AT_ONCE):
                for index, one in zip(indices[some], _in_one_language(given[some], code), strict=True):
                    found[index] = one
    return found


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the search for cycles of objects, of which there are none: it takes much time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _in_one_language(given: list[str], code: str) -> list[TextFidelity]:
    base, script = code.split("-")[0], languages.get(code).script
    by_word = script is not None and script != "Latn"
    passes = Passes(code, script)
    whole = content.parts_of_each(given, base)
    long = [[line.bare for line in text if line.long] for text in whole]
    passes.learn(chain.from_iterable(long))
    kept = content.of_each(given, lambda quotations: passes.long_ones(quotations, base))
    contents = [content.parts_left(*text, base) for text in zip(kept, given, whole, strict=True)]
    made = composition.of(kept, contents, passes, base)
    left = second_look.without(kept, [at for at, one in enumerate(made) if 0 < (one.fidelity or 0) < 100], passes, base)
    rest = [content.parts_left(text, given[at], whole[at], base) for at, text in left.items()]
    for at, one in zip(left, composition.of(list(left.values()), rest, passes, base), strict=True):
        made[at] = one
    found = []
    for lines, right, one in zip(long, passes.all_of_each(long), made, strict=True):
        line_pass = right if lines else None
        word_pass = not _has_english_word(lines, base) if line_pass and by_word else None
        inside = one.fidelity, one.answered_in, one.switched, one.spans
        found.append(TextFidelity(line_pass, word_pass, bool(lines), *inside))
    return found


def line_passes(text: str, language: str) -> list[bool]:
    """For each line that is long enough, whether it is in the language.

    The list is empty for a language that the identifier does not support. Raises UserError for an
    unknown language.
    """
    known = languages.get(language)
    if not identify.supported(known.code):
        return []
    long = [line.bare for line in content.parts(text, known.code.split("-")[0]) if line.long]
    return identify.matches(long, known.code, known.script)


def language_fidelity(texts: Iterable[str | None], languages: Iterable[str]) -> Fidelity:
    """Line pass rate, word pass rate and coverage in percent, overall and by language code.

    The line pass rate of a language is the share of its scored texts that pass by line; its word
    pass rate, in scripts other than Latin, the share of these that pass by word. Coverage is the
    share of all texts that are scored. Fidelity is the mean share of a text that is in the
    language, `switch_rate` the share of texts with a span in another one, `answered_in` the share
    of texts by the language that they are in. An overall rate is the mean of the languages' rates,
    as in the benchmark, where a language with fewer than 100 texts behind its rate weighs in
    proportion to their number; overall coverage and `answered_in` are shares of all texts. A
    language that the identifier does not support is unscored: its rates are None, its coverage is
    0, and it is named in `unsupported`; one that it recognises less well is named in `doubtful`.

    Raises UserError where the lengths differ or a language is unknown.
    """
    codes = _codes(languages)
    return rates(texts_fidelity(texts, codes), codes)


def rates(values: Sequence[TextFidelity], codes: Sequence[str]) -> Fidelity:
    """The rates of `language_fidelity`, from each text's values and its canonical language code."""
    groups: dict[str, list[TextFidelity]] = {}
    for code, value in zip(codes, values, strict=True):
        groups.setdefault(code, []).append(value)
    scored = sum(value.scored for value in values)
    return Fidelity(
        line_pass_rate=_overall([_values(group, "line_pass") for group in groups.values()]),
        word_pass_rate=_overall([_values(group, "word_pass") for group in groups.values()]),
        fidelity=_overall([_values(group, "fidelity") for group in groups.values()]),
        switch_rate=_overall([_values(group, "switched") for group in groups.values()]),
        coverage=100 * scored / len(values) if values else None,
        answered_in=answered_in(values),
        n=len(values),
        n_scored=scored,
        unsupported=tuple(code for code in groups if not identify.supported(code)),
        doubtful=tuple(code for code in groups if identify.supported(code) and evidence.doubtful(code)),
        by_language={code: _of_one_language(group, code) for code, group in groups.items()},
    )


def _of_one_language(group: Sequence[TextFidelity], code: str) -> Fidelity:
    scored = sum(value.scored for value in group)
    known = identify.supported(code)
    return Fidelity(
        line_pass_rate=_mean(_values(group, "line_pass")),
        word_pass_rate=_mean(_values(group, "word_pass")),
        fidelity=_mean(_values(group, "fidelity")),
        switch_rate=_mean(_values(group, "switched")),
        coverage=100 * scored / len(group),
        answered_in=answered_in(group),
        n=len(group),
        n_scored=scored,
        unsupported=() if known else (code,),
        doubtful=(code,) if known and evidence.doubtful(code) else (),
    )


def answered_in(values: Sequence[TextFidelity]) -> Mapping[str, float]:
    """The percentage of the texts by the language that they are in, the most frequent first."""
    counted = Counter(value.answered_in for value in values)
    return {code: 100 * count / len(values) for code, count in counted.most_common()}


def _values(group: Sequence[TextFidelity], name: str) -> list[float]:
    """The values that are there of a field of each text, in percent."""
    factor = 1.0 if name == "fidelity" else 100.0
    found = [getattr(value, name) for value in group]
    return [factor * value for value in found if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _overall(of_languages: Sequence[Sequence[float]]) -> float | None:
    weights = [min(len(values), FULL_WEIGHT) for values in of_languages]
    total = sum(weights)
    if not total:
        return None
    means = [_mean(values) or 0.0 for values in of_languages]
    return sum(weight * mean for weight, mean in zip(weights, means, strict=True)) / total


def _codes(given: Iterable[str]) -> list[str]:
    return [languages.get(code).code for code in given]


def _has_english_word(long: list[str], base: str) -> bool:
    english = lexicon.english_words()
    words = content.latin_words if base in content.UNSPACED else str.split
    return any(_LATIN.search(line) and not english.isdisjoint(words(line)) for line in long)
