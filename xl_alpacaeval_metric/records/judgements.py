"""What is compared, and what a judge says of it: comparisons, verdicts, ratings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Order = Literal["candidate_first", "reference_first"]
ItemKey = tuple[str, str]
"""(id, language)"""
VerdictKey = tuple[str, str, Order, int, str]
"""(id, language, order, vote, judge)"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A candidate's answer and a reference answer to the same instruction.

    `id` names the prompt: the same prompt in several languages has the same id in each, and
    `(id, language)` names the item. `language` is the code of the language the answer should be in.
    Where items with different ids are variants of one prompt, `prompt` names it, and `design` names
    the variant. `thinking` is the candidate's thought, which is no part of `prediction`, with its
    tokens where they were counted; a thought that never ended is `unfinished`. `expected` names the
    facts of a right answer (see `correctness`); it is empty for an open request.
    """

    id: str
    language: str
    instruction: str
    prediction: str
    reference: str
    prompt: str = ""
    design: str = ""
    thinking: str = ""
    thinking_tokens: int | None = None
    unfinished: bool = False
    expected: str = ""

    @property
    def thought(self) -> bool:
        """Whether the candidate thought before it answered; some servers count a thought alone."""
        return bool(self.thinking.strip() or self.thinking_tokens) or self.unfinished

    @property
    def cluster(self) -> str:
        """The prompt; items that share one are not independent observations."""
        return self.prompt or self.id

    @property
    def key(self) -> ItemKey:
        return (self.id, self.language)


class Question(NamedTuple):
    """What a judge is asked: a comparison in one order, for its only verdict or for one vote.

    `judge` names the judge of a panel; it is empty where there is one judge.
    """

    comparison: Comparison
    order: Order
    vote: int = 0
    judge: str = ""

    @property
    def key(self) -> VerdictKey:
        """That of its verdict."""
        return (*self.comparison.key, self.order, self.vote, self.judge)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The probability in [0, 1] that the candidate is better, or the reason why there is none.

    `vote` numbers the votes of a judge that is asked several times, from 1; 0 is its only verdict.
    `judge` names the judge of a panel; it is empty where there is one judge.
    """

    id: str
    language: str
    order: Order
    preference: float | None
    reason: str | None = None
    raw: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    retries: int = 0
    cached: bool = False
    vote: int = 0
    judge: str = ""

    @property
    def key(self) -> VerdictKey:
        return (self.id, self.language, self.order, self.vote, self.judge)


@dataclass(frozen=True, slots=True)
class Rating:
    """One answer's level, 1 to 5, on each criterion, or the reason why there is none.

    `rubric` is the hash of the criteria.
    """

    id: str
    language: str
    scores: Mapping[str, int] | None
    reason: str | None = None
    raw: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    retries: int = 0
    cached: bool = False
    rubric: str = ""

    @property
    def key(self) -> ItemKey:
        return (self.id, self.language)


def flat(record: Comparison | Verdict | Rating) -> dict[str, object]:
    """As `dataclasses.asdict`, in a tenth of the time: the values need no copy.

    A verdict has a `judge` only on a panel.
    """
    found = {name: getattr(record, name) for name in record.__slots__}
    if found.get("judge") == "":
        del found["judge"]
    return found
