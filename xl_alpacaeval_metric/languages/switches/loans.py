"""Sentences around names and English terms that are in the language asked for.

The identifiers take a sentence such as `focus op customer success en employee engagement` for
English, or for none, as most of its words are terms; those between tell what it is in.
"""

import re
from collections.abc import Sequence, Set
from functools import lru_cache
from itertools import compress

from xl_alpacaeval_metric.languages.switches import titles
from xl_alpacaeval_metric.languages.switches.exemptions import glosses
from xl_alpacaeval_metric.languages.vocabulary import lexicon, term_words

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_BETWEEN = re.compile(r"[,;:()|/–—]")
_LONGEST_TERM, _FEWEST_OWN = titles.MIN_WORDS - 1, 2


def around_terms(text: str, code: str) -> str:
    """The words between the English terms of a sentence, which has but them; else "".

    A term has three words at most, and none of a sentence; two words or more are not English.
    """
    if not _strange(code).isdisjoint(text.lower().split()):  # Most English sentences, found fast.
        return ""
    words = list(_WORD.finditer(text))
    lower = [word[0].lower() for word in words]
    own = lexicon.known(lower, code)
    if has_sentence(lower, own):
        return ""
    english = lexicon.known(lower, "en")
    terms = [is_english and not is_own for is_english, is_own in zip(english, own, strict=True)]
    length = end = 0
    for word, is_term in zip(words, terms, strict=True):
        is_next = is_term and length and not _BETWEEN.search(text, end, word.start())
        length = length + 1 if is_next else int(is_term)
        end = word.end()
        if length > _LONGEST_TERM:
            return ""
    usual = lexicon.frequent(lower, code)
    rest = [
        (small, is_english)
        for word, small, is_english, is_usual in zip(words, lower, english, usual, strict=True)
        if (is_usual or not is_english) and small == word[0]  # Names and acronyms are in no language.
    ]
    return " ".join(small for small, _ in rest) if sum(not known for _, known in rest) >= _FEWEST_OWN else ""


def around_names(text: str, code: str) -> str:
    """The words in small letters of a sentence, half of whose words are names.

    It is "" where there are more, or where most of them look English, too.
    """
    words = _WORD.findall(text)
    small = [word for word in words if word == word.lower()]
    if 2 * len(small) > len(words) or 2 * sum(lexicon.english(small, code)) >= len(small) > 0:
        return ""
    if has_sentence(small, lexicon.known(small, code)):
        return ""
    return " ".join(small)


@lru_cache(maxsize=256)
def _strange(code: str) -> Set[str]:
    """The words of English sentences that the language does not know."""
    words = list(term_words.load()["of_sentences"])
    return frozenset(compress(words, (not known for known in lexicon.known(words, code))))


def has_sentence(words: Sequence[str], own: Sequence[bool]) -> bool:
    """Whether words have one of an English sentence that the language does not know."""
    strange = list(compress(words, (not known for known in own)))
    sentences = term_words.load()["of_sentences"]
    return any(word in sentences or glosses.CLAUSE.fullmatch(word) for word in strange)
