"""Titles and terms in small letters: words in another language that are no switch.

They are titles beside a word such as "film" or "kniha" (the film la vita è bella), marks of music
(allegro ma non troppo), and lists of noun phrases without an article (pain au chocolat, café au
lait).
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from xl_alpacaeval_metric.languages.switches import loans, titles
from xl_alpacaeval_metric.languages.switches.exemptions import glosses
from xl_alpacaeval_metric.languages.vocabulary import lexicon, term_words

if TYPE_CHECKING:
    from xl_alpacaeval_metric.languages.switches.windows import Run

_LONGEST_TITLE, _LONGEST_MENTION, _LONGEST_TERM, _LETTERS_AFTER, _NEAR = 7, 14, 4, 4, 100
"""Words of a title, of what is mentioned, and of a noun phrase; letters of an ending; characters
that are looked at before a run."""
# With the vowel signs of Devanagari and the like, which are not in \w.
_LETTER = r"[^\s\d_.,;:!?…()\[\]\"'“”„«»、。，]"
_BEFORE = re.compile(rf"([:：\s]*)({_LETTER}+)(?:[:\s]+({_LETTER}+))?(?:[:\s]+({_LETTER}+))?")
"""The words before a place, the nearest first, in a text that is read backwards."""
_PATH = re.compile(r"[ *]*[>→›▸][^\n]*\w")
"""What stands before the last label of a path, in a text that is read backwards."""
_AFTER = re.compile(rf"\s*({_LETTER}{{1,{_NEAR}}})(?!{_LETTER})")
_ONE_LETTER, _GOES_ON = re.compile(_LETTER), re.compile(rf"\s*{_LETTER}")
_PARTS, _FEWEST_LISTED, _FEWEST_APART = re.compile(r"[,;:/()–—•、，]"), 4, 2
_OTHER_SCRIPT = re.compile(r"(?![A-Za-z\u00c0-\u024f\u1e00-\u1eff])[^\W\d_]")
_NOT_LATIN = re.compile(r"[^\x00-\u024f\u1e00-\u1eff\u2010-\u2027]+|[,;:/()–—•]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")


@lru_cache(maxsize=1)
def _works() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns of a word for a work, and of one that many languages have."""
    words = {name: "|".join(sorted(some)) for name, some in term_words.load().items()}
    ending = rf"{_LETTER}{{0,{_LETTERS_AFTER}}}"
    return (
        re.compile(rf"(?:(?:{words['works']})|{_LETTER}*(?:{words['compounds']})){ending}", re.IGNORECASE),
        re.compile(rf"(?:{words['in_many']}){ending}"),
    )


