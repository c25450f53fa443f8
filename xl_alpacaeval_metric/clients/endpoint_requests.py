"""The HTTP of the harness's endpoint models: bounded replies, rate limits, content filters."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from xl_alpacaeval_metric.clients.endpoint_reply import FILTERED
from xl_alpacaeval_metric.clients.openai.body import MAX_BYTES, BodyRefused, complaint_of, is_filtered, parsed
from xl_alpacaeval_metric.clients.openai.endpoint import AZURE_HOSTS, key_header
from xl_alpacaeval_metric.clients.openai.protocol import Fault
from xl_alpacaeval_metric.clients.openai.rate_limit import LONGEST_PAUSE, backoff, in_words, retry_after

if TYPE_CHECKING:
    import aiohttp

logger = logging.getLogger(__name__)

_CHUNK = 2**16
_ATTEMPTS = 7
"""At a request that meets a rate limit; the harness alone gives up within seconds."""


class RequestRefused(Exception):
    """The endpoint refuses a request (status 400 or 422), and why."""


def bound_replies(lm: Any) -> None:
    """Have an endpoint model of the harness read no more than MAX_BYTES of a reply.

    The harness reads replies whole, however long they are. A model that is bounded stays so.
    """
    if "amodel_call" in vars(lm):
        return
    concurrently = lm.amodel_call

    async def bounded(*, session: "aiohttp.ClientSession", **named: Any) -> Any:
        return await concurrently(session=_Session(session), **named)

    lm.amodel_call = bounded
    lm.model_call = lambda messages, **named: ask(lm, messages, **named)


def use_key_header(lm: Any) -> None:
    """Have an endpoint model of the harness send its key in the header that the host takes.

    The harness knows of a bearer token alone. Headers that it was given are kept.
    """
    host = urlsplit(str(lm.base_url)).hostname or ""
    if lm._header is None and host.lower().endswith(AZURE_HOSTS):
        lm._header = key_header(host, lm.api_key)


def ask(
    lm: Any, messages: Any, *, generate: bool = True, gen_kwargs: dict[str, Any] | None = None, **named: Any
) -> Any:
    """One attempt at one request, as the harness makes it; returns the reply's JSON.

    Raises RequestRefused where the endpoint refuses the request itself, and what `requests` raises.
    """
    import requests

    payload = lm._create_payload(
        lm.create_message(messages),
        generate=generate,
        gen_kwargs=dict(gen_kwargs or {}),
        seed=lm._seed,
        eos=lm.eos_string,
        **named,
    )
    settings = {"headers": lm.header, "verify": lm.verify_certificate, "timeout": lm.timeout}
    attempt = 0
    response = requests.post(lm.base_url, json=payload, stream=True, **settings)
    while (pause := _pause(response.status_code, response.headers, attempt)) is not None:
        response.close()
        time.sleep(pause)
        attempt += 1
        response = requests.post(lm.base_url, json=payload, stream=True, **settings)
    with response:
        found = bytearray()
        for chunk in response.iter_content(_CHUNK):
            found += chunk
            if len(found) > MAX_BYTES:
                raise BodyRefused(_too_long())
        text, status = found.decode("utf-8", "replace"), response.status_code
        if status == 400 and is_filtered(text):
            return _withheld()
        if status in (400, 422):
            raise RequestRefused(complaint_of(text) or f"status {status}")
        if not response.ok:
            reason = (complaint_of(text) or response.reason) + _too_late(response.headers)
            raise requests.HTTPError(f"status {status}: {reason}", response=response)
        return parsed(text)


def _withheld() -> dict[str, Any]:
    """The reply, of a chat or completions endpoint, that a content filter withheld."""
    return {"choices": [{"message": {"content": ""}, "text": "", "finish_reason": FILTERED}]}


class _Session:
    """A session whose replies are bounded; the harness only posts."""

    def __init__(self, session: "aiohttp.ClientSession") -> None:
        self._session = session

    def post(self, *arguments: Any, **named: Any) -> "_Reply":
        return _Reply(partial(self._session.post, *arguments, **named))


class _Reply:
    """A reply while it is read: what the harness uses of it.

    A content filter refuses a prompt each time: that is an empty answer, which is counted, and not
    the end of the run.
    """

    def __init__(self, post: Callable[[], Any]) -> None:
        self._post, self._text, self._filtered = post, "", False

    async def __aenter__(self) -> Self:
        attempt = 0
        await self._open()
        while (pause := _pause(self.status, self._response.headers, attempt)) is not None:
            await self.__aexit__(None, None, None)
            await asyncio.sleep(pause)
            attempt += 1
            await self._open()
        self._filtered = self.status == 400 and is_filtered(await self.text())
        return self

    async def _open(self) -> None:
        self._opening = self._post()
        self._response: aiohttp.ClientResponse = await self._opening.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        await self._opening.__aexit__(*error)

    @property
    def ok(self) -> bool:
        return self._filtered or self._response.ok

    @property
    def status(self) -> int:
        return self._response.status

    def raise_for_status(self) -> None:
        """Raise for an error status, as aiohttp does, with what the server says is wrong."""
        import aiohttp

        if self._filtered:
            return
        try:
            self._response.raise_for_status()
        except aiohttp.ClientResponseError as error:
            error.message = (complaint_of(self._text) or error.message) + _too_late(self._response.headers)
            raise

    async def text(self) -> str:
        if self._text:
            return self._text
        found = bytearray()
        async for chunk in self._response.content.iter_chunked(_CHUNK):
            found += chunk
            if len(found) > MAX_BYTES:
                self._response.close()
                raise BodyRefused(_too_long())
        self._text = found.decode("utf-8", "replace")
        return self._text

    async def json(self) -> Any:
        if self._filtered:
            return _withheld()
        return parsed(await self.text())


def _pause(status: int, headers: Mapping[str, str], attempt: int) -> float | None:
    """Seconds to wait at a rate limit before the next attempt; None where there is none."""
    wait = retry_after(headers)
    if not Fault("transient", "", status, wait).rate_limited or attempt + 1 == _ATTEMPTS or _too_late(headers):
        return None
    pause = backoff(attempt, 1.0) if wait is None else wait
    logger.warning("status %d; the next attempt is in %s", status, in_words(pause))
    return pause


def _too_late(headers: Mapping[str, str]) -> str:
    """What to say of a quota that nobody waits for; "" where there is none."""
    wait = retry_after(headers) or 0.0
    return f"; it asks to wait {in_words(wait)} (Retry-After {wait:.0f})" if wait > LONGEST_PAUSE else ""


def _too_long() -> str:
    return f"a reply of more than {MAX_BYTES // 2**20} MiB"
