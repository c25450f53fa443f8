"""What the thoughts of many answers have in common."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thinking:
    """The thoughts of `n` answers: how many never ended, their mean length, their languages.

    `avg_tokens` is None where tokens were not counted. `languages` maps codes to percent of the
    thoughts that are shown, by the language that most of a thought is in; "und" is none that was
    identified.
    """

    n: int
    unfinished: int
    avg_tokens: float | None
    languages: Mapping[str, float]
