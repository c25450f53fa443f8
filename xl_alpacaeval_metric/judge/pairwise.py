"""The judge: a comparison becomes a prompt, and the model's reply becomes a preference."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from xl_alpacaeval_metric import languages, templates
from xl_alpacaeval_metric.clients.base import Client, Completion, Failure, Reply, Request
from xl_alpacaeval_metric.records import Comparison, Order, Verdict

CHOICES = ("A", "B")
# The letter alone, or opening the reply as a verdict does ("A.", "Answer: B", "A is better", with or
# without the code of the markers); an "A" that is
# merely the article of a sentence is none.
_VERDICT = re.compile(
    r"\W*(?:(?i:(?:the )?(?:better )?(?:answer|verdict|choice)(?: (?:that|which) is better)?(?: is)?)\b\W*)?"
    r"([AB])(?:\s+[0-9a-f]{12}\b)?(?:\W*$|\W*\n|\s*[.:),*]|\s+(?:is (?:the )?be(?:tter|st)|because|wins)\b)|\W*([ab])\W*$"
)


class Judge:
    """Asks a model which of two answers is better, each item in an order that a seed decides, or in both."""

    def __init__(self, client: Client, *, seed: int = 0, both_orders: bool = False) -> None:
        self.client = client
        self.seed = seed
        self.both_orders = both_orders
        self.template = templates.load("judge")
        languages.get("en")  # Loads CLDR's names now, not while an endpoint waits.

    def orders(self, comparison: Comparison) -> tuple[Order, ...]:
        """Which orders this comparison is shown in: one, by the seed and the item's key, or both."""
        if self.both_orders:
            return ("candidate_first", "reference_first")
        coin = templates.digest(str(self.seed), comparison.id, comparison.language)[0] & 1
        return ("candidate_first",) if coin else ("reference_first",)

    def request(self, comparison: Comparison, order: Order) -> Request:
        """The prompt for one comparison in one order, asking for one of the tokens A and B."""
        answers = (comparison.prediction, comparison.reference)
        answer_a, answer_b = answers if order == "candidate_first" else answers[::-1]
        values = {
            "language": languages.get(comparison.language).name,
            "instruction": comparison.instruction,
            "answer_a": answer_a,
            "answer_b": answer_b,
            "nonce": templates.nonce(comparison.instruction, answer_a, answer_b),
        }
        return Request(messages=self.template.fill(values), max_tokens=1, choices=CHOICES)

    def verdicts(self, tasks: Sequence[tuple[Comparison, Order]]) -> Iterator[Verdict]:
        """One verdict for each (comparison, order), as the replies come in; raises what the client's `complete` raises."""
        requests = [self.request(comparison, order) for comparison, order in tasks]
        for index, reply in self.client.complete(requests, is_usable=lambda c: probability_of_a(c) is not None):
            yield _verdict(*tasks[index], reply)

    @property
    def settings(self) -> Mapping[str, object]:
        """What determines the verdicts beside the items: kept in the run folder and checked when a run is continued."""
        version = self.client.identity.get("fingerprint")
        return {
            "judge": f"{self.client.spec}@{version}" if version else self.client.spec,
            "prompt": self.template.sha,
            "order": "both" if self.both_orders else "seeded",
            "seed": self.seed,
        }


def probability_of_a(completion: Completion) -> float | None:
    """The probability that the reply says A rather than B; None if it says neither.

    From the log-probabilities of the two verdict tokens where there are any, normalised over the two
    (a token the backend does not list counts as impossible); else 1 or 0 from the text.
    """
    scores = completion.logprobs or {}
    a, b = scores.get("A", -math.inf), scores.get("B", -math.inf)
    if max(a, b) > -math.inf:
        return 1.0 / (1.0 + math.exp(min(b - a, 700.0))) if a > -math.inf else 0.0
    found = _VERDICT.match(completion.text.rpartition("</think>")[2].strip())
    return None if found is None else float((found[1] or found[2]).upper() == "A")


def _verdict(comparison: Comparison, order: Order, reply: Reply) -> Verdict:
    if isinstance(reply, Failure):
        return Verdict(comparison.id, comparison.language, order, None, reason=reply.reason, retries=reply.retries)
    a = probability_of_a(reply)
    preference = None if a is None else (a if order == "candidate_first" else 1.0 - a)
    return Verdict(
        comparison.id,
        comparison.language,
        order,
        preference,
        reason=f"no verdict in the reply {reply.text[:40]!r}" if preference is None else None,
        raw=reply.text,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        retries=reply.retries,
        cached=reply.cached,
    )
