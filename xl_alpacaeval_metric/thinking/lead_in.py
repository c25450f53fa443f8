"""A word or two before a thought, in the first line of a reply: "Okay. <think>I see.</think> Cats".

An answer about marks may quote a thought there. It goes on in the sentence, or speaks of marks.
"""

import re
from collections.abc import Sequence

from xl_alpacaeval_metric.thinking.marks import Marks, any_closing, any_opening

# A few words that begin a reply, not a sentence that introduces an example.
_REST = r"[^\s.,:;!?…。！।()<>\[\]`\"$\\]*"  # Of a word: vowels of Hindi and Thai are marks, and no `\w`.
_LEAD_IN = re.compile(rf"\W{{0,3}}\w{_REST}(?:,? \w{_REST}){{0,2}}[.!…。！।]+[\s*_]*")
_SENTENCE = re.compile(r"\w[^\n]*[.!?…。！？؟।]|\n")
_BEFORE_A_LETTER = re.compile(r"[\s*_#\"'“„«»(\[¿¡-]*")
_OF_MARKS = re.compile(r"\b(?:tags?|tokens?|markup|XML|HTML)\b")
_LONGEST, _SHORTEST, _LONG = 60, 20, 100
"""Characters of the words before, of a thought, and of one that is hardly an example."""


def is_lead_in(text: str, at: int) -> bool:
    """Whether nothing but such words precedes a mark at a place of the text."""
    return at <= _LONGEST and _LEAD_IN.fullmatch(text, 0, at) is not None


def is_followed_by_answer(thought: str, rest: str, marks: Sequence[Marks]) -> bool:
    """Whether the text after a thought answers, and does not go on with it as with a quotation.

    An answer begins a line or a sentence. Where letters have no case, that cannot be told, and the
    thought has to be long.
    """
    if len(thought) < _SHORTEST or not _SENTENCE.search(thought) or _OF_MARKS.search(rest):
        return False
    if any_opening(marks).search(rest) or any_closing(marks).search(rest):
        return False
    before = _BEFORE_A_LETTER.match(rest)
    space = before[0] if before else ""
    begin = rest[len(space) : len(space) + 1]
    if "\n" in space or begin.isdigit():
        return begin != ""
    return begin.isupper() or (begin.isalpha() and not begin.islower() and len(thought) >= _LONG)
