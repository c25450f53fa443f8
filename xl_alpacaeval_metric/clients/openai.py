"""Models behind any endpoint that speaks OpenAI's chat completions."""

import asyncio
import queue
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xl_alpacaeval_metric.clients.background import LoopThread
from xl_alpacaeval_metric.clients.base import Accept, Completion, Reply, Request
from xl_alpacaeval_metric.clients.dialect import Dialect, Fault, read_reply, status_fault
from xl_alpacaeval_metric.clients.dispatch import Batch, NoUse
from xl_alpacaeval_metric.clients.endpoint import Endpoint
from xl_alpacaeval_metric.clients.fingerprint import copied, group_identical
from xl_alpacaeval_metric.clients.pacing import Pacer, backoff, retry_after
from xl_alpacaeval_metric.errors import JudgeUnavailable, UserError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

PROBE = Request(({"role": "user", "content": "Reply with one letter, A."},), max_tokens=1, choices=("A", "B"))
PROBE_ATTEMPTS = 6
NEEDS = {
    401: "check OPENAI_API_KEY",
    402: "the account has no credit left",
    403: "check what OPENAI_API_KEY is allowed to do",
    404: "check the model's name and the base URL (most end in /v1)",
    405: "check the base URL (most end in /v1)",
}
"""Status -> what its user has to do."""
MOST_CONCURRENT = 1000
"""As many connections as the openai library opens."""


