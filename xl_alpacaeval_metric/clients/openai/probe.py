"""One small question, to find out that an endpoint answers and which parameters it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities, Fault
from xl_alpacaeval_metric.clients.openai.rate_limit import backoff

PROBE = Request(({"role": "user", "content": "Reply with one letter, A."},), max_tokens=1, choices=("A", "B"))
ATTEMPTS = 6


class ProbeFailed(Exception):
    """No answer, for the reason in `fault`; None where all the tokens of an answer went into reasoning."""

    def __init__(self, fault: Fault | None) -> None:
        super().__init__("" if fault is None else fault.reason)
        self.fault = fault


async def negotiate(
    ask: Callable[[Request, Capabilities, float], Awaitable[Completion | Fault]],
    request: Request,
    timeout: float,
    within: float,
) -> Capabilities:
    """Ask `request`, the probe with room for an answer, until it is answered in a dialect that suits the endpoint; raises Silent.

    `timeout` is the seconds of one attempt, `within` those of all.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    dialect, silent, fault, attempt = Capabilities(), 0, Fault("passing", "no answer"), 0
    while attempt < ATTEMPTS and (left := deadline - loop.time()) > 0:
        # An answer that never comes shall leave time for a second attempt.
        outcome = await ask(request, dialect, min(timeout, left if attempt else 0.4 * left))
        if isinstance(outcome, Completion):
            text = outcome.text.strip()
            if dialect.top_logprobs and outcome.logprobs is None:
                # A reply that is no verdict either may be an accident, which does not happen three times.
                silent += 1
                if text in PROBE.choices or silent == 3:
                    dialect = replace(dialect, top_logprobs=0)
                if text not in PROBE.choices:
                    continue
            if not text and not outcome.logprobs:
                raise ProbeFailed(None)
            return dialect
        fault = outcome
        if "output limit was reached" in fault.complaint:
            raise ProbeFailed(None)
        if (adapted := dialect.adapted(fault.complaint)) is not None:
            dialect = adapted
            continue
        wait = max(fault.wait or 0.0, backoff(attempt, 0.2, 1.0))
        if fault.kind != "passing" or wait > deadline - loop.time():
            break
        attempt += 1
        await asyncio.sleep(wait)
    raise ProbeFailed(fault)
