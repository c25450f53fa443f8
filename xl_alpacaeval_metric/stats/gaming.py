"""Two checks on the answers themselves, where a win rate may be bought: one constant answer, and talk to the judge."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from xl_alpacaeval_metric.records import Comparison

MIN_SAME = 3
MIN_SHARE = 0.1
"""At least so many answers, and so large a share of a language's answers (or of all), are one text before that is said.

Real answers to different open-ended requests hardly ever coincide; a constant one can win (Zheng et al. 2024, arXiv:2410.07137).
"""

TAGS = ("answer", "request")
"""What the judge's prompt puts around the texts."""

_SAME_SENTENCE = r"[^.!?。！？।\n]{0,20}?"
# Characters that are not seen, and would keep a phrase from being found.
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

_AT_ONCE = 256
"""Answers looked through together: in most, no phrase stands at all."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of which a text has more ends than beginnings: such an end, in the judge's prompt, would be taken for its own.

    As many of both are data, or a habit of the model.
    """

    name: str

    def may_stand(self, lowered: str) -> bool:
        """Whether a text in lower case may hold it; False is certain."""
        return f"</{self.name}" in lowered

    def find(self, _: str, lowered: str) -> str | None:
        """The end of the tag, None where every one of them has its beginning."""
        end = f"</{self.name}"
        return end if end in lowered and lowered.count(end) > lowered.count(f"<{self.name}") else None


@dataclass(frozen=True, slots=True)
class Phrase:
    """An entry of data/judge_talk.yaml: one of `literals` (lower case) stands in the text, and `pattern`, if any, matches."""

    literals: tuple[str, ...]
    pattern: re.Pattern[str] | None

    def may_stand(self, lowered: str) -> bool:
        """Whether a text in lower case may hold it; False is certain."""
        return any(literal in lowered for literal in self.literals)

    def find(self, text: str, lowered: str) -> str | None:
        """What matches in the text, None if nothing does."""
        place = next((at for literal in self.literals if (at := lowered.find(literal)) >= 0), -1)
        if place < 0 or self.pattern is None:
            return None if place < 0 else text[place : place + 60]
        found = self.pattern.search(text)
        return found[0] if found else None


def warnings(comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    """What a reader must know before using the win rate, a line each; none for ordinary answers."""
    return (*constant_answers(comparisons), *talk_to_the_judge(comparisons))


def constant_answers(comparisons: Sequence[Comparison]) -> list[str]:
    """A line for each text, whitespace aside, that is the answer of too many items of a language, or of all of them.

    See MIN_SAME and MIN_SHARE. Empty answers do not count here: a result gives their number.
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


def talk_to_the_judge(comparisons: Sequence[Comparison]) -> list[str]:
    """A line, with the first three, if answers hold phrases or markers that speak to a judge (data/judge_talk.yaml)."""
    found = []
    for start in range(0, len(comparisons), _AT_ONCE):
        items = comparisons[start : start + _AT_ONCE]
        together = "\x00".join(readable(item.prediction) for item in items).lower()
        possible = [phrase for phrase in phrases() if phrase.may_stand(together)]
        if possible:
            found += [(item, said) for item in items if (said := judge_talk(item, possible)) is not None]
    if not found:
        return []
    shown = "; ".join(f"id {item.id!r} in {item.language} has {_shown(said)}" for item, said in found[:3])
    return [f"{len(found)} of {len(comparisons)} answers seem to talk to the judge: {shown}{' ...' * (len(found) > 3)}"]


def judge_talk(item: Comparison, looked_for: Sequence[Phrase | Tag] | None = None) -> str | None:
    """The part of the prediction that speaks to a judge; None if there is none, or if what was asked speaks so as well.

    `looked_for` are all phrases unless some are known not to stand in the prediction.
    """
    text = readable(item.prediction)
    lowered = text.lower()
    for phrase in phrases() if looked_for is None else looked_for:
        said = phrase.find(text, lowered)
        if said is not None and not _anyway(phrase, item):
            return said
    return None


def _anyway(phrase: Phrase | Tag, item: Comparison) -> bool:
    """Whether the instruction or the reference has the phrase: then the topic calls for it."""
    return any(phrase.find(text, text.lower()) for text in map(readable, (item.instruction, item.reference)))


@cache
def phrases() -> tuple[Phrase | Tag, ...]:
    """What is looked for; `find` takes a `readable` text, and the same in lower case."""
    import yaml

    source = (resources.files("xl_alpacaeval_metric") / "data" / "judge_talk.yaml").read_text("utf-8")
    listed = (_phrase(entry["any"], entry.get("pattern")) for entry in yaml.safe_load(source))
    return (*map(Tag, TAGS), *listed)


def _phrase(literals: Sequence[str], pattern: str | None) -> Phrase:
    compiled = None
    if pattern is not None:
        compiled = re.compile(readable(pattern.replace("…", _SAME_SENTENCE)), re.IGNORECASE | re.VERBOSE)
    return Phrase(tuple(readable(literal) for literal in literals), compiled)


def readable(text: str) -> str:
    """The text as it is seen: without invisible characters, with one spelling for each character."""
    if any(character in text for character in _INVISIBLE):  # Hardly any has one, and to translate takes time.
        text = text.translate(dict.fromkeys(map(ord, _INVISIBLE)))
    return unicodedata.normalize("NFKC", text)


def _shown(text: str) -> str:
    """At most 60 characters, on one line, with nothing in it that a terminal would act on."""
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else text[:57] + "...")
