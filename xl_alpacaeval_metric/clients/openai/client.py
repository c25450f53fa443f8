"""The client for endpoints that speak OpenAI's chat completions protocol."""

import asyncio
import queue
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from xl_alpacaeval_metric.clients.base import (
    AUTO_THINKING,
    Completion,
    IsUsable,
    Outcome,
    Reply,
    Request,
    Thinking,
)
from xl_alpacaeval_metric.clients.openai import probe
from xl_alpacaeval_metric.clients.openai.advice import in_one_line, went_into_reasoning
from xl_alpacaeval_metric.clients.openai.connection import Connection
from xl_alpacaeval_metric.clients.openai.endpoint import Endpoint
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities, Fault
from xl_alpacaeval_metric.clients.openai.reply_stream import ReplyStream
from xl_alpacaeval_metric.clients.openai.scheduler import EndpointUnusable, RequestScheduler
from xl_alpacaeval_metric.clients.per_process import PerProcess
from xl_alpacaeval_metric.errors import ModelUnavailable, UserError

MAX_CONCURRENCY = 1000
TIMEOUT, TIMEOUT_WITH_ROOM = 60.0, 600.0
"""Seconds of one attempt, and of one that has room to think."""


class OpenAIClient:
    """Sends requests to an OpenAI-compatible endpoint, at most `concurrency` at a time.

    `base_url` defaults to OPENAI_BASE_URL, then OpenAI's; `api_key` to OPENAI_API_KEY, then, where
    there is an address, to a dummy. `timeout` is the seconds of one attempt in all (by
    default 60, and 600 with room to think), `retries` the number of attempts after the first,
    `preflight_timeout` the seconds within which the endpoint must answer the probe. Where it
    reports no log-probabilities, a choice is read from a text of up to `verdict_tokens` tokens.
    `thinking` is the room to think before a choice or a JSON object. The answer to the probe may
    take `probe_tokens`. The endpoint's `capabilities` are detected before the first request, unless
    they are given, as found by another client.

    Raises ModelUnavailable where there is neither a key nor an address.
    """

    streams = True

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        concurrency: int = 64,
        timeout: float | None = None,
        retries: int = 6,
        preflight_timeout: float = 45.0,
        verdict_tokens: int = 16,
        thinking: Thinking = AUTO_THINKING,
        probe_tokens: int = 1,
        capabilities: Capabilities | None = None,
    ) -> None:
        if not 1 <= concurrency <= MAX_CONCURRENCY:
            raise UserError(f"concurrency {concurrency} is not between 1 and {MAX_CONCURRENCY}")
        self._model = model
        self._endpoint = Endpoint.resolve(base_url, api_key)
        self._timeout, self._timeout_with_room = timeout or TIMEOUT, timeout or TIMEOUT_WITH_ROOM
        self._retries, self._preflight_timeout = retries, preflight_timeout
        self._verdict_tokens, self._thinking = verdict_tokens, thinking
        self._probe = replace(probe.PROBE, max_tokens=probe_tokens)
        self._capabilities = capabilities
        self._connection = PerProcess(partial(Connection, self._endpoint, concurrency, f"requests to {self.spec}"))
        # Closes a forgotten client before the program ends and would warn of open sockets.
        self._close = weakref.finalize(self, _close, self._connection)

    @property
    def spec(self) -> str:
        return f"openai/{self._model}"

    @property
    def endpoint(self) -> Endpoint:
        return self._endpoint

    @property
    def identity(self) -> Mapping[str, object]:
        """As `Client.identity`; final after `preflight`, which detects the capabilities."""
        capabilities = self._capabilities or Capabilities()
        identity: dict[str, object] = {
            "backend": "openai",
            "model": self._model,
            "endpoint": self._endpoint.url,
            **capabilities.settings,
            **self._thinking.settings,
        }
        return identity if capabilities.top_logprobs else identity | {"verdict_tokens": self._verdict_tokens}

    def preflight(self) -> None:
        """Send the probe, and detect the endpoint's capabilities; raises ModelUnavailable."""
        self._capabilities = self._connection.get().thread.run(self._detect_capabilities())

    @property
    def capabilities(self) -> Capabilities | None:
        """Which parameters the endpoint accepts; None until that is known."""
        return self._capabilities

    def ensure_capabilities(self) -> None:
        """Detect the endpoint's capabilities, unless they are known; raises ModelUnavailable."""
        if self._capabilities is None:
            self.preflight()

    def body(self, request: Request) -> dict[str, object]:
        """The JSON body of a request to this endpoint."""
        return self._body(request, self._capabilities or Capabilities())

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        """As `Client.complete`. Identical requests are sent once; copies of a reply are `cached`.

        A reply counts against `concurrency` until the caller asks for the next one. A caller that
        stops early cancels the requests in flight.
        """
        outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        with self.stream(outcomes.put, is_usable) as stream:
            stream.send(list(enumerate(requests)))
            stream.end()
            for _ in requests:
                outcome = outcomes.get()
                if isinstance(outcome, Exception):
                    raise outcome
                yield outcome
                stream.stored(outcome[0])

    @contextmanager
    def stream(self, deliver: Callable[[Outcome], None], is_usable: IsUsable | None = None) -> Iterator[ReplyStream]:
        """As `StreamingClient.stream`; identical requests are sent once."""
        self.ensure_capabilities()
        connection = self._connection.get()

        def scheduler_for(finish: Callable[[int, Reply], None]) -> RequestScheduler:
            return RequestScheduler(self._send, connection.limiter, self._retries, is_usable, finish)

        stream = ReplyStream(connection.thread, scheduler_for, lambda e: self.unavailable(e.fault), deliver, self.spec)
        try:
            yield stream
        finally:
            stream.stop()

    async def answer(self, request: Request, keep: Callable[[Completion], None]) -> Reply:
        """As `AsyncClient.answer`. A request occupies its slot until `keep` has returned."""
        return await asyncio.wrap_future(self._connection.get().thread.submit(self._answer(request, keep)))

    def close(self) -> None:
        """As `Client.close`; cancels the requests in flight."""
        self._close()

    async def _answer(self, request: Request, keep: Callable[[Completion], None]) -> Reply:
        connection = self._connection.get()
        async with connection.probing:
            if self._capabilities is None:
                self._capabilities = await self._detect_capabilities()
        replies: list[Reply] = []

        def deliver(_: int, reply: Reply) -> None:
            if isinstance(reply, Completion):
                keep(reply)
            replies.append(reply)

        scheduler = RequestScheduler(self._send, connection.limiter, self._retries, None, deliver)
        scheduler.add([(0, request)])
        scheduler.end()
        try:
            await scheduler.run()
        except EndpointUnusable as error:
            raise self.unavailable(error.fault) from None
        return replies[0]

    async def _detect_capabilities(self) -> Capabilities:
        try:
            return await probe.detect_capabilities(
                self._post,
                self._probe,
                self._timeout,
                self._preflight_timeout,
                self._thinking,
                self._timeout_with_room,
            )
        except probe.ProbeFailed as failed:
            raise self._only_reasons() if failed.fault is None else self.unavailable(failed.fault) from None

    async def _send(self, request: Request, with_room: bool = False) -> Completion | Fault:
        """One attempt, `with_room` after a reply that was not usable.

        The probe has neither a JSON schema nor a seed, and a short prompt: an endpoint that refuses
        one of them, or so much room, gets the request again without, and so all later requests.
        """
        capabilities = self._capabilities or Capabilities()
        with_room = with_room and self._thinking.mode != "off"
        judged = bool(request.choices) or request.json_schema is not None
        long = judged and (with_room or capabilities.thinks)
        outcome = await self._post(request, capabilities, self._timeout_with_room if long else self._timeout, with_room)
        if isinstance(outcome, Fault) and (new := capabilities.adapted_later(outcome.complaint, with_room=long)):
            known = self._capabilities or new  # Another request may have changed them meanwhile.
            schema, seed = known.json_schema and new.json_schema, known.seed and new.seed
            ends = known.window_ends or new.window_ends
            self._capabilities = replace(known, json_schema=schema, seed=seed, window_ends=ends)
            return await self._send(request, with_room)
        if isinstance(outcome, Fault) and outcome.kind == "forbidden":
            return await self._resolve_forbidden(outcome)
        return outcome

    async def _resolve_forbidden(self, fault: Fault) -> Fault:
        """Whether a 403 concerns its request alone (moderation, a firewall) or every request.

        The probe decides, a request that no moderation objects to.
        """
        async with self._connection.get().probing:
            outcome = await self._post(self._probe, self._capabilities or Capabilities(), self._timeout)
        if isinstance(outcome, Completion):
            return replace(fault, kind="refused")
        return replace(fault, kind="fatal" if outcome.kind in ("forbidden", "fatal") else "transient")

    def _body(self, request: Request, capabilities: Capabilities, with_room: bool = False) -> dict[str, object]:
        return capabilities.body(self._model, request, self._verdict_tokens, self._thinking, with_room=with_room)

    async def _post(
        self, request: Request, capabilities: Capabilities, timeout: float, with_room: bool = False
    ) -> Completion | Fault:
        """One HTTP request, within `timeout` seconds in all."""
        body = self._body(request, capabilities, with_room)
        limit = int(str(body[capabilities.token_limit])) if capabilities.token_limit in body else None
        return await self._connection.get().transport.post(body, request.choices, limit, timeout)

    def unavailable(self, fault: Fault) -> ModelUnavailable:
        """The error to raise after a fault that concerns every request."""
        return ModelUnavailable(f"{self.spec} at {self._endpoint.url}: {in_one_line(fault)}")

    def _only_reasons(self) -> ModelUnavailable:
        tokens = max(self._probe.max_tokens, self._verdict_tokens)
        return ModelUnavailable(f"{self.spec} at {self._endpoint.url}: {went_into_reasoning(self._thinking, tokens)}")


def _close(connection: PerProcess[Connection]) -> None:
    if (opened := connection.existing()) is not None:
        opened.thread.close()
