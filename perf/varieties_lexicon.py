"""Words that tell Bosnian, Croatian and Serbian apart, and words of all three.

They are those of `varieties.yaml`, and what dictionaries tell: what only Croatian or only Serbian
has, and with "ije" or "je" what Serbian has with "e".
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from perf import hunspell_forms
from xl_alpacaeval_metric.languages.own_model import VARIETIES, reading

_MOST_ELSEWHERE = {True: (0.4, 4e-6), False: (0.15, 2e-6)}
"""How frequent a word of the lexicon may be in texts of a language that it is not of, beside those
that it is of, and how frequent in any case: for words of the list, and those found by spelling."""
_DICTIONARIES = ("hr_HR", "bs_BA", "sr_Latn_RS")
_JAT = [(re.compile("i?je"), "e"), (re.compile("ilje"), "ele"), (re.compile("io$"), "eo")]
"""What Croatian and Bosnian have in place of "e"."""
_SHORTEST_SPELT, _MORE_WORDS = 4, 12_000
_LONG_STEM, _MORE_LETTERS = 5, 3
_LISTS = yaml.safe_load(Path(__file__).with_name("varieties.yaml").read_text(encoding="utf-8"))
WORDS_OF_ALL = frozenset(word for word in _LISTS["of_all"].split() if "*" not in word)
OF_ALL = re.compile(_LISTS["of_all"].replace("*", ".*").replace(" ", "|"))
WORD = re.compile("[a-zčćđšž]+")


def of_some(
    frequencies: Mapping[str, float], seen: Mapping[str, Counter[str]], spelt: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """Words that one or two of the languages have, with these.

    `seen` are the words of texts, `spelt` those of `by_dictionaries`.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for pair, rules in _LISTS["spellings"].items():
        of_one, of_other = (side.split() for side in pair.split("/"))
        for pattern, replacement in (rule.split("~") for rule in rules.split()):
            for word, other in _spelt_otherwise(re.compile(pattern), replacement, frequencies):
                found[word].update(of_one)
                found[other].update(of_other)
    for word in frequencies:
        # Serbian writes the future in one word: "pisaću" for "pisat ću".
        future = re.fullmatch("(.{2,}[aeiu])ć(?:u|eš|e|emo|ete)", word)
        if future and f"{future[1]}ti" in frequencies:
            found[word].add("sr-Latn")
    listed = _listed()
    for word, of in listed.items():
        found[word].update(of)
        stem = word[:-1] if word[-1] in "aeiou" else word
        if len(stem) >= _LONG_STEM:
            for other in frequencies:
                if other.startswith(stem) and len(other) <= len(word) + _MORE_LETTERS and other not in listed:
                    found[other].update(of)
    for word, some in spelt.items():
        if word not in found and len(some) < len(VARIETIES) and len(word) >= _SHORTEST_SPELT:
            found[word].update(some)
    of_all = {label: seen[label].total() for label in VARIETIES}
    rates = {word: {label: seen[label][word] / of_all[label] for label in VARIETIES} for word in found}
    kept = {}
    for word, of in found.items():
        share, in_any_case = _MOST_ELSEWHERE[word in listed]
        most = share * max(rates[word][label] for label in of) + in_any_case
        if OF_ALL.fullmatch(word) or len(of) == len(VARIETIES):
            continue
        if all(rates[word][label] <= most for label in VARIETIES if label not in of):
            kept[word] = frozenset(of)
    return kept


def _spelt_otherwise(pattern: re.Pattern[str], other: str, known: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    for word in known:
        yield from ((word, form) for form in _spellings(pattern, other, word) if form in known)


def _spellings(pattern: re.Pattern[str], other: str, word: str) -> set[str]:
    """A word spelt otherwise at one of the places that match, or at all."""
    places = list(pattern.finditer(word))
    forms = {f"{word[: place.start()]}{other}{word[place.end() :]}" for place in places}
    return {pattern.sub(other, word), *forms} - {word}


def _listed() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in _LISTS["words"].splitlines():
        for label, cell in zip(("hr", "bs", "sr-Latn"), row.split("|"), strict=True):
            for word in reading.words([cell])[0]:
                found[word].add(label)
    return found


def by_dictionaries(folder: Path, words: Sequence[str]) -> dict[str, frozenset[str]]:
    """Words in the dictionary of Croatian or Serbian, with the languages that have them.

    They are those of `words`, and some of all that both have. The Serbian one has words with "ije"
    and "je" beside those with "e". A word that may be a name is left out.
    """
    croatian, bosnian, serbian = (hunspell_forms.of_dictionary(folder / name) for name in _DICTIONARIES)
    anywhere = croatian[True] | croatian[False]
    found = {}
    common = sorted(word for word in croatian[False] & serbian[False] if WORD.fullmatch(word))
    more = common[:: max(1, len(common) // _MORE_WORDS)]
    for word in dict.fromkeys([*words, *more, *filter(OF_ALL.fullmatch, common)]):
        positive = word.removeprefix("ne")
        of = {
            label
            for label, forms in (("hr", croatian), ("sr-Latn", serbian))
            if word in forms[False] or positive in forms[False]
        }
        if not of or word in croatian[True] or word in serbian[True]:
            continue
        if len(of) == 2 and any(
            other in serbian[False] and other not in anywhere
            for pattern, e in _JAT
            for other in _spellings(pattern, e, word)
        ):
            of = {"hr", "bs"}
        elif len(of) == 2 or any(word in forms for forms in bosnian.values()):
            of.add("bs")
        found[word] = frozenset(of)
    return found
