"""Sends requests, retries after transient faults, and delivers each reply once."""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from xl_alpacaeval_metric.clients.base import UNUSABLE, Completion, Failure, IsUsable, Reply, Request
from xl_alpacaeval_metric.clients.openai.protocol import Fault
from xl_alpacaeval_metric.clients.openai.rate_limit import LONGEST_PAUSE, ConcurrencyLimiter, Waits, backoff, in_words

UNUSABLE_ALLOWED = 20
"""Unusable completions after which, if they also outnumber the usable ones, each request is retried
only once."""

CANCELLED_SLOT_SECONDS = 0.2
"""How long the slot of a cancelled request stays occupied."""


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
    with_room: bool = False


class RequestScheduler:
    """Requests on the event loop, which may come while others are in flight.

    All methods are for the loop's thread. `send(request, with_room)` makes one attempt, where
    `with_room` says that the reply to an earlier one was not usable. `deliver` takes (index,
    reply), and `acknowledge` says that the caller has stored a delivered reply. Requests in flight
    and replies delivered but not acknowledged are together never more than the limiter's slots: no
    more than that is paid for and lost when the process dies. A request that waits for its next
    attempt occupies no slot.
    """

    def __init__(
        self,
        send: Callable[[Request, bool], Awaitable[Completion | Fault]],
        limiter: ConcurrencyLimiter,
        retries: int,
        is_usable: IsUsable | None,
        deliver: Callable[[int, Reply], None],
    ) -> None:
        self._send, self._limiter, self._retries = send, limiter, retries
        self._is_usable, self._deliver = is_usable, deliver
        self._new_requests: deque[tuple[int, Request]] = deque()
        self._complete = False
        """Whether no more requests come."""
        self._retry_queue: list[tuple[float, int, _Job]] = []
        """Heap of (due at loop time, index, job)."""
        self._changed = asyncio.Event()
        self._unacknowledged = 0
        """Requests in flight, and replies delivered but not acknowledged."""
        self._without_reply = 0
        self._usable = self._unusable = 0
        self._waits = Waits()

    def add(self, requests: Iterable[tuple[int, Request]]) -> None:
        """Have these requests sent, each with its index, before or while `run` runs."""
        before = len(self._new_requests)
        self._new_requests.extend(requests)
        self._without_reply += len(self._new_requests) - before
        self._changed.set()

    def end(self) -> None:
        """Say that no more requests come."""
        self._complete = True
        self._changed.set()

    async def run(self) -> None:
        """Return after `end`, when each request has its reply.

        Raises EndpointUnusable where none can succeed.
        """
        try:
            async with asyncio.TaskGroup() as attempts:
                while (job := await self._next()) is not None:
                    sent = await self._limiter.acquire()
                    self._unacknowledged += 1
                    attempt = attempts.create_task(self._attempt(job, sent))
                    # A callback: a task cancelled before its first step runs none of its code.
                    attempt.add_done_callback(self._release_slot)
                    # Requests that start at once stay in step, and then delay each other.
                    await asyncio.sleep(0)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    def acknowledge(self) -> None:
        """Say that a delivered reply is stored, so that another request may be sent."""
        self._unacknowledged -= 1
        self._changed.set()

    def _release_slot(self, attempt: asyncio.Task[None]) -> None:
        # A caller that cancels one request is about to cancel others. The delay keeps those from
        # being sent in the slot of the first.
        if attempt.cancelled():
            asyncio.get_running_loop().call_later(CANCELLED_SLOT_SECONDS, self._limiter.release)
        else:
            self._limiter.release()

    async def _next(self) -> _Job | None:
        """The next request to send: a retry that is due, else a new one; None after all replies."""
        loop = asyncio.get_running_loop()
        while True:
            due = self._retry_queue[0][0] if self._retry_queue else None
            if self._unacknowledged < self._limiter.maximum:
                if due is not None and due <= loop.time():
                    return heapq.heappop(self._retry_queue)[2]
                if self._new_requests:
                    return _Job(*self._new_requests.popleft())
            else:
                due = None
            if self._complete and not self._without_reply:
                return None
            self._changed.clear()
            try:
                async with asyncio.timeout_at(due):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _attempt(self, job: _Job, sent: float) -> None:
        outcome = await self._send(job.request, job.with_room)
        retries_allowed = self._retries
        if isinstance(outcome, Completion):
            self._limiter.succeeded()
            self._waits.answered()
            if self._is_usable is None or self._is_usable(outcome):
                self._usable += 1
                return self._finish(job, replace(outcome, retries=job.retries))
            self._unusable += 1
            why = " cut at its token limit" if outcome.cut else ""
            outcome = Fault("transient", f"{UNUSABLE}{outcome.text[:80]!r}{why}")
            if self._unusable > max(self._usable, UNUSABLE_ALLOWED):
                # A request that had no room yet gets it once, whatever failed before.
                retries_allowed = min(retries_allowed, 1 if job.with_room else job.retries + 1)
            job = replace(job, with_room=True)
        if outcome.kind == "fatal":
            raise EndpointUnusable(outcome)
        if outcome.kind == "refused":
            return self._finish(job, Failure("refused", outcome.reason, job.retries))
        pause = max(outcome.wait or 0.0, backoff(job.retries))
        if outcome.wait is not None and outcome.wait > LONGEST_PAUSE:
            raise EndpointUnusable(_out_of_quota(outcome, outcome.wait))
        if outcome.wait is not None:
            self._waits.asked(outcome.reason, outcome.wait)
        if outcome.rate_limited:
            self._waits.limited(outcome.reason, pause, self._without_reply)
            self._limiter.rate_limited(sent, pause if outcome.wait is None else outcome.wait)
        if job.retries >= retries_allowed:
            reason = f"{outcome.reason} ({job.retries + 1} attempts)"
            return self._finish(job, Failure("gave_up", reason, job.retries))
        due = asyncio.get_running_loop().time() + pause
        heapq.heappush(self._retry_queue, (due, job.index, replace(job, retries=job.retries + 1)))
        self.acknowledge()

    def _finish(self, job: _Job, reply: Reply) -> None:
        self._without_reply -= 1
        self._changed.set()
        self._deliver(job.index, reply)


def _out_of_quota(fault: Fault, wait: float) -> Fault:
    return replace(
        fault,
        kind="fatal",
        reason=f"{fault.reason}; it asks to wait {in_words(wait)} (Retry-After {wait:.0f}); "
        "what was answered is kept, and the same command goes on then",
    )
