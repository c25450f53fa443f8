"""Rate limits: a concurrency limit that adapts to them, and how long to wait before a retry."""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_PAUSE = 300.0
"""Seconds: nobody waits for a quota that returns after a longer Retry-After."""
LONGEST_DELAY = 366 * 86400.0
"""Seconds: a Retry-After of more is cut to this."""

LIMITS_SHOWN_FROM = 8
"""Rate limits in a row, and then each doubling of their number, that are logged."""
WAITS_SHOWN_FROM = 30.0
"""Seconds of a Retry-After from which it is logged."""

logger = logging.getLogger(__name__)


class ConcurrencyLimiter:
    """Slots for requests in flight: at most `maximum`, fewer after a rate limit, none in a pause.

    Additive increase, multiplicative decrease: a rate limit halves the number of slots, and each
    full round of replies gives an eighth of `maximum` back. A rate limit met by a request that was
    sent before the last decrease is no news, and does not halve the number again. Use it from one
    event loop only.
    """

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.limit = float(maximum)
        self.in_flight = 0
        self._paused_until = 0.0
        self._decreased_at = 0.0
        self._waiters: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> float:
        """Wait for a slot and occupy it; returns the loop's time."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                now = loop.time()
                if now < self._paused_until:
                    await asyncio.sleep(self._paused_until - now)
                elif self.in_flight < int(self.limit):
                    self.in_flight += 1
                    return now
                else:
                    waiter = loop.create_future()
                    self._waiters.append(waiter)
                    await waiter
        except asyncio.CancelledError:
            self._wake()  # This one may have been woken; another must get the slot.
            raise

    def release(self) -> None:
        """Free a slot."""
        self.in_flight -= 1
        self._wake()

    def succeeded(self) -> None:
        """Raise the limit: a request succeeded."""
        self.limit = min(float(self.maximum), self.limit + max(1.0, self.maximum / 8) / self.limit)
        self._wake()

    def rate_limited(self, sent: float, pause: float) -> None:
        """Lower the limit: the request sent at loop time `sent` met a rate limit.

        Nothing is sent for `pause` seconds.
        """
        now = asyncio.get_running_loop().time()
        if sent >= self._decreased_at:
            self.limit = max(1.0, self.limit / 2)
            self._decreased_at = now
        self._paused_until = max(self._paused_until, now + pause)

    def _wake(self) -> None:
        """Wake as many waiters as there are free slots, in order of arrival.

        Waking all of them would have each one check in vain.
        """
        free = int(self.limit) - self.in_flight
        while free > 0 and self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                free -= 1


class Waits:
    """Logs the waits at an endpoint that a user wants to know of, and each only once.

    Those are long ones, and rate limits that come one after the other: at 8, 16, 32, ... of them.
    """

    def __init__(self) -> None:
        self._limited = 0
        """Rate limits in a row."""
        self._said_until = 0.0

    def answered(self) -> None:
        """Note that a request was answered."""
        self._limited = 0

    def asked(self, reason: str, wait: float) -> None:
        """Note that the endpoint asks to wait so many seconds."""
        now = time.monotonic()
        if wait >= WAITS_SHOWN_FROM and now + wait / 2 > self._said_until:
            self._said_until = now + wait
            logger.warning("%s; the next attempt is in %s", reason, in_words(wait))

    def limited(self, reason: str, pause: float, waiting: int | None = None) -> None:
        """Note a rate limit: the next attempt is in `pause` seconds, and so many requests wait."""
        self._limited += 1
        doublings, rest = divmod(self._limited, LIMITS_SHOWN_FROM)
        if not rest and doublings & (doublings - 1) == 0:
            others = "" if waiting is None else f" {waiting} requests wait,"
            logger.warning(
                "%s: %d times in a row;%s the next attempt is in %s", reason, self._limited, others, in_words(pause)
            )


def backoff(attempt: int, base: float = 0.5, cap: float = 30.0) -> float:
    """Seconds to wait after failed attempt 0, 1, ...: exponential with full jitter.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random.uniform(0, min(cap, base * 2.0 ** min(attempt, 30)))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of the header Retry-After; None where it is missing.

    The header holds a number or an HTTP date. A date is compared with the server's own clock where
    the reply has a Date header.
    """
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        date = _date(value)
        if date is None:
            return None
        seconds = (date - (_date(headers.get("date", "")) or datetime.now(UTC))).total_seconds()
    # In this order, nan becomes 0.
    return min(seconds, LONGEST_DELAY) if seconds > 0 else 0.0


def in_words(seconds: float) -> str:
    """A duration: "40 seconds", "12 minutes", "7.2 hours"."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.3g} hours"


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
