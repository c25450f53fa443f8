"""What judging will take: requests, tokens and, given prices, money, before any of it is spent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from xl_alpacaeval_metric.clients.base import AUTO_THINKING, Completion, Request
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.terminal import counted

BYTES_PER_TOKEN = 4.0
"""Bytes of UTF-8 per token, as a rule of thumb.

A pilot measures it for the model and the languages.
"""

TOKENS_PER_THOUGHT = 600
"""Tokens of a judge's thought on two answers, as a rule of thumb."""

SAMPLE = 1000
"""Prompts that are filled in for an estimate without a pilot, at most; one more of each kind."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Requests are exact up to retries and cached replies; tokens are estimated.

    Tokens are measured on `pilot` requests, or estimated from the length of the prompts if it is 0.
    `check` is what the check of the judge takes beside that, at most. `thought_tokens` are the
    completion tokens that come on top, at most, where it is not known whether the judge thinks.
    """

    requests: int
    prompt_tokens: int
    completion_tokens: int
    pilot: int = 0
    check: "Estimate | None" = None
    thought_tokens: int = 0

    @property
    def all_requests(self) -> int:
        """The requests with those of the judge check."""
        return self.requests + (self.check.requests if self.check else 0)

    def times(self, number: int) -> "Estimate":
        """The same for so many models; the check is made once for all of them."""
        names = ("requests", "prompt_tokens", "completion_tokens", "thought_tokens")
        return replace(self, **{name: number * getattr(self, name) for name in names})

    def price(self, per_million_in: float, per_million_out: float) -> float:
        """The cost, in the currency of the prices per million tokens."""
        return (self.prompt_tokens * per_million_in + self.completion_tokens * per_million_out) / 1e6

    def line(self) -> str:
        """The estimate in words."""
        how = f"measured on {self.pilot}" if self.pilot else "estimated from the length of the text"
        thoughts = (
            f"; up to {counted(self.thought_tokens, 'completion token')} more if the judge thinks, which --pilot finds out"
            if self.thought_tokens
            else ""
        )
        return (
            f"{counted(self.requests, 'request')}, about {counted(self.prompt_tokens, 'prompt token')} and "
            f"{counted(self.completion_tokens, 'completion token')} ({how}){thoughts}"
        )


def estimate(task: JudgingTask, pilot: int = 0, *, probed: bool = True) -> Estimate:
    """The requests that are pending in a task, and their tokens.

    With `pilot`, that many of the requests, evenly spread, are sent, and their token counts are
    extrapolated. `probed` says that the judge's preflight has shown whether it thinks. Raises
    UserError where none of the pilot's requests is answered.
    """
    judge, rubric = task.judge, task.rubric
    if judge is None:
        return Estimate(0, 0, 0)
    if len(members := judge.members) > 1:
        return _sum(
            estimate(
                replace(task, judge=one, pending=[question for question in task.pending if question.judge == spec]),
                pilot,
                probed=probed,
            )
            for spec, one in members.items()
        )
    # A verdict is one token; a rating has the name and the level of every criterion.
    completion = len(task.pending) + 16 * len(rubric.names if rubric else ()) * len(task.unrated)
    count = len(task.pending) + len(task.unrated)
    completion += count * _thought_tokens(judge.client.identity)
    # A sample of the prompts gives their mean length. A pilot needs all of them, because the share
    # of the text that it sends must be exact.
    step = 1 if pilot else -(-count // SAMPLE) or 1
    requests = [judge.request(*question) for question in task.pending[::step]]
    if rubric is not None:
        requests += [rubric.request(item.instruction, item.prediction, item.language) for item in task.unrated[::step]]
    size = sum(map(_bytes, requests))
    if not pilot or not requests:
        mean = size / max(1, len(requests))
        most = 0 if probed else count * _most_thought_tokens(judge.client.identity)
        return Estimate(count, round(count * mean / BYTES_PER_TOKEN), completion, thought_tokens=most)
    sample = requests[:: -(-len(requests) // pilot)][:pilot]
    replies = [reply for _, reply in judge.client.complete(sample)]
    answered = [reply for reply in replies if isinstance(reply, Completion)]
    prompt_tokens = sum(reply.prompt_tokens for reply in answered)
    if not prompt_tokens:
        reasons = {reply.reason for reply in replies if not isinstance(reply, Completion)}
        raise UserError(
            f"pilot: none of {counted(len(sample), 'request')} was answered with a token count: {min(reasons, default='')}"
        )
    # Failed requests have no token counts, so those answered stand for a larger share of the text.
    share = len(answered) / len(sample)
    return Estimate(
        len(requests),
        round(prompt_tokens * size / (share * sum(map(_bytes, sample)))),
        round(sum(reply.completion_tokens for reply in answered) * len(requests) / len(answered)),
        pilot=len(sample),
    )


def _most_thought_tokens(identity: Mapping[str, object]) -> int:
    """The room for a thought of an endpoint's judge that was not asked whether it thinks."""
    if identity.get("backend") != "openai" or identity.get("thinks") or "thinking" in identity:
        return 0
    room = identity.get("thinking_tokens")
    return room if isinstance(room, int) else AUTO_THINKING.tokens


def _sum(parts: Iterable[Estimate]) -> Estimate:
    found = list(parts)
    return Estimate(
        **{
            name: sum(getattr(one, name) for one in found)
            for name in ("requests", "prompt_tokens", "completion_tokens", "pilot", "thought_tokens")
        }
    )


def _thought_tokens(identity: Mapping[str, object]) -> int:
    """The tokens of a thought by a client of this identity; 0 where it is not known to think."""
    if not identity.get("thinks") and identity.get("thinking") != "on":
        return 0
    room = identity.get("thinking_tokens")
    return min(TOKENS_PER_THOUGHT, room) if isinstance(room, int) else TOKENS_PER_THOUGHT


def _bytes(request: Request) -> int:
    return sum(len(message["content"].encode("utf-8", "replace")) for message in request.messages)
