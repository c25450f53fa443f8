"""Stage 6: a judge selects the best of N translations. For selection by agreement see `chrf`."""

import re
import string
from collections.abc import Sequence

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.clients.base import Message
from xl_instruct_dataset.quality import clean_reply
from xl_instruct_dataset.stages import PACKAGE

LETTERS = string.ascii_uppercase
_CHOICE = re.compile(
    r"(?:(?:the\s+)?(?:best|answer|choice|verdict|translation|candidate|option)\b(?:\s+(?:is|translation))*\s*+[:：]?+\s*+)*+"
    r"[\"'“*_(\[\s]*(?-i:([A-Z]))[\"'”*_)\].。\s]*",
    re.IGNORECASE,
)


def order(item: str, n: int, seed: int) -> list[int]:
    """The order in which the n candidates of an item are shown: for each place a candidate's index.

    The order is random by item and seed, so a judge that prefers a place prefers no candidate.
    `order(...)[read(reply, n)]` is the index of the selected candidate.
    """
    return sorted(range(n), key=lambda index: templates.digest(str(seed), item, str(index)))


def messages(
    instruction: str, response: str, candidates: Sequence[str], source: str, target: str
) -> tuple[Message, ...]:
    """The prompt that asks which candidate translates `response` best.

    Candidates are shown in their order as A, B, C, and so on. `source` and `target` are BCP-47
    codes. Raises UserError for an unknown language, ValueError unless there are 2 to 26 candidates.
    """
    letters = LETTERS[: len(candidates)]
    if len(candidates) != len(letters) or len(candidates) < 2:
        raise ValueError(f"{len(candidates)} candidates; a judge chooses among 2 to {len(LETTERS)}")
    nonce = templates.nonce(instruction, response, *candidates)
    shown = (
        f"<translation {letter} {nonce}>\n{candidate}\n</translation {letter} {nonce}>"
        for letter, candidate in zip(letters, candidates, strict=True)
    )
    values = {
        "source_language": languages.get(source).name,
        "language": languages.get(target).name,
        "count": str(len(candidates)),
        "instruction": instruction,
        "response": response,
        "candidates": "\n\n".join(shown),
        "letters": f"{', '.join(letters[:-1])} or {letters[-1]}",
        "nonce": nonce,
    }
    return templates.load("select", PACKAGE).fill(values)


def read(text: str, n: int) -> int | None:
    """The place, from 0, that a reply selects out of n.

    None unless it is one of the letters shown.
    """
    found = _CHOICE.fullmatch(clean_reply.bare(text))
    place = LETTERS.index(found[1]) if found else n
    return place if place < n else None
