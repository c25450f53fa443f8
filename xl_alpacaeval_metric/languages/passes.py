"""Which lines are in a language, each line read and identified once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from xl_alpacaeval_metric.languages import content, identify, labels
from xl_alpacaeval_metric.languages.identify import Verdict
from xl_alpacaeval_metric.languages.own_model import VARIETIES

if TYPE_CHECKING:
    from xl_alpacaeval_metric.languages.own_model.tokens import Tokens


_PARTLY, _SURE, _ALL_BUT_SURE = 0.02, 0.5, 0.95
"""The chance from which on a line may be partly in the language, and a short one surely is."""


class Passes:
    """Whether lines are in a language."""

    def __init__(self, code: str, script: str | None) -> None:
        self.code, self.script = code, script
        self._known: dict[str, Verdict] = {}
        self._asked: dict[str, None] = {}
        self._places: dict[str, int] = {}
        self._read: Tokens | None = None

    def learn(self, bare: Iterable[str]) -> None:
        """Identify these lines together, as soon as something is asked about any line."""
        known, asked = self._known, self._asked
        for line in bare:
            if line not in known:
                asked[line] = None

    def _identify(self) -> None:
        """Identify the lines that were asked for."""
        from xl_alpacaeval_metric.languages.own_model import classifier, tokens

        new = list(self._asked)
        self._asked.clear()
        if not new:
            return
        read = classifier.load().read(new, None if self._read is None else self._read.vectors)
        self._known.update(zip(new, identify.verdicts(new, read, self.code, self.script), strict=True))
        self._places.update(zip(new, range(len(self._places), len(self._known)), strict=True))
        self._read = read if self._read is None else tokens.together([self._read, read])

    def _identified(self, bare: str) -> Verdict:
        self._asked[bare] = None
        self._identify()
        return self._known[bare]

    def of(self, bare: str) -> bool:
        """Whether the line is in the language."""
        verdict = self._known.get(bare) or self._identified(bare)
        return verdict.passes

    def each(self, bare: Iterable[str]) -> list[bool]:
        """Whether each line, which was learnt, is in the language."""
        self._identify()
        known = self._known
        return [known[line].passes for line in bare]

    def surely(self, bare: str, beside_near: bool = False) -> bool:
        """Whether a short line is in the language, and the own model is sure of it.

        It must be surer beside text that may be in a near language. Three in four native texts of
        one to four words pass; 4% of those in a near language do, and 0.1% of any other.
        """
        return self.of(bare) and self.chance(bare) >= (_ALL_BUT_SURE if beside_near else _SURE)

    def long_ones(self, bare: Sequence[str], base: str) -> list[bool]:
        """Whether each line is long enough to be scored, and in the language or partly in it."""
        long = [content.is_long(line, base) for line in bare]
        self.learn(line for line, one in zip(bare, long, strict=True) if one)
        return [one and (self.of(line) or self.chance(line) > _PARTLY) for line, one in zip(bare, long, strict=True)]

    def chance(self, bare: str) -> float:
        """The own model's probability that a line is in the language."""
        verdict = self._known.get(bare) or self._identified(bare)
        return verdict.chance

    def is_near(self, bare: str) -> bool:
        """Whether the own model takes a line for a near language."""
        verdict = self._known.get(bare) or self._identified(bare)
        return labels.code_of(verdict.label) in labels.near(self.code)

    def by_text(self, lines: Iterable[tuple[int, str, int]], told: Mapping[int, str]) -> dict[int, str]:
        """The lines that are in the one of Bosnian, Croatian and Serbian that their text is in.

        It is "" where it is this language, or one that it may be written as. `lines` are those of
        several texts, each after its index and before its text's; `told` are the languages of those
        that do not pass.
        """
        if not identify.is_default():
            return {}
        accepted = labels.variety(self.code)
        if not accepted and not any(label in VARIETIES for label in told.values()):
            return {}
        near = {
            at: (bare, text)
            for at, bare, text in lines
            if told.get(at) in VARIETIES or (accepted and at not in told and self.is_near(bare))
        }
        if not near:
            return {}
        from xl_alpacaeval_metric.languages.own_model import varieties

        read = self.read([bare for bare, _ in near.values()])
        found = zip(near, varieties.by_text(read, [text for _, text in near.values()], accepted), strict=True)
        return {at: "" if name in accepted else name for at, name in found if name is not None}

    def all_of_each(self, texts: Sequence[Sequence[str]]) -> list[bool]:
        """Whether all lines of each text, which were learnt, are in the language."""
        self._identify()
        failing = {line for line, verdict in self._known.items() if not verdict.passes}
        found = list(map(failing.isdisjoint, texts))
        if labels.variety(self.code):
            for at, lines in enumerate(texts):
                found[at] = found[at] or self._all_in_variety(lines)
        return found

    def _all_in_variety(self, lines: Sequence[str]) -> bool:
        """Whether a text's lines are, as a whole, in this one of Bosnian, Croatian and Serbian."""
        told = {at: labels.code_of(self._known[line].label) for at, line in enumerate(lines) if not self.of(line)}
        found = self.by_text(((at, line, 0) for at, line in enumerate(lines)), told)
        return all(found.get(at) == "" for at in told)

    def read(self, bare: Sequence[str]) -> "Tokens":
        """The words of lines that were learnt, as the own model reads them."""
        from xl_alpacaeval_metric.languages.own_model import classifier

        self._identify()
        if self._read is None:
            return classifier.load().read([])
        return self._read.of([self._places[line] for line in bare])
