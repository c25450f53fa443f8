"""The probe: a small request that shows whether an endpoint answers and its capabilities."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities, Fault
from xl_alpacaeval_metric.clients.openai.rate_limit import backoff

PROBE = Request(({"role": "user", "content": "Reply with one letter, A."},), max_tokens=1, choices=("A", "B"))
ATTEMPTS = 6
REPLIES_WITHOUT_LOGPROBS = 3
"""Replies without log-probabilities and without a choice after which none are expected."""


class ProbeFailed(Exception):
    """The endpoint did not answer, for the reason in `fault`.

    `fault` is None where it did, but spent all its tokens on reasoning.
    """

    def __init__(self, fault: Fault | None) -> None:
        super().__init__("" if fault is None else fault.reason)
        self.fault = fault


async def detect_capabilities(
    send: Callable[[Request, Capabilities, float], Awaitable[Completion | Fault]],
    request: Request,
    timeout: float,
    total_timeout: float,
) -> Capabilities:
    """Send `request`, the probe, until it is answered, leaving out parameters that are refused.

    `timeout` is the seconds of one attempt, `total_timeout` those of all. Raises ProbeFailed.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + total_timeout
    capabilities, without_logprobs, attempt = Capabilities(), 0, 0
    fault = Fault("transient", "no answer")
    while attempt < ATTEMPTS and (left := deadline - loop.time()) > 0:
        # The first attempt leaves time for a second one where it gets no answer.
        outcome = await send(request, capabilities, min(timeout, left if attempt else 0.4 * left))
        if isinstance(outcome, Completion):
            text = outcome.text.strip()
            if capabilities.top_logprobs and outcome.logprobs is None:
                # A reply that is no choice either may be an accident, unless it recurs.
                without_logprobs += 1
                if text in PROBE.choices or without_logprobs == REPLIES_WITHOUT_LOGPROBS:
                    capabilities = replace(capabilities, top_logprobs=0)
                if text not in PROBE.choices:
                    continue
            if not text and not outcome.logprobs:
                raise ProbeFailed(None)
            return capabilities
        fault = outcome
        if "output limit was reached" in fault.complaint:
            raise ProbeFailed(None)
        if (adapted := capabilities.adapted_to(fault.complaint)) is not None:
            capabilities = adapted
            continue
        wait = max(fault.wait or 0.0, backoff(attempt, 0.2, 1.0))
        if fault.kind != "transient" or wait > deadline - loop.time():
            break
        attempt += 1
        await asyncio.sleep(wait)
    raise ProbeFailed(fault)
