"""Names, titles and chains of terms: words in another language that are no switch."""

import re
from collections.abc import Sequence
from itertools import chain, compress, groupby
from typing import TYPE_CHECKING

from xl_alpacaeval_metric.languages import labels, scripts
from xl_alpacaeval_metric.languages.vocabulary import lexicon, term_words

if TYPE_CHECKING:
    from xl_alpacaeval_metric.languages.switches.windows import Run

MIN_WORDS = 4
"""The fewest words of a span."""
ROMANCE = frozenset(("pt", "gl", "es", "ast", "ca", "oc", "fr", "it", "ro"))
"""Languages whose titles have one capital, and whose words are much alike."""
_LETTERS_OF_SPAN, _LETTERS_OF_ENGLISH = 12, 10
"""Letters of a run of words that make a span, and of an English one."""
_LONGEST_TITLE, _FEWEST_OWN, _OWN_FOR_LOAN = 7, 2, 2
_LONGEST_SMALL, _ENDS_SENTENCE = 4, ".!:…"
"""Letters of words such as "with" and "dans" in titles, which do not end like sentences."""
_LIST, _FEW_SMALL = re.compile(r".{,4}(?:[^,.!?:…]{2,}[,:]){2,20}[^,.!?:…]{2,}[.:…][\s*_]*"), 3
"""Names with commas between, as one sentence, and how many capitals these have for a small word."""
_ABBREVIATED = tuple(f" {name}." for name in ("Ltd", "Inc", "Co", "Corp"))
_WORD = re.compile(r"[^\W\d_]{2,}(?:['’][^\W\d_]+)*")
_EVERY_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LONG_SMALL = re.compile(r"[a-z]{5}(?<![^\W\d_].{5})(?<!['’].{5})")
"""The beginning of a word that no title has, for a quick look."""
_WORD_BEFORE = re.compile(r"\w[\s,]+([^\W\d_])[^\W\d_]+\s$")
_BEGINS_SENTENCE = re.compile(r"(?:^|[^\w\s,'’)])\s*$")


def is_name(words: Sequence[str]) -> bool:
    """Whether words in another script are too few, names, or terms.

    Half of the words of a name begin with a capital; Latin terms are such as "open source".
    """
    from xl_alpacaeval_metric.languages.own_model import reading

    words = with_letters(words)
    if len(words) < MIN_WORDS:
        return True
    if sum(word[:1].isupper() for word in words) * 2 >= len(words) and not all(word.isupper() for word in words):
        return True
    if len(words) >= 2 * MIN_WORDS or scripts.main_script(" ".join(words)) != "Latn":
        return False
    return not any(map(lexicon.is_word, chain.from_iterable(reading.words(words))))


def with_letters(words: Sequence[str]) -> list[str]:
    """Those of the words that are no figures, nor bars of a table."""
    return [word for word in words if any(map(str.isalpha, word))]


def is_prose(run: "Run", code: str, language: str) -> bool:
    """Whether a run of words that look like another language is long enough, and not mostly names.

    Words with a capital that follow one another are one name; a clause may have several. Words in
    capitals alone that follow one another are prose.
    """
    letters = _LETTERS_OF_ENGLISH if language == "en" else _LETTERS_OF_SPAN
    if len(run) < MIN_WORDS or sum(map(len, run.as_written)) < letters:
        return False
    known = lexicon.known(run.words, code)
    strangers = [word for word, own in zip(run.as_written, known, strict=True) if not own and len(word) > 1]
    small = [word for word in strangers if not word[:1].isupper()]
    inside = _inside_names(run.as_written)
    names = sum(is_name for is_name, _ in groupby(word[:1].isupper() for word in strangers))
    if 2 * len(small) > len(strangers) or len(small) - inside >= MIN_WORDS:
        return True
    if len(small) > names and _has_clause(small, language):
        return True
    return any(upper and len(list(some)) >= MIN_WORDS for upper, some in groupby(run.as_written, str.isupper))


def without_names(text: str) -> str:
    """A text without words that begin with a capital, and short ones between them."""
    groups = _by_capital(_EVERY_WORD.findall(text))
    last = len(groups) - 1
    small = (
        some for at, (is_name, some) in enumerate(groups) if not is_name and not (0 < at < last and _is_inside(some))
    )
    return " ".join(chain.from_iterable(small))


