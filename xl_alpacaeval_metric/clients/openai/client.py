"""Models behind any endpoint that speaks OpenAI's chat completions."""

import asyncio
import queue
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from xl_alpacaeval_metric.clients.base import Completion, IsUsable, Reply, Request
from xl_alpacaeval_metric.clients.fingerprint import fan_out, group_indices, request_key
from xl_alpacaeval_metric.clients.openai import probe
from xl_alpacaeval_metric.clients.openai.endpoint import Endpoint
from xl_alpacaeval_metric.clients.openai.loop_thread import LoopThread
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities, Fault
from xl_alpacaeval_metric.clients.openai.rate_limit import Pacer
from xl_alpacaeval_metric.clients.openai.scheduler import EndpointUnusable, RequestScheduler
from xl_alpacaeval_metric.clients.openai.transport import Exchange
from xl_alpacaeval_metric.errors import ModelUnavailable, UserError

NEEDS: dict[int | str, str] = {
    "unreachable": "check the base URL",
    "passing": "check the base URL, or wait until the server has its model loaded",
    401: "check OPENAI_API_KEY",
    402: "the account has no credit left",
    403: "check what OPENAI_API_KEY is allowed to do",
    404: "check the model's name and the base URL (most end in /v1)",
    405: "check the base URL (most end in /v1)",
}
"""Status, or kind of fault without one -> what the user has to do."""
MOST_CONCURRENT = 1000


