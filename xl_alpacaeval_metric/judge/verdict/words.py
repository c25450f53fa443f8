"""The words of a judge's text, each with the part that it plays in a verdict."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from xl_alpacaeval_metric.files import yaml_file

PARTS: Mapping[str, str] = {
    "noun": "N",
    "after": "J",
    "name": "D",
    "be": "V",
    "article": "G",
    "glue": "G",
    "better": "R",
    "better_than": "E",
    "win": "L",
    "beat": "T",
    "worse": "W",
    "than": "M",
    "from": "P",
    "choose": "C",
    "not": "X",
    "both": "Y",
    "if": "H",
    "because": "Z",
    "so": "F",
    "but": "|",
}
"""Category in data/verdict_words.yaml -> the sign of its words in a `Clause`."""
OTHER, COLON, LETTERS = "O", "K", "AB"
_LONGEST = 4
"""Words of the longest entry."""
_COMBINING = "\u200c\u200d" + "".join(
    re.escape(char) for char in map(chr, range(0x300, 0x1200)) if unicodedata.category(char)[0] == "M"
)
"""Marks that belong to the letter before them, and the two joiners."""
_HANGUL = "\uac00-\ud7a3"
_WIDE = f"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff{_HANGUL}"
"""Thai, kana, Chinese characters and Hangul: words without spaces, or with their particles."""
_LONGEST_WIDE = 16
"""Characters of the longest entry in them."""
_TOKEN = re.compile(
    rf"(?P<letter>(?<![A-Za-z0-9_])[AB](?![A-Za-z0-9_{_COMBINING}]))(?P<ending>['’:-][^\W\d_A-Z]\w*)?"
    rf"|(?P<wide>[{_WIDE}]+(?: [{_HANGUL}]+)*)|(?P<word>(?:[^\W\d_{_WIDE}][{_COMBINING}]*)+(?:['’-](?:[^\W\d_{_WIDE}][{_COMBINING}]*)+)*)"
    r"|(?P<colon>[:：]|->|→|⇒|=|(?<=\s)[–—-]+(?=\s))|(?P<more>>+|≻)|(?P<less><+|≺)|(?P<end>[.!。！।;；…]|[?？؟])"
    r"|(?P<pause>[,，、،()（）\[\]{}])|(?P<number>\d[\d.,/]*)"
)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one language: whole ones and beginnings, each with its part."""

    whole: Mapping[str, str] = field(default_factory=dict)
    beginnings: Mapping[str, str] = field(default_factory=dict)
    inside: frozenset[str] = frozenset()
    """Words of which longer entries consist."""
    has_article_a: bool = False
    """Whether a definite article looks like the letter A."""

    def part(self, word: str) -> str | None:
        """The part of a word in lower case; None if it is not listed."""
        if (found := self.whole.get(word)) is not None:
            return found
        return next((self.beginnings[word[:n]] for n in range(len(word), 0, -1) if word[:n] in self.beginnings), None)


@cache
def lexicons() -> Mapping[str, Lexicon]:
    """Language code -> its lexicon. All have English nouns and names, where they are not words."""
    source = resources.files("xl_alpacaeval_metric") / "data" / "verdict_words.yaml"
    found: dict[str, Lexicon] = {}
    for code, categories in yaml_file.read_mapping(source, scalars_as_text=True).items():
        whole: dict[str, str] = {}
        beginnings: dict[str, str] = {}
        for category, entries in categories.items():
            for entry in unicodedata.normalize("NFKC", entries).lower().split():
                entry = entry.replace("_", " ")
                target = beginnings if entry.endswith("*") else whole
                # The last category of a word counts: what turns a verdict off stands last.
                target[entry.rstrip("*")] = PARTS[category]
        loans = {word: sign for word, sign in found["en"].whole.items() if sign in "ND"} if found else {}
        found[code] = Lexicon(
            {**loans, **whole},
            beginnings,
            frozenset(word for entry in whole if " " in entry for word in entry.split()),
            "article" in categories,
        )
    return found


def lexicon_of(text: str) -> Lexicon:
    """The lexicon that has most of the text's words; English where none has more."""
    found = list(_TOKEN.finditer(text))
    single = Counter(match[0].lower() for match in found if match["word"] is not None)
    runs = [match[0] for match in found if match["wide"] is not None]

    def known(lexicon: Lexicon) -> int:
        count = sum(
            number for word, number in single.items() if lexicon.part(word) is not None or word in lexicon.inside
        )
        return count + sum(
            len(token.text) for run in runs for token in _wide_tokens(run, lexicon) if token.sign != OTHER
        )

    return max(lexicons().values(), key=known)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a sign of a text, and its part in a language."""

    text: str
    sign: str


def tokens(line: str, lexicon: Lexicon) -> Iterator[Token]:
    """The words and signs of a line, in order.

    Letters have the sign A or B, or a small one if they have an ending ("A'dan", "B-nél").
    """
    found = list(_TOKEN.finditer(line))
    index = 0
    while index < len(found):
        match = found[index]
        kind = match.lastgroup if match["letter"] is None else "letter"
        if kind == "letter":
            yield Token(match[0], match["letter"].lower() if match["ending"] else match["letter"])
        elif kind == "wide":
            yield from _wide_tokens(match[0], lexicon)
        elif kind == "word":
            text, sign, count = _longest_entry(found, index, lexicon)
            yield Token(text, sign)
            index += count - 1
        else:
            yield Token(
                match[0],
                {"colon": COLON, "more": ">", "less": "<", "pause": ",", "number": OTHER}.get(
                    str(kind), "?" if match[0] in "?？؟" else "."
                ),
            )
        index += 1


def _longest_entry(found: list[re.Match[str]], index: int, lexicon: Lexicon) -> tuple[str, str, int]:
    """The longest entry that begins at a word: its text, its part and its number of words."""
    words = []
    for match in found[index : index + _LONGEST]:
        if match["word"] is None:
            break
        words.append(match[0].lower().replace("’", "'"))
    for count in range(len(words), 0, -1):
        text = " ".join(words[:count])
        if (sign := lexicon.part(text) if count == 1 else lexicon.whole.get(text)) is not None:
            return text, sign, count
    return words[0], OTHER, 1


def _wide_tokens(text: str, lexicon: Lexicon) -> Iterator[Token]:
    """Entries in a run of characters without spaces, the longest first; the rest is other words."""
    at = 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            continue
        for size in range(min(_LONGEST_WIDE, len(text) - at), 0, -1):
            if (sign := lexicon.whole.get(text[at : at + size])) is not None:
                break
        else:
            size, sign = 1, OTHER
        yield Token(text[at : at + size], sign)
        at += size
