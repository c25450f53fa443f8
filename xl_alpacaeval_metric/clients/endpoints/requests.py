"""The HTTP of the harness's endpoint models: bounded replies, rate limits, refused prompts."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from xl_alpacaeval_metric.clients.endpoint_reply import Withheld
from xl_alpacaeval_metric.clients.endpoints.refusals import Arguments, Refusals, RequestRefused, refusal, shortest
from xl_alpacaeval_metric.clients.openai.body import MAX_BYTES, BodyRefused, complaint_of, is_filtered, parsed
from xl_alpacaeval_metric.clients.openai.endpoint import AZURE_HOSTS, key_header
from xl_alpacaeval_metric.clients.openai.protocol import Fault
from xl_alpacaeval_metric.clients.openai.rate_limit import LONGEST_PAUSE, Waits, backoff, in_words, retry_after

if TYPE_CHECKING:
    import aiohttp

_CHUNK = 2**16
_ATTEMPTS = 7
"""At a request that meets a rate limit; the harness alone gives up within seconds."""


def bound_replies(lm: Any) -> Refusals:
    """Have an endpoint model of the harness read no more than MAX_BYTES of a reply.

    The harness reads replies whole, however long they are. A prompt that is refused where others
    are answered has an empty answer, with the reason (`EndpointReply`); the `prompts` of what is
    returned are tried to find that out. A model that is bounded stays so.
    """
    if (bounded_before := vars(lm).get("refusals")) is not None:
        found: Refusals = bounded_before
        return found
    refusals = lm.refusals = Refusals(lambda prompt, arguments: ask(lm, _messages(lm, prompt), gen_kwargs=arguments))
    waits = lm.waits = Waits()
    concurrently, generate_until = lm.amodel_call, lm.generate_until

    async def bounded(*, session: "aiohttp.ClientSession", **named: Any) -> Any:
        asyncio.get_running_loop().set_exception_handler(_without_others)
        generates = named.get("generate", True)
        arguments = named.get("gen_kwargs") or {} if generates else None
        if arguments is not None:
            refusals.raise_if_every(arguments)
        return await concurrently(session=_Session(session, waits, refusals, arguments), **named)

    def one_by_one(messages: Any, *, generate: bool = True, gen_kwargs: Arguments | None = None, **named: Any) -> Any:
        arguments = gen_kwargs or {}
        if not generate:
            return ask(lm, messages, generate=False, gen_kwargs=arguments, **named)
        refusals.raise_if_every(arguments)
        try:
            body = ask(lm, messages, gen_kwargs=arguments, **named)
        except RequestRefused as refused:
            refusals.check(refused, arguments)
            return Withheld(refused.reason)
        refusals.note(body, arguments)
        return body

    def all_at_once(requests: Sequence[Any], *arguments: Any, **named: Any) -> Any:
        refusals.prompts = refusals.prompts or shortest(one.args[0] for one in requests)
        return generate_until(requests, *arguments, **named)

    lm.amodel_call, lm.model_call, lm.generate_until = bounded, one_by_one, all_at_once
    return refusals


def _without_others(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log no error of a request but the first, which the harness raises."""
    if "never retrieved" not in str(context.get("message")):
        loop.default_exception_handler(context)


def _messages(lm: Any, prompt: Any) -> list[Any]:
    """A prompt as the harness passes it to a request."""
    return [lm.tok_encode(prompt) if lm.tokenized_requests else prompt]


def use_key_header(lm: Any) -> None:
    """Have an endpoint model of the harness send its key in the header that the host takes.

    The harness knows of a bearer token alone. Headers that it was given are kept.
    """
    host = urlsplit(str(lm.base_url)).hostname or ""
    if lm._header is None and host.lower().endswith(AZURE_HOSTS):
        lm._header = key_header(host, lm.api_key)


def ask(lm: Any, messages: Any, *, generate: bool = True, gen_kwargs: Arguments | None = None, **named: Any) -> Any:
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
    while (pause := _pause(response.status_code, response.headers, attempt, lm.waits)) is not None:
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
        if is_filtered(text):
            return Withheld()
        if (refused := refusal(status, text)) is not None:
            raise refused
        if not response.ok:
            reason = (complaint_of(text) or response.reason) + _too_late(response.headers)
            raise requests.HTTPError(f"status {status}: {reason}", response=response)
        return parsed(text)


class _Session:
    """A session whose replies are bounded; the harness only posts."""

    def __init__(
        self, session: "aiohttp.ClientSession", waits: Waits, refusals: Refusals, arguments: Arguments | None
    ) -> None:
        """`arguments` are those of the generation; None for requests that generate nothing."""
        self._session, self._waits, self._refusals, self._arguments = session, waits, refusals, arguments

    def post(self, *arguments: Any, **named: Any) -> "_Reply":
        post = partial(self._session.post, *arguments, **named)
        return _Reply(post, self._waits, self._refusals, self._arguments)


class _Reply:
    """A reply while it is read: what the harness uses of it.

    A prompt that is refused each time, by a content filter or otherwise, has an empty answer, which
    is counted, and is not the end of the run.
    """

    def __init__(self, post: Callable[[], Any], waits: Waits, refusals: Refusals, arguments: Arguments | None) -> None:
        self._post, self._waits, self._refusals, self._arguments = post, waits, refusals, arguments
        self._text = ""
        self._withheld: Withheld | None = None

    async def __aenter__(self) -> Self:
        attempt = 0
        await self._open()
        while (pause := _pause(self.status, self._response.headers, attempt, self._waits)) is not None:
            await self.__aexit__(None, None, None)
            await asyncio.sleep(pause)
            attempt += 1
            await self._open()
        self._withheld = await self._refusal(await self.text())
        return self

    async def _refusal(self, text: str) -> Withheld | None:
        """What stands for the answer to a prompt that is refused; None for another fault."""
        if is_filtered(text):
            return Withheld()
        refused = refusal(self.status, text)
        if refused is None or self._arguments is None:
            return None
        await asyncio.to_thread(self._refusals.check, refused, self._arguments)
        return Withheld(refused.reason)

    async def _open(self) -> None:
        self._opening = self._post()
        self._response: aiohttp.ClientResponse = await self._opening.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        await self._opening.__aexit__(*error)

    @property
    def ok(self) -> bool:
        return self._withheld is not None or self._response.ok

    @property
    def status(self) -> int:
        return self._response.status

    def raise_for_status(self) -> None:
        """Raise for an error status, as aiohttp does, with what the server says is wrong."""
        import aiohttp

        if self._withheld is not None:
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
        if self._withheld is not None:
            return self._withheld
        body = parsed(await self.text())
        if self._arguments is not None:
            self._refusals.note(body, self._arguments)
        return body


def _pause(status: int, headers: Mapping[str, str], attempt: int, waits: Waits) -> float | None:
    """Seconds to wait at a rate limit before the next attempt; None where there is none."""
    wait = retry_after(headers)
    if not Fault("transient", "", status, wait).rate_limited:
        waits.answered()
        return None
    if attempt + 1 == _ATTEMPTS or _too_late(headers):
        return None
    pause = backoff(attempt, 1.0) if wait is None else wait
    waits.asked(f"status {status}", pause)
    waits.limited(f"status {status}", pause)
    return pause


def _too_late(headers: Mapping[str, str]) -> str:
    """What to say of a quota that nobody waits for; "" where there is none."""
    wait = retry_after(headers) or 0.0
    return f"; it asks to wait {in_words(wait)} (Retry-After {wait:.0f})" if wait > LONGEST_PAUSE else ""


def _too_long() -> str:
    return f"a reply of more than {MAX_BYTES // 2**20} MiB"
