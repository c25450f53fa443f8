"""Which lines are in a language, each line read and identified once."""

from collections.abc import Iterable

from xl_alpacaeval_metric.languages import identify
from xl_alpacaeval_metric.languages.identify import Verdict


class Passes:
    """Whether lines are in a language."""

    def __init__(self, code: str, script: str | None) -> None:
        self.code, self.script = code, script
        self._known: dict[str, Verdict] = {}
        self._words: dict[str, list[str]] = {}

    def learn(self, bare: Iterable[str]) -> None:
        """Identify all of these lines at once."""
        from xl_alpacaeval_metric.languages.own_model import reading

        new = [line for line in dict.fromkeys(bare) if line not in self._known]
        words = reading.words(new)
        self._words.update(zip(new, words, strict=True))
        self._known.update(zip(new, identify.verdicts(new, words, self.code, self.script), strict=True))

    def of(self, bare: str) -> bool:
        """Whether the line is in the language."""
        if bare not in self._known:
            self.learn([bare])
        return self._known[bare].passes

    def chance(self, bare: str) -> float:
        """The own model's probability that a line that was learnt is in the language."""
        return self._known[bare].chance

    def words(self, bare: str) -> list[str]:
        """The words of a line that was learnt, as the own model reads it."""
        return self._words[bare]
