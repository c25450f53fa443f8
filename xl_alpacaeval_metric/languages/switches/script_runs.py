"""Runs of words in another script than that of the language asked for."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from xl_alpacaeval_metric.languages import content, decisions, labels, scripts
from xl_alpacaeval_metric.languages.switches import titles

_HEAVY_LETTERS, _UNSPACED_LETTERS = 21, 12
"""Letters of Chinese or Japanese, or of another script without spaces, that make a span."""
_UNSPACED_LETTER = re.compile(f"[{''.join(map(scripts.characters_of, ('Thai', 'Laoo', 'Khmr', 'Mymr', 'Tibt')))}]")
_HAN = re.compile("[\u4e00-\u9fff\uff0c]{8,}")
_OF_CHINESE = "们這这們你为时"
"""Characters of which Chinese mostly has one and Japanese mostly none, for a quick look."""
_WITH_KANA = re.compile(f"[{scripts.characters_of('Jpan')}]{{8,}}")
_HIRAGANA = re.compile("[\u3041-\u309f]")
_FEWEST_HAN, _LONGEST_TERMS = 8, 200
_LONG_WORD, _LONG_WORDS = re.compile(r"[^\W\d_]{3,}"), 3
"""Words of three letters or more that a clause has."""
_OF_TERMS = frozenset(("en", "la", "und", "", None))
_HIRAGANA_OF_CLAUSE = 3
"""How many times as many characters as hiragana a Japanese clause has at most."""


def of(texts: Sequence[str], code: str, script: str | None) -> list[tuple[int, re.Match[str]]]:
    """The runs of each text that may be a span in another script, with the index of the text.

    So are Chinese ones in Japanese, by characters that only Chinese has, and Japanese clauses in
    Chinese.
    """
    from xl_alpacaeval_metric.languages.scripts import letter_counts

    key, told = labels.key(code), "Hang" if script == "Kore" else script
    outside = [titles.MIN_WORDS] * len(texts) if told is None else letter_counts.outside(texts, told)
    some = [at for at, letters in enumerate(outside) if letters >= titles.MIN_WORDS]
    found = [(at, run) for at in some for run in _of_one(texts[at], script or scripts.main_script(texts[at]) or "Latn")]
    if key in decisions.HAN:
        found += [(at, run) for at in some for run in _clauses(texts[at])]
    if key == "ja":
        may = [at for at, text in enumerate(texts) if any(map(text.__contains__, _OF_CHINESE))]
        every = ((at, run) for at in may for run in _HAN.finditer(texts[at]))
        found += [(at, run) for at, run in every if scripts.is_chinese(run[0])]
    return found


def are_terms(run: str, language: str | None) -> bool:
    """Whether Latin words without a frequent one are terms: those in English are, or in Latin.

    Those of another language that the own model is sure of are a clause (Dodaj szklanki cukru).
    """
    return len(run) <= _LONGEST_TERMS and language in _OF_TERMS and not is_heavy(run) and titles.is_name(run.split())


def is_heavy(run: str) -> bool:
    """Whether most of the characters are Chinese or Japanese."""
    return not run.isascii() and scripts.weight(run) > 1.5 * len(run)


def _of_one(text: str, script: str) -> Iterator[re.Match[str]]:
    """Runs of words in another script than the text's own.

    Korean may have Han characters; with kana they are Japanese, with words of Chinese Chinese.
    """
    for run in _runs_outside("Hang" if script == "Kore" else script).finditer(text):
        if script == "Kore" and not scripts.share(run[0], "Kore") < 1 and not scripts.is_chinese(run[0]):
            continue
        if is_heavy(run[0]):
            if scripts.weight(run[0]) >= _HEAVY_LETTERS:
                yield run
        elif (
            len(_UNSPACED_LETTER.findall(run[0])) >= _UNSPACED_LETTERS
            or not titles.is_name(words := run[0].split())
            or (len(words) > titles.MIN_WORDS and _may_be_clause(words))
        ):
            yield run


def _may_be_clause(words: Sequence[str]) -> bool:
    """Whether words of which none is frequent in any language are more than a name or a formula."""
    words = titles.with_letters(words)
    if 2 * sum(word[:1].isupper() for word in words) >= len(words):
        return False
    return len(_LONG_WORD.findall(" ".join(words))) >= _LONG_WORDS


def _clauses(text: str) -> list[re.Match[str]]:
    """The Japanese clauses of a text that has Chinese ones as well."""
    found = [run for run in _WITH_KANA.finditer(text) if is_japanese(run[0])]
    if not found:
        return found
    han, _ = scripts.han_and_kana(text)
    return found if han - sum(scripts.han_and_kana(run[0])[0] for run in found) >= _FEWEST_HAN else []


def is_japanese(run: str) -> bool:
    """Whether a run of Han characters and kana has the hiragana of a clause."""
    return _HIRAGANA_OF_CLAUSE * len(_HIRAGANA.findall(run)) >= len(run)


@lru_cache(maxsize=64)
def _runs_outside(script: str) -> re.Pattern[str]:
    """A pattern of a run of characters that begins with a letter of another script."""
    own, ends = scripts.characters_of(script), content.SENTENCE_ENDS
    others = "".join(scripts.characters_of(name) for name in scripts.names() if name not in scripts.parts_of(script))
    return re.compile(f"[{others}](?<![{ends}])[^{ends}\\n{own}]{{7,}}")
