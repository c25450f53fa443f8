"""Sends a batch of requests through a Pacer, asks again after passing faults, and hands over each reply once."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from xl_alpacaeval_metric.clients.base import Completion, Failure, IsUsable, Reply, Request
from xl_alpacaeval_metric.clients.openai.protocol import Fault
from xl_alpacaeval_metric.clients.openai.rate_limit import Pacer, backoff

UNUSABLE_AT_FIRST = 20
"""A model whose answers are unusable more often than not, beyond so many, is asked for each only once more."""

A_MOMENT = 0.2
"""Seconds for which the slot of a request that was cancelled stays taken."""


class EndpointUnusable(Exception):
    """No request can succeed any more, for the reason in `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class _Job:
    index: int
    request: Request
    retries: int = 0


class RequestScheduler:
    """One batch on the event loop.

    `send` makes one attempt and `deliver` takes (index, reply); `taken` says that a delivered reply is in safe hands.
    Requests in flight and delivered replies that are not yet in safe hands are together never more than the pacer's
    slots: so much, at most, is paid for and lost when the process dies. A request that waits for its next attempt
    occupies nothing.
    """

    def __init__(
        self,
        send: Callable[[Request], Awaitable[Completion | Fault]],
        pacer: Pacer,
        retries: int,
        is_usable: IsUsable | None,
        deliver: Callable[[int, Reply], None],
    ) -> None:
        self._send, self._pacer, self._retries, self._accept, self._deliver = send, pacer, retries, is_usable, deliver
        self._later: list[tuple[float, int, _Job]] = []
        self._changed = asyncio.Event()
        self._at_risk = 0
        self._open = 0
        self._usable = self._unusable = 0

    async def run(self, requests: Sequence[tuple[int, Request]]) -> None:
        """Returns when each request has its reply; raises EndpointUnusable where no request can succeed any more."""
        fresh = iter(requests)
        self._open = len(requests)
        try:
            async with asyncio.TaskGroup() as attempts:
                while (job := await self._next(fresh)) is not None:
                    sent = await self._pacer.slot()
                    self._at_risk += 1
                    attempt = attempts.create_task(self._attempt(job, sent))
                    # Not in the attempt itself: cancelled before its first step, it would not run at all.
                    attempt.add_done_callback(self._free)
                    # Requests that start in step stay in step, and wait for each other on their way out and back.
                    await asyncio.sleep(0)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    def _free(self, attempt: asyncio.Task[None]) -> None:
        # Who cancels one is about to cancel others, and those shall not go out in its place before.
        if attempt.cancelled():
            asyncio.get_running_loop().call_later(A_MOMENT, self._pacer.release)
        else:
            self._pacer.release()

    def taken(self) -> None:
        self._at_risk -= 1
        self._changed.set()

    async def _next(self, fresh: Iterator[tuple[int, Request]]) -> _Job | None:
        """The request to send next: one whose wait is over before a new one; None when all have their replies."""
        loop = asyncio.get_running_loop()
        while True:
            due = self._later[0][0] if self._later else None
            if self._at_risk < self._pacer.most:
                if due is not None and due <= loop.time():
                    return heapq.heappop(self._later)[2]
                if (new := next(fresh, None)) is not None:
                    return _Job(*new)
            else:
                due = None
            if not self._open:
                return None
            self._changed.clear()
            try:
                async with asyncio.timeout_at(due):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _attempt(self, job: _Job, sent: float) -> None:
        outcome = await self._send(job.request)
        patience = self._retries
        if isinstance(outcome, Completion):
            self._pacer.answered()
            if self._accept is None or self._accept(outcome):
                self._usable += 1
                return self._settle(job, replace(outcome, retries=job.retries))
            self._unusable += 1
            outcome = Fault("passing", f"no usable answer in {outcome.text[:80]!r}")
            if self._unusable > max(self._usable, UNUSABLE_AT_FIRST):
                patience = min(patience, 1)
        if outcome.kind == "fatal":
            raise EndpointUnusable(outcome)
        if outcome.kind == "refused":
            return self._settle(job, Failure("refused", outcome.reason, job.retries))
        pause = max(outcome.wait or 0.0, backoff(job.retries))
        if outcome.rate_limited:
            self._pacer.limited(sent, pause if outcome.wait is None else outcome.wait)
        if job.retries >= patience:
            return self._settle(job, Failure("gave_up", f"{outcome.reason} ({job.retries + 1} attempts)", job.retries))
        due = asyncio.get_running_loop().time() + pause
        heapq.heappush(self._later, (due, job.index, replace(job, retries=job.retries + 1)))
        self._changed.set()
        self.taken()

    def _settle(self, job: _Job, reply: Reply) -> None:
        self._open -= 1
        self._changed.set()
        self._deliver(job.index, reply)
