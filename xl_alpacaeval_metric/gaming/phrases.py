"""Answers that talk to the judge: markers of its prompt, and instructions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from xl_alpacaeval_metric.gaming.disguises import normalised, searchable, shown
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.terminal import counted_of

TAGS = ("answer", "request")
"""The tags that the judge's prompt puts around the texts."""

_SAME_SENTENCE = r"[^.!?。！？।\n]{0,20}?"
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


def judge_injections(comparisons: Sequence[Comparison]) -> list[str]:
    """A line, with the first three, if answers contain phrases or markers that address a judge.

    The phrases are those of data/judge_injections.yaml.
    """
    found = []
    for start in range(0, len(comparisons), _BLOCK):
        items = comparisons[start : start + _BLOCK]
        joined = "\x00".join(searchable(item.prediction) for item in items).lower()
        possible = [phrase for phrase in phrases() if phrase.may_occur(joined)]
        if possible:
            found += [(item, said) for item in items if (said := judge_injection(item, possible)) is not None]
    if not found:
        return []
    first = "; ".join(f"id {item.id!r} in {item.language} has {shown(said)}" for item, said in found[:3])
    return [
        f"{counted_of(len(found), len(comparisons), 'answer', 'seems', 'seem')} to talk to the judge: {first}{' ...' * (len(found) > 3)}"
    ]


def judge_injection(item: Comparison, candidates: Sequence[Phrase | Tag] | None = None) -> str | None:
    """The part of the prediction that addresses a judge, None if there is none.

    A phrase that the instruction or the reference contains too is not reported: the topic calls for
    it. `candidates` are the phrases to search for, all of them by default.
    """
    text = searchable(item.prediction)
    lowered = text.lower()
    for phrase in phrases() if candidates is None else candidates:
        said = phrase.find(text, lowered)
        if said is not None and not _on_topic(phrase, item):
            return said
    return None


def _on_topic(phrase: Phrase | Tag, item: Comparison) -> bool:
    """Whether the instruction or the reference contains the phrase as well."""
    return any(phrase.find(text, text.lower()) for text in map(searchable, (item.instruction, item.reference)))


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