@lru_cache(maxsize=4)
def _mentions(what: str) -> re.Pattern[str]:
    """A pattern of a word for what is `cited` or `shown`, or of the compounds alone."""
    words = "|".join(sorted(term_words.load()[what]))
    before = f"{_LETTER}*" if what.endswith("_compounds") else ""
    return re.compile(rf"{before}(?:{words}){_LETTER}{{0,{_LETTERS_AFTER}}}", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _is_work(word: str) -> bool:
    return _works()[0].fullmatch(word) is not None


@lru_cache(maxsize=4096)
def _is_mention(word: str, what: str, is_whole: bool = True) -> bool:
    """Whether a word, or the rest of one, is for what is `cited` or `shown`."""
    kinds = (what, f"{what}_compounds") if is_whole else (f"{what}_compounds",)
    return any(_mentions(kind).fullmatch(word) is not None for kind in kinds)


def is_mentioned(words: Sequence[str], text: str, start: int, end: int) -> bool:
    """Whether words of a text stand beside one for what is cited or shown (proverb, button).

    What programs show begins with a capital. What goes on the sentence before it is not mentioned.
    """
    if not text[start].isupper() and words[0] in term_words.load()["goes_on"]:
        return False
    if _ends_path(words, text, start):
        return True
    _, before = _words_before(text, start)
    behind, is_whole = _word_after(text, end)
    return any(
        any(_is_mention(word, what) for word in before) or _is_mention(behind, what, is_whole)
        for what in (("cited", "shown") if text[start].isupper() else ("cited",))
    )


def _ends_path(words: Sequence[str], text: str, start: int) -> bool:
    """Whether words are a label behind others in a path of menus (Settings > Turn features on)."""
    before = _PATH.match(text[max(0, start - _NEAR) : start][::-1])
    if before is None or not text[start].isupper() or len(words) > _LONGEST_TITLE:
        return False
    return not any(glosses.CLAUSE.fullmatch(word) for word in words)


def are_terms(run: "Run", text: str, code: str, language: str) -> bool:
    """Whether a run of a text that looks like another language has but terms, or titles."""
    if is_music(run.words) or is_title(run.words, text, run.start, run.end):
        return True
    parts = list(_parts(run, text, code, language))
    if language == "en" and (_are_listed([part.words for part in parts]) or _are_between(parts, text, code)):
        return True
    between, before = _words_before(text, run.start)
    if len(parts) > 1 and between and any(map(_is_work, before)) and all(_may_be_title(part.words) for part in parts):
        return True
    return language in titles.ROMANCE and all(_is_term(part, text, language) for part in parts)


def _words_before(text: str, start: int) -> tuple[str, list[str]]:
    """What parts a place of a text from the word before; up to three words, the nearest first."""
    found = _BEFORE.match(text[max(0, start - _NEAR) : start][::-1])
    return (found[1], [word[::-1] for word in found.groups()[1:] if word]) if found is not None else ("", [])


def _word_before(text: str, start: int) -> str:
    """The word that stands right before a place of a text, or ""."""
    between, words = _words_before(text, start)
    return words[0] if words and ":" not in between else ""


def _word_after(text: str, end: int) -> tuple[str, bool]:
    """The word behind a place of a text, or "", and whether none begins before that place."""
    found = _AFTER.match(text, end)
    if found is None:
        return "", False
    return found[1], _ONE_LETTER.match(text, found.start(1) - 1) is None


def is_list(text: str, language: str) -> bool:
    """Whether a text in English is a list of four terms or more, each too short for a span."""
    return language == "en" and _are_listed([words for part in _PARTS.split(text) if (words := part.split())])


def are_apart(text: str) -> bool:
    """Whether a run has but terms and titles in Latin letters, each too short for a span.

    Between them are words in another script, of which there are some, and punctuation.
    """
    if not _OTHER_SCRIPT.search(text):
        return False
    parts = [part for part in _NOT_LATIN.split(text) if _LATIN_WORD.search(part)]
    return bool(parts) and all(
        len(_LATIN_WORD.findall(part)) < titles.MIN_WORDS
        and (part.lstrip()[:1].isupper() or not glosses.CLAUSE.search(part))
        for part in parts
    )


def _are_between(parts: Sequence["Run"], text: str, code: str) -> bool:
    """Whether English terms are three or more, or have words of the text's language between."""
    if len(parts) < _FEWEST_APART or max(map(len, parts)) >= titles.MIN_WORDS:
        return False
    if any(loans.has_sentence(part.words, lexicon.known(part.words, code)) for part in parts):
        return False
    between = (text[one.end : other.start] for one, other in pairwise(parts))
    return len(parts) > _FEWEST_APART or any(any(map(str.isalpha, some)) for some in between)


def _are_listed(parts: Sequence[Sequence[str]]) -> bool:
    if len(parts) < _FEWEST_LISTED or max(map(len, parts)) >= titles.MIN_WORDS:
        return False
    return not any(glosses.CLAUSE.fullmatch(word) for part in parts for word in part)


def is_music(words: Sequence[str]) -> bool:
    """Whether a few words have one that says how music is played."""
    known = term_words.load()
    if len(words) > _LONGEST_TITLE:
        return False
    return not known["music"].isdisjoint(words) or (
        words[0] in known["tempos"] and not known["after_tempos"].isdisjoint(words[1:2])
    )


def is_title(words: Sequence[str], text: str, start: int, end: int) -> bool:
    """Whether a few words of a text stand beside one for a work, or begin with one."""
    if len(words) <= _LONGEST_MENTION and is_mentioned(words, text, start, end):
        return True
    work, in_many = _works()
    # German words for one begin with a capital.
    if words and (work if text[start].isupper() else in_many).fullmatch(words[0]):
        words = words[1:]
    elif not _is_work(_word_before(text, start)) and not _is_work(_word_after(text, end)[0]):
        return False
    return _may_be_title(words)


def _may_be_title(words: Sequence[str]) -> bool:
    return 0 < len(words) <= _LONGEST_TITLE and words[0] not in term_words.load()["clauses"]


def _parts(run: "Run", text: str, code: str, language: str) -> Iterator["Run"]:
    """The parts of a run between punctuation and words of `code`."""
    words, start = run.words, 0
    known = zip(lexicon.known(words, code), lexicon.known(words, language), strict=True)
    for at, (here, there) in enumerate(known):
        end = run.starts[at] + len(run.as_written[at])
        is_own, is_last = here and not there, at + 1 == len(run)
        if is_own or is_last or _has_mark(text[end : run.starts[at + 1]]):
            if at + (not is_own) > start:
                yield run.part(start, at + (not is_own))
            start = at + 1


def _has_mark(between: str) -> bool:
    """Whether what stands between two words parts them."""
    return between != " " and _PARTS.search(between) is not None


def _is_term(run: "Run", text: str, language: str) -> bool:
    """Whether words are nouns with but prepositions between: none is a frequent one of a sentence.

    A phrase may begin before them, or go on after.
    """
    words = run.words
    if len(words) > _LONGEST_TERM:
        return False
    frequent = lexicon.frequent(words, language)
    if frequent[0] and not _word_before(text, run.start):
        return False
    if frequent[-1] and not _GOES_ON.match(text, run.end):
        return False
    between = term_words.load()["between_nouns"]
    return all(word in between for word, usual in zip(words, frequent, strict=True) if usual)
