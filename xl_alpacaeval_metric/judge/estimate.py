"""What judging will take: requests, tokens and, given prices, money, before any of it is spent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.criteria import Rubric
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records import Comparison, Order

BYTES_PER_TOKEN = 4.0
"""Of UTF-8, as a rule of thumb; a pilot measures it for the model and the languages at hand."""


MEASURED = 1000
"""Prompts that are written out for an estimate without a pilot, at most (one more for each kind)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Requests are exact up to retries and cached replies; tokens are estimated, measured on `pilot` requests if there were any."""

    requests: int
    prompt_tokens: int
    completion_tokens: int
    pilot: int = 0

    def price(self, per_million_in: float, per_million_out: float) -> float:
        """The cost, in the currency of the prices per million tokens."""
        return (self.prompt_tokens * per_million_in + self.completion_tokens * per_million_out) / 1e6

    def line(self) -> str:
        """The estimate in words."""
        how = f"measured on {self.pilot}" if self.pilot else "estimated from the length of the text"
        return (
            f"{self.requests} requests, about {self.prompt_tokens} prompt tokens and "
            f"{self.completion_tokens} completion tokens ({how})"
        )


def estimate(
    comparisons: Sequence[Comparison],
    judge: Judge,
    rubric: Rubric | None = None,
    *,
    judged: Collection[tuple[str, str, Order]] = (),
    rated: Collection[tuple[str, str]] = (),
    pilot: int = 0,
) -> Estimate:
    """What judging these comparisons takes beyond what is `judged` (id, language, order) and `rated` (id, language) already.

    With `pilot` so many of the requests, evenly spread, are really sent, and their token counts stand for all. Raises
    UserError where none of the pilot's requests is answered.
    """
    wanted = [(item, order) for item in comparisons for order in judge.orders(item) if (*item.key, order) not in judged]
    unrated = [item for item in comparisons if item.key not in rated] if rubric else []
    # A verdict is one token; a rating names every criterion and its level.
    completion = len(wanted) + 16 * len(rubric.names if rubric else ()) * len(unrated)
    count = len(wanted) + len(unrated)
    # As many prompts as tell their mean length; a pilot's share of the text is known exactly.
    step = 1 if pilot else -(-count // MEASURED) or 1
    requests = [judge.request(item, order) for item, order in wanted[::step]]
    if rubric is not None:
        requests += [rubric.request(item.instruction, item.prediction, item.language) for item in unrated[::step]]
    size = sum(map(_bytes, requests))
    if not pilot or not requests:
        mean = size / max(1, len(requests))
        return Estimate(count, round(count * mean / BYTES_PER_TOKEN), completion)
    sample = requests[:: -(-len(requests) // pilot)][:pilot]
    replies = [reply for _, reply in judge.client.complete(sample)]
    answered = [reply for reply in replies if isinstance(reply, Completion)]
    prompt_tokens = sum(reply.prompt_tokens for reply in answered)
    if not prompt_tokens:
        reasons = {reply.reason for reply in replies if not isinstance(reply, Completion)}
        raise UserError(
            f"pilot: none of {len(sample)} requests was answered with a token count: {min(reasons, default='')}"
        )
    # Failed ones have no tokens, so each answered one stands for more of the text.
    share = len(answered) / len(sample)
    return Estimate(
        len(requests),
        round(prompt_tokens * size / (share * sum(map(_bytes, sample)))),
        round(sum(reply.completion_tokens for reply in answered) * len(requests) / len(answered)),
        pilot=len(sample),
    )


def _bytes(request: Request) -> int:
    return sum(len(message["content"].encode("utf-8", "replace")) for message in request.messages)
