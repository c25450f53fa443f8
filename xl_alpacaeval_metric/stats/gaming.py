"""Checks for answers that game the judge: one constant answer, and instructions to the judge."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from xl_alpacaeval_metric.records.judgements import Comparison

MIN_SAME = 3
MIN_SHARE = 0.1
"""A text is reported as constant if at least MIN_SAME answers, and this share of the answers in a
language (or of all), are equal to it.

Real answers to different open-ended requests are hardly ever equal; a constant answer can win
(Zheng et al. 2024, arXiv:2410.07137).
"""

TAGS = ("answer", "request")
"""The tags that the judge's prompt puts around the texts."""

_SAME_SENTENCE = r"[^.!?。！？।\n]{0,20}?"
_SPACES = re.compile(r"\s{2,}|[^\S \n]")
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0").union(
    map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10)])
)
"""Invisible characters beside Unicode's format characters; each keeps a phrase from being found."""

_BLOCK = 256
"""Answers searched as one text first, since most contain no phrase at all."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of the judge's prompt that a text closes more often than it opens.

    The judge would take such a closing tag for the prompt's own. Balanced tags are data, or a habit
    of the model.
    """

    name: str

    def may_occur(self, lowered: str) -> bool:
        """Whether a text in lower case may contain it; False is certain."""
        return f"</{self.name}" in lowered

    def find(self, _: str, lowered: str) -> str | None:
        """The closing tag, None unless it occurs more often than the opening tag."""
        end = f"</{self.name}"
        return end if end in lowered and lowered.count(end) > lowered.count(f"<{self.name}") else None


@dataclass(frozen=True, slots=True)
class Phrase:
    """An entry of data/judge_injections.yaml.

    A text contains it if it has one of `literals` (lower case) and matches `pattern`, if there is
    one.
    """

    literals: tuple[str, ...]
    pattern: re.Pattern[str] | None

    def may_occur(self, lowered: str) -> bool:
        """Whether a text in lower case may contain it; False is certain."""
        return any(literal in lowered for literal in self.literals)

    def find(self, text: str, lowered: str) -> str | None:
        """The part of the text that matches, None if none does."""
        place = next((at for literal in self.literals if (at := lowered.find(literal)) >= 0), -1)
        if place < 0 or self.pattern is None:
            return None if place < 0 else text[place : place + 60]
        found = self.pattern.search(text)
        return found[0] if found else None


def warnings(comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    """One line for each sign that answers game the judge; none for ordinary answers."""
    return (*constant_answers(comparisons), *judge_injections(comparisons))


def constant_answers(comparisons: Sequence[Comparison]) -> list[str]:
    """A line for each text that is the answer to too many items of a language, or of all languages.

    Whitespace is ignored; the limits are MIN_SAME and MIN_SHARE. Empty answers do not count: a
    result gives their number.
    """
    answers: dict[str, list[str]] = defaultdict(list)
    for item in comparisons:
        answers[item.language].append(" ".join(item.prediction.split()))
    constant: dict[str, list[str]] = defaultdict(list)
    for code, texts in answers.items():
        if text := _too_frequent(texts):
            constant[text].append(code)
    everything = [text for texts in answers.values() for text in texts]
    if not constant and (text := _too_frequent(everything)):
        constant[text] = list(answers)
    lines = []
    for text, codes in constant.items():
        among = [answer for code in codes for answer in answers[code]]
        where = f" in {', '.join(codes)}" if len(codes) < len(answers) else ""
        lines.append(
            f"{among.count(text)} of {len(among)} answers{where} are the same text, {_shown(text)}; a constant answer can win"
        )
    return lines


def _too_frequent(texts: Sequence[str]) -> str | None:
    counts = Counter(text for text in texts if text)
    ((text, count),) = counts.most_common(1) or [("", 0)]
    return text if count >= MIN_SAME and count / len(texts) >= MIN_SHARE else None


def judge_injections(comparisons: Sequence[Comparison]) -> list[str]:
    """A line, with the first three, if answers contain phrases or markers that address a judge.

    The phrases are those of data/judge_injections.yaml.
    """
    found = []
    for start in range(0, len(comparisons), _BLOCK):
        items = comparisons[start : start + _BLOCK]
        joined = "\x00".join(normalised(item.prediction) for item in items).lower()
        possible = [phrase for phrase in phrases() if phrase.may_occur(joined)]
        if possible:
            found += [(item, said) for item in items if (said := judge_injection(item, possible)) is not None]
    if not found:
        return []
    shown = "; ".join(f"id {item.id!r} in {item.language} has {_shown(said)}" for item, said in found[:3])
    return [f"{len(found)} of {len(comparisons)} answers seem to talk to the judge: {shown}{' ...' * (len(found) > 3)}"]


def judge_injection(item: Comparison, candidates: Sequence[Phrase | Tag] | None = None) -> str | None:
    """The part of the prediction that addresses a judge, None if there is none.

    A phrase that the instruction or the reference contains too is not reported: the topic calls for
    it. `candidates` are the phrases to search for, all of them by default.
    """
    text = normalised(item.prediction)
    lowered = text.lower()
    for phrase in phrases() if candidates is None else candidates:
        said = phrase.find(text, lowered)
        if said is not None and not _on_topic(phrase, item):
            return said
    return None


def _on_topic(phrase: Phrase | Tag, item: Comparison) -> bool:
    """Whether the instruction or the reference contains the phrase as well."""
    return any(phrase.find(text, text.lower()) for text in map(normalised, (item.instruction, item.reference)))


@cache
def phrases() -> tuple[Phrase | Tag, ...]:
    """The phrases to search for; their `find` takes a `normalised` text, and its lower case."""
    import yaml

    source = (resources.files("xl_alpacaeval_metric") / "data" / "judge_injections.yaml").read_text("utf-8")
    listed = (_phrase(entry["any"], entry.get("pattern")) for entry in yaml.safe_load(source))
    return (*map(Tag, TAGS), *listed)


def _phrase(literals: Sequence[str], pattern: str | None) -> Phrase:
    compiled = None
    if pattern is not None:
        compiled = re.compile(normalised(pattern.replace("…", _SAME_SENTENCE)), re.IGNORECASE | re.VERBOSE)
    return Phrase(tuple(normalised(literal) for literal in literals), compiled)


def normalised(text: str) -> str:
    """The text without invisible characters, in Unicode's form NFKC, with single spaces.

    Whitespace becomes one space or, with a line end in it, one line end: the time that a pattern
    with two `\\s*` takes grows with the square of the whitespace's length.
    """
    # Hardly any text has an invisible character, and translate is slow.
    if not text.isascii() and any(_is_invisible(character) for character in set(text)):
        text = "".join(character for character in text if not _is_invisible(character))
    return _SPACES.sub(_one_space, unicodedata.normalize("NFKC", text))


def _is_invisible(character: str) -> bool:
    """Whether it shows nothing: format characters (bidi controls, tags), fillers and selectors."""
    return unicodedata.category(character) == "Cf" or character in _INVISIBLE


def _one_space(found: re.Match[str]) -> str:
    return "\n" if "\n" in found[0] else " "


def _shown(text: str) -> str:
    """At most 60 characters on one line, without control characters."""
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else text[:57] + "...")