def _inside_names(words: Sequence[str]) -> int:
    """How many words in small letters, one or two and short, stand between those with a capital."""
    return sum(len(some) for is_name, some in _by_capital(words)[1:-1] if not is_name and _is_inside(some))


def _by_capital(words: Sequence[str]) -> list[tuple[bool, list[str]]]:
    """Words that follow one another, together as they begin with a capital or not."""
    return [(is_name, list(some)) for is_name, some in groupby(words, lambda word: word[:1].isupper())]


def _is_inside(small: Sequence[str]) -> bool:
    return len(small) <= 2 and max(map(len, small)) <= _LONGEST_SMALL


def _has_clause(small: Sequence[str], language: str) -> bool:
    """Whether words in small letters have one that is not of those between the words of titles."""
    known, clauses = lexicon.known(small, language), term_words.load()["clauses"]
    return any(one and (len(word) > _LONGEST_SMALL or word in clauses) for word, one in zip(small, known, strict=True))


def are_titles(run: "Run", text: str, code: str, language: str) -> bool:
    """Whether a run of a text has but titles in a Romance language, parted by words of `code`."""
    if language not in ROMANCE:
        return False
    if _is_title(run, text):
        return True
    words = run.words
    own = [
        here and not there
        for here, there in zip(lexicon.known(words, code), lexicon.known(words, language), strict=True)
    ]
    parts = (list(some) for is_own, some in groupby(range(len(run)), own.__getitem__) if not is_own)
    return all(_is_title(run.part(part[0], part[-1] + 1), text) for part in parts)


def _is_title(run: "Run", text: str) -> bool:
    """Whether a run of a text is short, and has a capital inside a sentence.

    Titles have one at their beginning, perhaps after a name; names of institutions may begin
    before the run and end in a name (Institut d'études politiques de Paris). A title hardly begins
    as speech does (Me gusta mucho). In capitals alone, they say nothing.
    """
    said = [word in term_words.load()["said"] for word in run.words]
    if len(run) > _LONGEST_TITLE or said[0] or sum(said) > 1 or all(map(str.isupper, run.as_written)):
        return False
    first, second = (*run.as_written, "")[:2]
    if run.as_written[-1][:1].isupper():
        before = _WORD_BEFORE.search(text, 0, run.start)
        if before is not None and before[1].isupper():
            return True
    return second[:1].isupper() or (first[:1].isupper() and not _BEGINS_SENTENCE.search(text, 0, run.start))


def is_alone(line: str) -> bool:
    """Whether a line, no heading, has but titles or names: half capitals, the rest short words.

    One that ends like a sentence is a list with hardly any small words.
    """
    end = line.rstrip(" \t*_")
    if line.lstrip().startswith("#") or _LONG_SMALL.search(line):
        return False
    is_sentence = end[-1:] in _ENDS_SENTENCE and not end.endswith(_ABBREVIATED)
    if is_sentence and not _LIST.fullmatch(line):
        return False
    words = _WORD.findall(line)
    small = [word for word in words if not (word[0].isupper() or word[1].isupper())]
    capitals = len(words) - len(small)
    if small:
        units = term_words.load()["units"]
        small = [word for word in small if word not in units]
    if is_sentence and capitals < _FEW_SMALL * len(small):
        return False
    if capitals < max(2, len(small)) or not any(word[1:].islower() for word in words):
        return False
    return max(map(len, small), default=0) <= _LONGEST_SMALL


def is_about_names(text: str, code: str, language: str) -> bool:
    """Whether a sentence that looks like another language has words of `code` around names.

    A word with a capital begins a name or title, and words that `code` does not know go on with it.
    Other unknown words are loans, where those that `code` alone knows are twice as many and the
    other language is not near.
    """
    words = _WORD.findall(text)
    lower = list(map(str.lower, words))
    known = lexicon.known(lower, code)
    if lexicon.known(compress(lower, known), language).count(False) < _FEWEST_OWN:
        return False
    rest = []
    loans = left = 0
    for word, small, own in zip(words, lower, known, strict=True):
        left = _LONGEST_TITLE if word[:1].isupper() else 0 if own else left - 1
        if left > 0:
            continue
        if own:
            rest.append(small)
        else:
            loans += 1
    if loans and language in labels.near(code):
        return False
    return lexicon.known(rest, language).count(False) >= max(_FEWEST_OWN, _OWN_FOR_LOAN * loans)
