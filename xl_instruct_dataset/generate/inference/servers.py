"""datatrove's inference servers with this project's clients inside: every reply kept as it comes, faults asked again.

datatrove's own endpoint client ends a task at the first page of HTML, and keeps replies behind their use. The clients here are
those that judge (`xl_alpacaeval_metric.clients`): they pace themselves by the endpoint's limits, retry what is passing, and
stand behind a cache on disk, one file a task.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datatrove.pipeline.inference.run_inference import InferenceConfig
from datatrove.pipeline.inference.servers import SGLangServer, VLLMServer
from datatrove.pipeline.inference.servers.base import InferenceServer
from datatrove.pipeline.inference.types import InferenceError, ServerError

from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.cache import CachedAsyncClient
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate.inference.prompter import Rollout
from xl_instruct_dataset.quality.sanitise import plain

PATIENCE = 180.0
"""Seconds within which an endpoint must have shown that it answers."""
READY = 3
"""Requests at the client for each that may be in flight: the next one goes out while a reply is still looked at."""
PROBE_TOKENS = 1024
"""Room for a model that reasons before it answers the probe."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model in a role. `spec` is BACKEND/MODEL; `base_url` is an endpoint's address, OPENAI_BASE_URL where it is empty."""

    spec: str
    base_url: str = ""

    @property
    def backend(self) -> str:
        return self.spec.partition("/")[0]

    @property
    def name(self) -> str:
        return self.spec.partition("/")[2]

    def client(
        self, concurrency: int, timeout: float, base_url: str | None = None, dialect: Capabilities | None = None
    ) -> OpenAIClient:
        """The client for its endpoint, or for the server that was started for it at `base_url`.

        With the `dialect` that an earlier client found, the endpoint is not probed again.
        """
        return PortableClient(
            self.name,
            base_url=base_url or self.base_url or None,
            concurrency=concurrency,
            timeout=timeout,
            # A server on a small machine may be loading its model.
            preflight_timeout=PATIENCE,
            probe_tokens=PROBE_TOKENS,
            capabilities=dialect,
        )


class PortableClient(OpenAIClient):
    """A model is the same wherever it is served: a server that was started again has another port, and its replies are kept."""

    @property
    def identity(self) -> Mapping[str, object]:
        return {"backend": "openai", "model": self._model}


@dataclass(frozen=True)
class Plan:
    """How one inference phase asks; small and picklable, for it travels to other machines.

    `timeout` is the seconds that one attempt of a request may take; `gpus` those of a server that is started for a task.
    `dialect` is what is known of an endpoint; each task probes it where that is None.
    """

    work: Rollout
    model: Model
    cache: Path
    progress: Path
    concurrency: int
    temperature: float
    max_tokens: int
    reasoning_tokens: int = 0
    timeout: float = 600.0
    gpus: int = 1
    dialect: Capabilities | None = None
    server: Mapping[str, Any] = field(default_factory=dict)

    def config(self) -> InferenceConfig:
        """As datatrove wants it."""
        started = self.model.backend != "openai"
        # What a repository of weights brings along as code is not run; datatrove asks vLLM to.
        no_code = {"model_kwargs": {"trust-remote-code": False}} if self.model.backend == "vllm" else {}
        return InferenceConfig(
            server_type=self.model.backend if started else "endpoint",
            model_name_or_path=self.model.name,
            endpoint_url="unused",
            max_concurrent_generations=READY * self.concurrency,
            max_concurrent_documents=READY * self.concurrency,
            metric_interval=3600,
            server_ready_delay_sec=1.0,
            server_ready_max_attempts=3600,
            tp=max(1, self.gpus) if started else 1,
            **{**no_code, **self.server},
        )


class CachedServer:
    """A server whose requests go through a client of ours, cached on disk."""

    config: InferenceConfig
    plan: Plan
    _client: CachedAsyncClient | None = None

    def prepare(self, plan: Plan, rank: int) -> None:
        self.plan, self._cache_file = plan, plan.cache / f"{rank:05d}.sqlite"

    async def answer(self, payload: dict[str, Any], base_url: str | None) -> dict[str, Any]:
        """The reply in the form that InferenceRunner reads; raises InferenceError, or ServerError when nothing will do."""
        request = Request(
            messages=tuple(payload["messages"]),
            max_tokens=payload["max_tokens"],
            temperature=payload["temperature"],
            json_schema=payload["schema"],
            sample=payload["sample"],
        )
        try:
            if self._client is None:
                asking = self.plan.model.client(self.plan.concurrency, self.plan.timeout, base_url, self.plan.dialect)
                self._client = CachedAsyncClient(asking, self._cache_file)
            reply = await self._client.answer(request)
        except UserError as error:
            raise ServerError(str(error)) from None
        if not isinstance(reply, Completion):
            raise InferenceError(None, f"{reply.kind}: {reply.reason}", payload=payload)
        usage = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
        choice = {"message": {"content": plain(reply.text)}, "finish_reason": "length" if reply.cut else "stop"}
        return {"choices": [choice], "usage": usage}

    def end(self) -> None:
        """Close connections and the cache: what waits for a reply is not waited for."""
        if self._client is not None:
            self._client.close()


class EndpointAsking(CachedServer, InferenceServer):  # type: ignore[misc]
    """An endpoint that is there already."""

    def __init__(self, config: InferenceConfig, rank: int, plan: Plan) -> None:
        InferenceServer.__init__(self, config, rank)
        self.prepare(plan, rank)

    async def __aenter__(self) -> "EndpointAsking":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end()

    async def make_request(self, payload: dict[str, Any]) -> dict[str, Any]:
        return await self.answer(payload, None)

    async def start_server(self) -> None: ...

    async def monitor_health(self) -> None: ...

    def get_base_url(self) -> str:
        return self.plan.model.base_url


class StartedServer(CachedServer):
    """A server that datatrove starts for the task, and stops after it; it stands before that server's class."""

    async def _make_request(self, payload: dict[str, Any]) -> dict[str, Any]:
        address = super().get_base_url()  # type: ignore[misc]
        return await self.answer(payload, f"{address}/v1")

    async def __aexit__(self, *error: object) -> None:
        self.end()
        await super().__aexit__(*error)  # type: ignore[misc]


class VLLMAsking(StartedServer, VLLMServer):  # type: ignore[misc]
    """vLLM."""

    def __init__(self, config: InferenceConfig, rank: int, plan: Plan) -> None:
        VLLMServer.__init__(self, config, rank)
        self.prepare(plan, rank)


class SGLangAsking(StartedServer, SGLangServer):  # type: ignore[misc]
    """SGLang."""

    def __init__(self, config: InferenceConfig, rank: int, plan: Plan) -> None:
        SGLangServer.__init__(self, config, rank)
        self.prepare(plan, rank)


SERVERS: Mapping[str, Callable[[InferenceConfig, int, Plan], InferenceServer]] = {
    "openai": EndpointAsking,
    "vllm": VLLMAsking,
    "sglang": SGLangAsking,
}
