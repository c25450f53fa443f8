"""How fast to ask: the concurrency limit that rate limits shrink, and how long to wait before asking again."""

import asyncio
import random
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_PAUSE = 60.0
"""Seconds: a longer Retry-After is cut to this."""


class Pacer:
    """Slots for requests in flight: never more than `most`, fewer after a rate limit, none before Retry-After is over.

    Additive increase, multiplicative decrease: a rate limit halves the number of slots, and each full round of answers
    gives an eighth of `most` back. Rate limits that answer requests sent before the last halving tell nothing new
    and do not halve again. To be used from one event loop.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self.in_flight = 0
        self._held_until = 0.0
        self._halved_at = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def slot(self) -> float:
        """Wait for a slot and take it; returns the loop's time."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                now = loop.time()
                if now < self._held_until:
                    await asyncio.sleep(self._held_until - now)
                elif self.in_flight < int(self.limit):
                    self.in_flight += 1
                    return now
                else:
                    turn = loop.create_future()
                    self._waiting.append(turn)
                    await turn
        except asyncio.CancelledError:
            self._wake()  # It may have been this one's turn.
            raise

    def _wake(self) -> None:
        """Have as many look again as there are slots, those that have waited longest; all of them would be in each other's way."""
        free = int(self.limit) - self.in_flight
        while free > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1

    def release(self) -> None:
        self.in_flight -= 1
        self._wake()

    def answered(self) -> None:
        """A request succeeded."""
        self.limit = min(float(self.most), self.limit + max(1.0, self.most / 8) / self.limit)
        self._wake()

    def limited(self, sent: float, pause: float) -> None:
        """The request sent at loop time `sent` met a rate limit: send nothing for `pause` seconds, then less at once."""
        now = asyncio.get_running_loop().time()
        if sent >= self._halved_at:
            self.limit = max(1.0, self.limit / 2)
            self._halved_at = now
        self._held_until = max(self._held_until, now + pause)


def backoff(attempt: int, base: float = 0.5, cap: float = 30.0) -> float:
    """Seconds to wait after failed attempt 0, 1, ...: exponential with full jitter.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random.uniform(0, min(cap, base * 2.0 ** min(attempt, 30)))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the header Retry-After asks for (a number, or an HTTP date), at most LONGEST_PAUSE; None without one.

    A date is measured against the server's own clock where it sends one.
    """
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        date = _date(value)
        if date is None:
            return None
        seconds = (date - (_date(headers.get("date", "")) or datetime.now(UTC))).total_seconds()
    # Written so that nan comes out as 0.
    return min(seconds, LONGEST_PAUSE) if seconds > 0 else 0.0


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
