"""The probe: a small request that shows whether an endpoint answers and its capabilities."""

import asyncio
import math
from collections.abc import Awaitable
from dataclasses import replace
from typing import Protocol

from xl_alpacaeval_metric import thinking
from xl_alpacaeval_metric.clients.base import Completion, Request, Thinking
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities, Fault
from xl_alpacaeval_metric.clients.openai.rate_limit import backoff

PROBE = Request(
    (
        {"role": "system", "content": "You compare two answers to a request and say which one is better."},
        {
            "role": "user",
            "content": "The request: Write a word of German.\n\nAnswer A: Apfel\n\nAnswer B: apple\n\n"
            "Which answer is better? Reply with one letter only: A or B.",
        },
    ),
    max_tokens=1,
    choices=("A", "B"),
)
ATTEMPTS = 6
REPLIES_WITHOUT_LOGPROBS = 3
"""Replies without log-probabilities and without a choice after which none are expected, and empty
ones after which no text is."""


class ProbeFailed(Exception):
    """The endpoint did not answer, for the reason in `fault`.

    `fault` is None where it did, but spent all its tokens on reasoning.
    """

    def __init__(self, fault: Fault | None) -> None:
        super().__init__("" if fault is None else fault.reason)
        self.fault = fault


class Send(Protocol):
    """One attempt: (request, capabilities, seconds), with room to think if the last one is true."""

    def __call__(
        self, request: Request, capabilities: Capabilities, timeout: float, with_room: bool = False, /
    ) -> Awaitable[Completion | Fault]: ...


async def detect_capabilities(
    send: Send,
    request: Request,
    timeout: float,
    total_timeout: float,
    allowed: Thinking,
    room_timeout: float,
) -> Capabilities:
    """Send `request`, the probe, until it is answered, leaving out parameters that are refused.

    `timeout` is the seconds of one attempt, `total_timeout` those of all. A model whose first token
    is no verdict is asked again with room to think, within `room_timeout` seconds, unless thinking
    is not `allowed`. Raises ProbeFailed.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + total_timeout
    capabilities = Capabilities(thinks=allowed.mode == "on", template_switch=allowed.mode != "auto")
    without_logprobs, suspicions, silent, attempt = 0, 0, 0, 0
    fault: Fault | None = None
    unexplained: Fault | None = None
    judged = request.max_tokens == PROBE.max_tokens  # With more tokens the probe itself leaves room to reason.
    may_think = judged and allowed.mode != "off"
    turns_off = judged and allowed.mode == "off"
    while attempt < ATTEMPTS and (left := deadline - loop.time()) > 0:
        # The first attempt leaves time for a second one where it gets no answer.
        seconds = max(left, room_timeout) if capabilities.thinks else left if attempt else 0.4 * left
        outcome = await send(request, capabilities, min(max(timeout, room_timeout * capabilities.thinks), seconds))
        at_limit = isinstance(outcome, Fault) and "output limit was reached" in outcome.complaint
        refused = isinstance(outcome, Fault) and bool(capabilities.effort) and "effort" in outcome.complaint.lower()
        if turns_off and (at_limit or refused or _still_thinks(capabilities, outcome)):
            less = capabilities.with_less_effort()
            if less is None:
                raise ProbeFailed(None)
            capabilities = less
            continue
        if isinstance(outcome, Completion):
            text = outcome.text.strip()
            if capabilities.thinks:
                if outcome.cut or not thinking.split(text).answer.strip():
                    if outcome.cut or text or outcome.thought or outcome.thinking_tokens:
                        raise ProbeFailed(None)
                    silent += 1  # Perhaps an accident.
                    if silent == REPLIES_WITHOUT_LOGPROBS:
                        raise ProbeFailed(Fault("fatal", "an empty answer that ends by itself"))
                    continue
                accident = text not in PROBE.choices and not _shows_thought(outcome)
                if accident and not _reported(capabilities, outcome) and without_logprobs < REPLIES_WITHOUT_LOGPROBS:
                    without_logprobs += 1
                    continue
                if suspicions == 1 and text in PROBE.choices and not _shows_thought(outcome):
                    capabilities = replace(capabilities, thinks=False, first_token=True)  # Perhaps an accident.
                    continue
                return replace(capabilities, top_logprobs=_reported(capabilities, outcome))
            if may_think and _shows_thought(outcome):
                capabilities, deadline = replace(capabilities, thinks=True), deadline + room_timeout
                suspicions += 1
                continue
            if capabilities.top_logprobs and outcome.logprobs is None and not outcome.choice_tokens:
                # A reply that is no choice either may be an accident, unless it recurs.
                without_logprobs += 1
                if text in PROBE.choices or without_logprobs == REPLIES_WITHOUT_LOGPROBS:
                    capabilities = replace(capabilities, top_logprobs=0)
                if text not in PROBE.choices:
                    continue
            if not text and not _holds_most(outcome):
                raise ProbeFailed(None)
            if judged and outcome.logprobs is not None:
                capabilities = replace(capabilities, first_token=_holds_most(outcome))
            unclear = not capabilities.first_token if capabilities.top_logprobs else text not in PROBE.choices
            if not (may_think and unclear):
                return capabilities
            capabilities, deadline = replace(capabilities, thinks=True), deadline + room_timeout
            suspicions += 1
            continue
        fault = outcome
        if at_limit:
            if not may_think or capabilities.thinks:
                raise ProbeFailed(None)
            capabilities, deadline = replace(capabilities, thinks=True), deadline + room_timeout
            continue
        adapted = capabilities.adapted_to(fault.complaint) if fault.complaint else None
        if adapted is None and fault.status in (400, 422, 501):
            unexplained = unexplained or fault
            adapted = capabilities.reduced()
        if adapted is not None:
            capabilities = adapted
            continue
        wait = max(fault.wait or 0.0, backoff(attempt, 0.2, 1.0))
        if fault.kind != "transient" or wait > deadline - loop.time():
            break
        attempt += 1
        await asyncio.sleep(wait)
    raise ProbeFailed(unexplained or fault or Fault("transient", "no answer"))


def _still_thinks(capabilities: Capabilities, outcome: Completion | Fault) -> bool:
    """Whether a model that must not think does; a verdict after little effort is accepted."""
    if isinstance(outcome, Fault) or (capabilities.effort and outcome.text.strip() in PROBE.choices):
        return False
    return _shows_thought(outcome)


def _shows_thought(completion: Completion) -> bool:
    """Whether a model shows that it thinks: a thought, its opening mark, or an empty text."""
    if completion.thought or completion.thinking_tokens:
        return True
    split = thinking.split(completion.text)
    if split.thought or not split.finished:
        return True
    return not completion.text.strip() and not _holds_most(completion)


def _holds_most(completion: Completion) -> bool:
    return sum(map(math.exp, (completion.logprobs or {}).values())) > 0.5


def _reported(capabilities: Capabilities, completion: Completion) -> int:
    """The alternatives to ask a model that thinks for; 0 where none are reported."""
    reported = completion.choice_tokens or completion.logprobs is not None
    return capabilities.top_logprobs if reported else 0
