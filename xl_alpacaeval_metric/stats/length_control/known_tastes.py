"""What is known of a judge's tastes, and whether it is enough for a length-controlled win rate."""

from collections.abc import Mapping
from dataclasses import dataclass

from xl_alpacaeval_metric.records.result import Taste
from xl_alpacaeval_metric.terminal import counted

LEAST_PAIRS = 100
"""Pairs of a language below which its length-controlled win rate is noisier than the raw one."""


@dataclass(frozen=True, slots=True)
class LengthControl:
    """What is known of the judge's taste for length, by language; or GPT-4's is assumed.

    `markdown_tastes` are those for Markdown; what is not known of it is left as it is.
    """

    tastes: Mapping[str, Taste] | None = None
    assume_gpt4_taste: bool = False
    markdown_tastes: Mapping[str, Taste] | None = None

    def reason(self, counts: Mapping[str, int]) -> str | None:
        """Why there is no figure for languages with so many verdicts; None where there is one."""
        if self.assume_gpt4_taste:
            return None
        if not self.tastes:
            return "the judge's taste for length was not measured"
        for code, n in counts.items():
            if code not in self.tastes:
                return f"the judge's taste for length was not measured in {code}"
            if n < LEAST_PAIRS:
                return f"{counted(n, 'pair')} in {code}; need {LEAST_PAIRS}"
        return None


UNKNOWN_TASTE = LengthControl()