class OpenAIClient:
    """Asks an OpenAI-compatible endpoint, at most `concurrency` requests at a time.

    `base_url` defaults to OPENAI_BASE_URL, then OpenAI's; `api_key` to OPENAI_API_KEY, and to a dummy where only an
    address is given. `timeout` is the seconds that one attempt may take in all, `retries` the attempts after the first,
    `preflight_timeout` the seconds within which the endpoint must have shown that it answers. Where it gives no
    log-probabilities, a verdict is read from an answer of up to `verdict_tokens` tokens.

    Raises JudgeUnavailable where there is neither a key nor an address.
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
        preflight_timeout: float = 10.0,
        verdict_tokens: int = 16,
    ) -> None:
        if not 1 <= concurrency <= MOST_CONCURRENT:
            raise UserError(f"concurrency {concurrency} is not between 1 and {MOST_CONCURRENT}")
        self._model = model
        self._endpoint = Endpoint.resolve(base_url, api_key)
        self._timeout, self._retries, self._preflight_timeout = timeout, retries, preflight_timeout
        self._verdict_tokens = verdict_tokens
        self._dialect: Dialect | None = None
        self._pacer = Pacer(concurrency)
        self._thread = LoopThread(f"requests to {self.spec}")
        self._library: AsyncOpenAI | None = None

    @property
    def spec(self) -> str:
        return f"openai/{self._model}"

    @property
    def identity(self) -> Mapping[str, object]:
        """Final after `preflight`, which finds out which parameters the endpoint takes."""
        dialect = self._dialect or Dialect()
        identity: dict[str, object] = {
            "backend": "openai",
            "model": self._model,
            "endpoint": self._endpoint.url,
            "temperature": "as asked" if dialect.temperature else "the endpoint's own",
            "top_logprobs": dialect.top_logprobs,
        }
        return identity if dialect.top_logprobs else identity | {"verdict_tokens": self._verdict_tokens}

    def preflight(self) -> None:
        """Ask for one letter, and find out which parameters the endpoint takes; raises JudgeUnavailable in one line."""
        self._connect()
        self._dialect = self._thread.run(self._negotiate())

    def complete(self, requests: Sequence[Request], accept: Accept | None = None) -> Iterator[tuple[int, Reply]]:
        """As `Client.complete`. Identical requests are sent once: the copies of a completion are `cached`, without tokens.

        The next request is not sent before the caller comes back from dealing with a reply, so that what a killed
        process has asked for and not dealt with is never more than `concurrency` replies. A caller that stops early
        cancels what is in flight.
        """
        if self._dialect is None:
            self.preflight()
        groups = {indices[0]: indices for indices in group_identical(requests).values()}
        outcomes: queue.SimpleQueue[tuple[int, Reply] | Exception] = queue.SimpleQueue()
        batch = Batch(self._send, self._pacer, self._retries, accept, lambda *outcome: outcomes.put(outcome))
        running = self._thread.start(self._run(batch, [(index, requests[index]) for index in groups], outcomes))
        try:
            for _ in groups:
                outcome = outcomes.get()
                if isinstance(outcome, Exception):
                    raise outcome
                index, reply = outcome
                yield index, reply
                for copy in groups[index][1:]:
                    yield copy, copied(reply)
                self._thread.call(batch.taken)
        finally:
            running.stop()

    def close(self) -> None:
        library, self._library = self._library, None
        if library is not None:
            self._thread.run(library.close())
        self._thread.close()

    def _connect(self) -> "AsyncOpenAI":
        if self._library is None:
            from openai import AsyncOpenAI

            endpoint = self._endpoint
            endpoint.guard_logs()
            self._library = AsyncOpenAI(
                api_key=endpoint.key,
                base_url=endpoint.url,
                default_headers=endpoint.headers,
                default_query=endpoint.query,
                timeout=self._timeout,
                max_retries=0,
            )
        return self._library

    async def _run(
        self,
        batch: Batch,
        requests: Sequence[tuple[int, Request]],
        outcomes: "queue.SimpleQueue[tuple[int, Reply] | Exception]",
    ) -> None:
        try:
            await batch.run(requests)
        except asyncio.CancelledError:
            outcomes.put(RuntimeError(f"{self.spec}: closed while it was asked"))
            raise
        except NoUse as end:
            outcomes.put(self._unavailable(end.fault))
        except Exception as error:
            outcomes.put(error)

    async def _negotiate(self) -> Dialect:
        """Ask the probe until it is answered in a dialect that suits the endpoint."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._preflight_timeout
        dialect, silent, fault, attempt = Dialect(), 0, Fault("passing", "no answer"), 0
        while attempt < PROBE_ATTEMPTS and (left := deadline - loop.time()) > 0:
            # An answer that never comes shall leave time for a second attempt.
            outcome = await self._ask(PROBE, dialect, min(self._timeout, left if attempt else 0.4 * left))
            if isinstance(outcome, Completion):
                text = outcome.text.strip()
                if dialect.top_logprobs and outcome.logprobs is None:
                    # A reply that is no verdict either may be an accident, which does not happen three times.
                    silent += 1
                    if text in PROBE.choices or silent == 3:
                        dialect = replace(dialect, top_logprobs=0)
                    if text not in PROBE.choices:
                        continue
                if not text and not outcome.logprobs:
                    raise self._reasons()
                return dialect
            fault = outcome
            if "output limit was reached" in fault.complaint:
                raise self._reasons()
            if (adapted := dialect.adapted(fault.complaint)) is not None:
                dialect = adapted
                continue
            if fault.kind != "passing":
                break
            attempt += 1
            await asyncio.sleep(
                min(max(fault.wait or 0.0, backoff(attempt, 0.2, 1.0)), max(0.0, deadline - loop.time()))
            )
        raise self._unavailable(fault)

    async def _send(self, request: Request) -> Completion | Fault:
        """One attempt; an endpoint that refuses a JSON schema is asked without."""
        dialect = self._dialect or Dialect()
        outcome = await self._ask(request, dialect, self._timeout)
        if isinstance(outcome, Fault) and request.json_schema is not None:
            adapted = dialect.adapted(outcome.complaint)
            if adapted is not None and not adapted.json_schema:
                self._dialect = replace(dialect, json_schema=False)
                return await self._ask(request, self._dialect, self._timeout)
        return outcome

    async def _ask(self, request: Request, dialect: Dialect, timeout: float) -> Completion | Fault:
        """One HTTP request."""
        import openai

        library = self._connect()
        body = dialect.body(self._model, request, self._verdict_tokens)
        try:
            async with asyncio.timeout(timeout):
                outcome = read_reply(await library.post("/chat/completions", body=body, cast_to=str), request.choices)
        except (TimeoutError, openai.APITimeoutError):
            return Fault("passing", f"no answer within {timeout:.3g} s")
        except openai.APIStatusError as error:
            outcome = status_fault(error.status_code, error.body, retry_after(error.response.headers))
        except openai.APIConnectionError as error:
            return self._dropped(error)
        except UnicodeEncodeError:
            return Fault("refused", "the messages hold a lone surrogate, which is no text")
        if isinstance(outcome, Fault):
            return replace(outcome, reason=self._endpoint.line(outcome.reason))
        return outcome

    def _dropped(self, error: Exception) -> Fault:
        cause = error.__cause__ or error
        said = self._endpoint.line(str(cause))
        if type(cause).__name__ in ("ConnectError", "ProxyError"):
            return Fault("unreachable", f"no connection: {said}")
        return Fault("passing", f"connection dropped: {said or type(cause).__name__}")

    def _unavailable(self, fault: Fault) -> JudgeUnavailable:
        need = NEEDS.get(fault.status, "check the base URL" if fault.kind == "unreachable" else "")
        return JudgeUnavailable(f"{self.spec} at {self._endpoint.url}: {fault.reason}" + (f"; {need}" if need else ""))

    def _reasons(self) -> JudgeUnavailable:
        return JudgeUnavailable(
            f"{self.spec} at {self._endpoint.url}: an empty answer, its {self._verdict_tokens} tokens went into reasoning; "
            "take a model that does not reason, or more verdict_tokens"
        )
