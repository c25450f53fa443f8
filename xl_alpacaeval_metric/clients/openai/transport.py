"""HTTP requests to a chat completions endpoint.

They use aiohttp. The openai library takes several times the processor time for each request, so
that two cores with other work cannot keep 64 requests in flight (`perf/judge_latency.py`).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xl_alpacaeval_metric import credentials
from xl_alpacaeval_metric.clients.base import Completion
from xl_alpacaeval_metric.clients.openai.body import BodyRefused, read_text
from xl_alpacaeval_metric.clients.openai.endpoint import Endpoint
from xl_alpacaeval_metric.clients.openai.protocol import Fault, status_fault
from xl_alpacaeval_metric.clients.openai.rate_limit import retry_after
from xl_alpacaeval_metric.clients.openai.reply import read_reply

if TYPE_CHECKING:
    import aiohttp

CONNECT_TIMEOUT = 8.0
"""Seconds within which a connection must be established. A reply may take longer, while the server
loads its model, say."""


class Transport:
    """At most `connections` connections to an endpoint, used from one event loop.

    `on_close` registers what the event loop awaits before it ends (`LoopThread.on_close`).
    """

    def __init__(
        self, endpoint: Endpoint, connections: int, on_close: Callable[[Callable[[], Awaitable[None]]], None]
    ) -> None:
        self._endpoint, self._connections, self._on_close = endpoint, connections, on_close
        self._url = endpoint.url_of("chat/completions")
        self._proxy = endpoint.proxy
        self._http: aiohttp.ClientSession | None = None

    async def post(
        self, body: Mapping[str, object], choices: Sequence[str], limit: int | None, timeout: float
    ) -> Completion | Fault:
        """The reply to a request with this body, or the fault within `timeout` seconds in all.

        `limit` is the token limit in the body, if any; `choices` are those of the request.
        """
        import aiohttp

        try:
            data = json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return Fault("refused", "the messages hold half a character (a lone surrogate)")
        try:
            # Prompts go to the address that was given, and a POST that is redirected becomes a GET.
            post = self._session().post(self._url, data=data, proxy=self._proxy, allow_redirects=False)
            async with asyncio.timeout(timeout), post as response:
                text = await read_text(response)
        except aiohttp.ConnectionTimeoutError:
            return Fault("unreachable", f"no connection within {CONNECT_TIMEOUT:.3g} s")
        except TimeoutError:
            return Fault("transient", f"no answer within {timeout:.3g} s")
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            return Fault("unreachable", self._endpoint.redacted_line(f"no connection: {error}"))
        except BodyRefused as refused:
            return Fault("transient", str(refused))
        except aiohttp.ClientError as error:
            return Fault("transient", self._endpoint.redacted_line(f"connection dropped: {error}"))
        if 300 <= response.status < 400:
            target = credentials.redact(response.headers.get("Location", "no address"))
            return Fault("fatal", self._endpoint.redacted_line(f"redirects to {target}"), response.status)
        outcome = (
            read_reply(text, choices, limit)
            if response.status < 300
            else status_fault(response.status, text, retry_after(response.headers))
        )
        if isinstance(outcome, Fault):
            return replace(outcome, reason=self._endpoint.redacted_line(outcome.reason))
        return outcome

    def _session(self) -> "aiohttp.ClientSession":
        """The HTTP session, created on the event loop that it belongs to."""
        if self._http is None:
            import aiohttp

            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._endpoint.ssl_context()),
                headers={
                    "Content-Type": "application/json",
                    "Accept-Encoding": "identity",
                    **self._endpoint.headers,
                },
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
                # Would read a netrc file, too, and refuse to send both its password and the key.
                trust_env=False,
            )
            self._on_close(self._http.close)
        return self._http
