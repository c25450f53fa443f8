"""One request to a chat completions endpoint, and what came of it.

Over aiohttp and not the openai library, which takes a multiple of the processor time for a request, so much that
64 at a time no longer keep up on two cores that have other work too (`perf/judge_latency.py`).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.request import getproxies

from xl_alpacaeval_metric.clients.base import Completion
from xl_alpacaeval_metric.clients.openai.endpoint import Endpoint
from xl_alpacaeval_metric.clients.openai.protocol import Fault, read_reply, status_fault
from xl_alpacaeval_metric.clients.openai.rate_limit import retry_after

if TYPE_CHECKING:
    import aiohttp

CONNECT_TIMEOUT = 8.0
"""Seconds for a connection to be made. An address that takes one may take its time to answer: its model may be loading."""


class Exchange:
    """The connections to an endpoint, at most so many; `at_close` takes what is to be awaited when their loop ends."""

    def __init__(
        self, endpoint: Endpoint, connections: int, at_close: Callable[[Callable[[], Awaitable[None]]], None]
    ) -> None:
        self._endpoint, self._connections, self._at_close = endpoint, connections, at_close
        self._url = endpoint.address("chat/completions")
        self._http: aiohttp.ClientSession | None = None

    async def ask(
        self, body: Mapping[str, object], choices: Sequence[str], limit: int, timeout: float
    ) -> Completion | Fault:
        """The reply to a request of `limit` tokens with this body, within `timeout` seconds in all."""
        import aiohttp

        try:
            data = json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return Fault("refused", "the messages hold half a character (a lone surrogate)")
        try:
            async with asyncio.timeout(timeout), self._session().post(self._url, data=data) as response:
                text = (await response.read()).decode("utf-8", "replace")
        except aiohttp.ConnectionTimeoutError:
            return Fault("unreachable", f"no connection within {CONNECT_TIMEOUT:.3g} s")
        except TimeoutError:
            return Fault("passing", f"no answer within {timeout:.3g} s")
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            return Fault("unreachable", self._endpoint.line(f"no connection: {error}"))
        except aiohttp.ClientError as error:
            return Fault("passing", self._endpoint.line(f"connection dropped: {error}"))
        outcome = (
            read_reply(text, choices, limit)
            if response.status < 300
            else status_fault(response.status, text, retry_after(response.headers))
        )
        if isinstance(outcome, Fault):
            return replace(outcome, reason=self._endpoint.line(outcome.reason))
        return outcome

    def _session(self) -> "aiohttp.ClientSession":
        """Made on the event loop, where it lives."""
        if self._http is None:
            import aiohttp

            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._endpoint.trusted()),
                headers={"Content-Type": "application/json", **self._endpoint.headers},
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
                # Looked up for every request where it is on.
                trust_env=bool(getproxies()),
            )
            self._at_close(self._http.close)
        return self._http
