"""English technical terms that a text in another language explains: no switch.

They are those whose acronym stands in the same line (`reinforcement learning from human feedback
(RLHF)`), and those in parentheses of their own that are no clause. Acronyms are matched by the
initials of the words, of which short ones may be left out, as in the first step of Schwartz and
Hearst (2003, A simple algorithm for identifying abbreviation definitions in biomedical text).
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.switches.exemptions import apart
from xl_alpacaeval_metric.languages.vocabulary import lexicon

_FEWEST = 4
"""Words of a term; fewer are no span in any case."""
_SMALL = 4
"""Letters of a word such as "from" that an acronym may leave out."""
_IN_DICTIONARY = 4
"""Letters from which on words are in the list of English words."""
_MOST_ACRONYMS = 8
"""More of them in a line are text in capitals."""
_LONGEST = 4000
"""Characters of a line in which acronyms are looked for: patterns take bounded time."""
_CAPITALS = re.compile("[A-Z][A-Z][A-Z]")
_ACRONYM = re.compile(r"(?<![^\W_])([A-Z]{3,8})s?(?![^\W_])")
_WORD = re.compile(r"(?<![^\W_])[A-Za-z]+(?![^\W_])")
_JOINED = re.compile(r"[ -]|[’'/] ?")
_OWN_PARENTHESES = re.compile(
    r"[(（](?:[^\W\d_]{2,12}[.:：] ?)?((?!(?:an?|the) )[a-z]+(?:[ -][A-Za-z]+){3,6})(?:[,;，、；] ?[A-Z]{2,8}s?)?[)）]"
)
"""Four to seven words, no article first, perhaps after their language and before their acronym."""
CLAUSE = re.compile(
    r"(?i)\b(?:i|you|he|she|it|we|they|me|him|us|them|my|your|his|its|our|their|this|these|those|there|here|who|what"
    r"|when|why|am|is|are|was|were|be|been|has|have|had|do|does|did|will|would|can|could|shall|should|may|might|must"
    r"|not|but|because|if|so|although|though|while|since|very|just|also|only|please|however)\b"
)
"""A word of a remark rather than of a term."""


def find(text: str) -> list[Place]:
    """Where the terms of a text begin and end, in order and apart."""
    found = []
    if "(" in text or "（" in text:
        found = [term.span(1) for term in _OWN_PARENTHESES.finditer(text) if not CLAUSE.search(term[1])]
        found = [place for place in found if is_english(_WORD.findall(text, *place))]
    if _CAPITALS.search(text):
        start = 0
        for line in text.split("\n"):
            if len(line) <= _LONGEST and _CAPITALS.search(line):
                found += [(start + first, start + last) for first, last in _with_acronym(line)]
            start += len(line) + 1
    return list(apart(found))


def _with_acronym(line: str) -> Iterator[Place]:
    """The terms of a line that one of its acronyms stands for."""
    acronyms = set(_ACRONYM.findall(line))
    if not 0 < len(acronyms) <= _MOST_ACRONYMS:
        return
    words = list(_WORD.finditer(line))
    initials = "".join([word[0][0] for word in words])
    for acronym in sorted(acronyms):
        left = iter(initials.upper())
        if not all(letter in left for letter in acronym):  # A quick look, before a pattern is made.
            continue
        for found in _initials(acronym).finditer(initials):
            term = words[found.start(1) : found.end(1)]
            if len(term) >= _FEWEST and _is_one(term, acronym, line) and is_english([word[0] for word in term]):
                yield term[0].start(), term[-1].end()


@lru_cache(maxsize=1024)
def _initials(acronym: str) -> re.Pattern[str]:
    """A pattern of the initials of the words of a term; up to two between may be left out."""
    return re.compile(f"(?i)(?=({'.{0,2}?'.join(acronym)}))")


def _is_one(words: Sequence[re.Match[str]], acronym: str, line: str) -> bool:
    """Whether words follow one another, and those whose initials the acronym has not are short."""
    left = acronym.lower()
    for at, word in enumerate(words):
        if at and not _JOINED.fullmatch(line, words[at - 1].end(), word.start()):
            return False
        if word[0][0].lower() == left[:1]:
            left = left[1:]
        elif len(word[0]) > _SMALL:
            return False
    return not left


def is_english(words: Sequence[str]) -> bool:
    """Whether three in four of the words that are not short are English."""
    long = [word.lower() for word in words if len(word) >= _IN_DICTIONARY]
    return bool(long) and 4 * sum(word in lexicon.english_words() for word in long) >= 3 * len(long)
