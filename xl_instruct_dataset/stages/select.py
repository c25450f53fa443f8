"""Stage 6: the best of N translations, by agreement among them or by a judge."""

import re
import string
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.clients.base import Message
from xl_alpacaeval_metric.errors import MissingExtra
from xl_instruct_dataset.stages import PACKAGE, replies

LETTERS = string.ascii_uppercase
_CHOICE = re.compile(
    r"(?:(?:the\s+)?(?:best|answer|choice|verdict|translation|candidate|option)\b(?:\s+(?:is|translation))*\s*[:：]?\s*)*"
    r"[\"'“*_(\[\s]*(?-i:([A-Z]))[\"'”*_)\].。\s]*",
    re.IGNORECASE,
)


def chrf(candidates: Sequence[str]) -> list[float]:
    """The mean sentence chrF, 0 to 100, of each candidate with each of the others as its reference; [100.0] for a single one.

    Minimum Bayes risk decoding (Kumar and Byrne 2004, aclanthology.org/N04-1022; for candidates drawn from a model Eikema and
    Aziz 2022, arXiv:2108.04718) with chrF2 (Popović 2015, 10.18653/v1/W15-3049) as the utility: the best candidate is the
    one that the others agree with most. Raises MissingExtra without sacrebleu.
    """
    try:
        from sacrebleu.metrics.chrf import CHRF
        from sacrebleu.metrics.helpers import extract_all_char_ngrams
    except ModuleNotFoundError:
        raise MissingExtra("sacrebleu", "generate") from None
    if len(candidates) < 2:
        return [100.0] * len(candidates)
    # sacrebleu's sentence_score takes both texts apart for each pair, which is most of its work.
    orders = [extract_all_char_ngrams(candidate, CHRF.CHAR_ORDER) for candidate in candidates]
    utility = [[100.0] * len(candidates) for _ in candidates]
    for one, other in combinations(range(len(candidates)), 2):
        if candidates[one] != candidates[other]:
            precision, recall = _overlap(orders[one], orders[other])
            utility[one][other] = _f(precision, recall, CHRF.BETA)
            utility[other][one] = _f(recall, precision, CHRF.BETA)
    return [(sum(row) - 100.0) / (len(row) - 1) for row in utility]


def _overlap(candidate: Sequence[Counter[str]], reference: Sequence[Counter[str]]) -> tuple[float, float]:
    """Precision and recall of n-grams, each the mean over the orders that both texts have."""
    found = []
    for ours, theirs in zip(candidate, reference, strict=True):
        if ours and theirs:
            shared = ours.keys() & theirs.keys()
            common = sum(map(min, map(ours.__getitem__, shared), map(theirs.__getitem__, shared)))
            found.append((common / ours.total(), common / theirs.total()))
    precisions, recalls = zip(*found, strict=True) if found else ((0.0,), (0.0,))
    return sum(precisions) / len(precisions), sum(recalls) / len(recalls)


def _f(precision: float, recall: float, beta: float) -> float:
    both = beta**2 * precision + recall
    return 100 * (1 + beta**2) * precision * recall / both if both else 0.0


def order(item: str, n: int, seed: int) -> list[int]:
    """In which order the n candidates of an item are shown: the number, from 0, of the candidate in each place.

    A judge that prefers a place prefers no candidate then. `order(...)[read(reply, n)]` is the candidate chosen.
    """
    return sorted(range(n), key=lambda index: templates.digest(str(seed), item, str(index)))


def messages(
    instruction: str, response: str, candidates: Sequence[str], source: str, target: str
) -> tuple[Message, ...]:
    """The prompt that asks which of the candidates, shown in their order as A, B, C, ..., translates `response` best.

    `source` and `target` are BCP-47 codes. Raises UserError for an unknown language and ValueError unless there are 2 to
    26 candidates.
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


def sha() -> str:
    """The start of the hash of the prompt."""
    return templates.load("select", PACKAGE).sha


def read(text: str, n: int) -> int | None:
    """The place, from 0, that a reply chooses out of n; None where it is no single letter of those shown."""
    found = _CHOICE.fullmatch(replies.bare(text))
    place = LETTERS.index(found[1]) if found else n
    return place if place < n else None