class OpenAIClient:
    """Asks an OpenAI-compatible endpoint, at most `concurrency` requests at a time.

    `base_url` defaults to OPENAI_BASE_URL, then OpenAI's; `api_key` to OPENAI_API_KEY, and to a dummy where only an
    address is given. `timeout` is the seconds that one attempt may take in all, `retries` the attempts after the first,
    `preflight_timeout` the seconds within which the endpoint must have shown that it answers. Where it gives no
    log-probabilities, a verdict is read from an answer of up to `verdict_tokens` tokens; the answer to the probe may take
    `probe_tokens`, which leave room to reason. Which parameters the endpoint takes is found out before the first request,
    unless another client did and its `dialect` is given.

    Raises ModelUnavailable where there is neither a key nor an address.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        concurrency: int = 64,
        timeout: float = 60.0,
        retries: int = 6,
        preflight_timeout: float = 45.0,
        verdict_tokens: int = 16,
        probe_tokens: int = 1,
        dialect: Capabilities | None = None,
    ) -> None:
        if not 1 <= concurrency <= MOST_CONCURRENT:
            raise UserError(f"concurrency {concurrency} is not between 1 and {MOST_CONCURRENT}")
        self._model = model
        self._endpoint = Endpoint.resolve(base_url, api_key)
        self._timeout, self._retries, self._preflight_timeout = timeout, retries, preflight_timeout
        self._verdict_tokens = verdict_tokens
        self._probe = replace(probe.PROBE, max_tokens=probe_tokens)
        self._dialect = dialect
        self._settling = asyncio.Lock()
        self._pacer = Pacer(concurrency)
        self._thread = LoopThread(f"requests to {self.spec}")
        self._exchange = Exchange(self._endpoint, concurrency, self._thread.at_close)
        # Whoever forgets to close the client shall not be told of its open connections when the program ends.
        self._closing = weakref.finalize(self, self._thread.close)

    @property
    def spec(self) -> str:
        return f"openai/{self._model}"

    @property
    def endpoint(self) -> Endpoint:
        return self._endpoint

    @property
    def identity(self) -> Mapping[str, object]:
        """Final after `preflight`, which finds out which parameters the endpoint takes."""
        dialect = self._dialect or Capabilities()
        identity: dict[str, object] = {
            "backend": "openai",
            "model": self._model,
            "endpoint": self._endpoint.url,
            "temperature": "as asked" if dialect.temperature else "the endpoint's own",
            "top_logprobs": dialect.top_logprobs,
        }
        return identity if dialect.top_logprobs else identity | {"verdict_tokens": self._verdict_tokens}

    def preflight(self) -> None:
        """Ask for one letter, and find out which parameters the endpoint takes; raises ModelUnavailable in one line."""
        self._dialect = self._thread.run(self._negotiate())

    @property
    def dialect(self) -> Capabilities | None:
        """Which parameters the endpoint takes; None until that is known."""
        return self._dialect

    def settle(self) -> None:
        """Find out which parameters the endpoint takes, unless that is known."""
        if self._dialect is None:
            self.preflight()

    def body(self, request: Request) -> dict[str, object]:
        """The request as the endpoint takes it."""
        return (self._dialect or Capabilities()).body(self._model, request, self._verdict_tokens)

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        """As `Client.complete`. Identical requests are sent once: the copies of a completion are `cached`, without tokens.

        The next request is not sent before the caller comes back from dealing with a reply, so that what a killed
        process has asked for and not dealt with is never more than `concurrency` replies. A caller that stops early
        cancels what is in flight.
        """
        self.settle()
        groups = {indices[0]: indices for indices in group_indices(map(request_key, requests)).values()}
        outcomes: queue.SimpleQueue[tuple[int, Reply] | Exception] = queue.SimpleQueue()
        batch = RequestScheduler(
            self._send, self._pacer, self._retries, is_usable, lambda *outcome: outcomes.put(outcome)
        )
        running = self._thread.start(self._run(batch, [(index, requests[index]) for index in groups], outcomes))
        try:
            for _ in groups:
                outcome = outcomes.get()
                if isinstance(outcome, Exception):
                    raise outcome
                index, reply = outcome
                yield from fan_out(groups[index], reply)
                self._thread.call(batch.taken)
        finally:
            running.stop()

    async def answer(self, request: Request, keep: Callable[[Completion], None]) -> Reply:
        """As `AsyncClient.answer`. The next request is sent when `keep` has come back, not when the caller has."""
        return await asyncio.wrap_future(self._thread.submit(self._answer(request, keep)))

    def close(self) -> None:
        self._closing()

    async def _answer(self, request: Request, keep: Callable[[Completion], None]) -> Reply:
        async with self._settling:
            if self._dialect is None:
                self._dialect = await self._negotiate()
        replies: list[Reply] = []

        def deliver(_: int, reply: Reply) -> None:
            if isinstance(reply, Completion):
                keep(reply)
            replies.append(reply)

        batch = RequestScheduler(self._send, self._pacer, self._retries, None, deliver)
        try:
            await batch.run([(0, request)])
        except EndpointUnusable as end:
            raise self.unavailable(end.fault) from None
        return replies[0]

    async def _run(
        self,
        batch: RequestScheduler,
        requests: Sequence[tuple[int, Request]],
        outcomes: "queue.SimpleQueue[tuple[int, Reply] | Exception]",
    ) -> None:
        try:
            await batch.run(requests)
        except asyncio.CancelledError:
            outcomes.put(RuntimeError(f"{self.spec}: closed while it was asked"))
            raise
        except EndpointUnusable as end:
            outcomes.put(self.unavailable(end.fault))
        except Exception as error:
            outcomes.put(error)

    async def _negotiate(self) -> Capabilities:
        try:
            return await probe.negotiate(self._ask, self._probe, self._timeout, self._preflight_timeout)
        except probe.ProbeFailed as end:
            raise self._reasons() if end.fault is None else self.unavailable(end.fault) from None

    async def _send(self, request: Request) -> Completion | Fault:
        """One attempt; an endpoint that refuses a JSON schema or a seed, which the probe has not, is asked without."""
        dialect = self._dialect or Capabilities()
        outcome = await self._ask(request, dialect, self._timeout)
        if isinstance(outcome, Fault) and (request.json_schema is not None or request.sample):
            adapted = dialect.adapted(outcome.complaint)
            if adapted is not None and not (adapted.json_schema and adapted.seed):
                known = self._dialect or adapted  # Others may have found out more meanwhile.
                schema, seed = known.json_schema and adapted.json_schema, known.seed and adapted.seed
                self._dialect = replace(known, json_schema=schema, seed=seed)
                return await self._send(request)
        if isinstance(outcome, Fault) and outcome.kind == "forbidden":
            return await self._told_apart(outcome)
        return outcome

    async def _told_apart(self, fault: Fault) -> Fault:
        """Whether a 403 is about its request (moderation, a firewall) or about all: the probe tells, which nobody minds."""
        async with self._settling:
            outcome = await self._ask(self._probe, self._dialect or Capabilities(), self._timeout)
        if isinstance(outcome, Completion):
            return replace(fault, kind="refused")
        return replace(fault, kind="fatal" if outcome.kind in ("forbidden", "fatal") else "passing")

    async def _ask(self, request: Request, dialect: Capabilities, timeout: float) -> Completion | Fault:
        """One HTTP request, within `timeout` seconds in all."""
        body = dialect.body(self._model, request, self._verdict_tokens)
        return await self._exchange.ask(body, request.choices, int(str(body[dialect.token_limit])), timeout)

    def unavailable(self, fault: Fault) -> ModelUnavailable:
        """What to raise after a fault that no request survives."""
        need = NEEDS.get(fault.status or fault.kind, "")
        return ModelUnavailable(f"{self.spec} at {self._endpoint.url}: {fault.reason}" + (f"; {need}" if need else ""))

    def _reasons(self) -> ModelUnavailable:
        tokens = max(self._probe.max_tokens, self._verdict_tokens)
        return ModelUnavailable(
            f"{self.spec} at {self._endpoint.url}: an empty answer, its {tokens} tokens went into reasoning; "
            "take a model that does not reason, or more verdict_tokens"
        )
