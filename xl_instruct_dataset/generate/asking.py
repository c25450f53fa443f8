"""datatrove's InferenceRunner with this project's clients inside: every reply kept as it comes, faults asked again.

datatrove's own endpoint client ends a task at the first page of HTML, and keeps replies behind their use. The clients here are
those that judge (`xl_alpacaeval_metric.clients`): they pace themselves by the endpoint's limits, retry what is passing, and
stand behind a cache on disk, one file a task.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from datatrove.data import Document
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.inference.servers import SGLangServer, VLLMServer
from datatrove.pipeline.inference.servers.base import InferenceServer
from datatrove.pipeline.inference.types import InferenceError, ServerError
from datatrove.pipeline.writers.jsonl import JsonlWriter

from xl_alpacaeval_metric.cache import CachedClient
from xl_alpacaeval_metric.clients.base import Completion, Message, Reply, Request
from xl_alpacaeval_metric.clients.openai import OpenAIClient
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate.counting import Counter

T = TypeVar("T")
Generate = Callable[[dict[str, Any]], Any]

UNREADABLE_AGAIN = 2
"""How often a reply that cannot be read is asked for again, each time a little warmer."""
WARMER = 0.3


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

    def client(self, concurrency: int, base_url: str | None = None) -> OpenAIClient:
        """The client for its endpoint, or for the server that was started for it at `base_url`."""
        return OpenAIClient(self.name, base_url=base_url or self.base_url or None, concurrency=concurrency)


class Unreadable(Exception):
    """No reply could be read; `text` is the last one."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Refused(Exception):
    """The endpoint will not answer this request, whoever asks again."""


class Unanswered(Exception):
    """Retries are spent; asking again later may help."""


@dataclass
class Asker:
    """Asks one model for one document, and counts what that takes."""

    generate: Generate
    temperature: float
    max_tokens: int
    stage: str = ""
    usage: dict[str, dict[str, int]] = field(default_factory=dict)

    async def ask(
        self,
        messages: Sequence[Message],
        read: Callable[[str], T | None],
        *,
        sample: int = 0,
        temperature: float | None = None,
        max_tokens: int | None = None,
        schema: Mapping[str, object] | None = None,
    ) -> T:
        """What `read` makes of the reply, counted under the current `stage`. Raises Unreadable, Refused, or Unanswered."""
        text = ""
        used = self.usage.setdefault(self.stage, {"requests": 0, "prompt_tokens": 0, "completion_tokens": 0})
        base = self.temperature if temperature is None else temperature
        for attempt in range(UNREADABLE_AGAIN + 1):
            payload = {
                "messages": [dict(message) for message in messages],
                "max_tokens": max_tokens or self.max_tokens,
                "temperature": base + WARMER * attempt,
                # Every candidate and every attempt is a request of its own.
                "sample": sample * (UNREADABLE_AGAIN + 1) + attempt,
                "schema": schema,
            }
            try:
                result = await self.generate(payload)
            except InferenceError as error:
                kind, _, reason = str(error.error).partition(": ")
                raise (Refused if kind == "refused" else Unanswered)(reason or kind) from None
            used["requests"] += 1
            used["prompt_tokens"] += result.usage["prompt_tokens"]
            used["completion_tokens"] += result.usage["completion_tokens"]
            text = result.text
            found = read(text)
            if found is not None:
                return found
        raise Unreadable(text)


def rejection(stage: str, reason: str, text: str = "") -> dict[str, str]:
    """Why a document or a translation goes no further, as it is written down."""
    return {"stage": stage, "reason": reason, "text": text}


class Work(Protocol):
    """What is done with a document: asks, and puts what it found or why there is nothing into the metadata."""

    @property
    def name(self) -> str: ...

    async def __call__(self, metadata: dict[str, Any], asker: Asker) -> None: ...


@dataclass(frozen=True)
class Plan:
    """How one inference phase asks; small and picklable, for it travels to other machines."""

    work: Work
    model: Model
    cache: Path
    progress: Path
    concurrency: int
    temperature: float
    max_tokens: int
    server: Mapping[str, Any] = field(default_factory=dict)


class StageRunner(InferenceRunner):  # type: ignore[misc]
    """One model's part in making the data: documents in, the same documents with what it added out.

    Raises UserError when documents are left without an answer, so that their task is not taken for finished.
    """

    def __init__(self, plan: Plan, writer: JsonlWriter) -> None:
        self.plan = plan
        self.unanswered: list[str] = []
        config = InferenceConfig(
            server_type="endpoint" if plan.model.backend == "openai" else plan.model.backend,
            model_name_or_path=plan.model.name,
            endpoint_url="unused",
            max_concurrent_generations=plan.concurrency,
            max_concurrent_documents=plan.concurrency,
            metric_interval=3600,
            **dict(plan.server),
        )
        super().__init__(self._roll_out, config, writer, metadata_key="done")

    def _init_server(self, rank: int) -> InferenceServer:
        return SERVERS[self.plan.model.backend](self.config, rank, self.plan)

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        with Counter(self.plan.progress, self.plan.work.name, rank) as self.counter:
            super().run(data, rank, world_size)
        failed = self.stats.stats["failed_documents"].total if "failed_documents" in self.stats.stats else 0
        if failed:
            raise UserError(f"{self.plan.work.name}: {failed} documents could not be written")
        if self.unanswered:
            raise UserError(
                f"{self.plan.work.name}: {len(self.unanswered)} documents have no answer from {self.plan.model.spec} "
                f"({self.unanswered[0]}); the same command asks for these alone"
            )

    async def _roll_out(self, document: Document, generate: Generate) -> bool:
        asker = Asker(generate, self.plan.temperature, self.plan.max_tokens, self.plan.work.name)
        metadata = document.metadata
        if "rejected" not in metadata:
            try:
                await self.plan.work(metadata, asker)
            except Unreadable as error:
                metadata["rejected"] = rejection(asker.stage, "unreadable reply", error.text)
            except Refused as error:
                metadata["rejected"] = rejection(asker.stage, "refused by the model's server", str(error))
            except Unanswered as error:
                self.unanswered.append(str(error))
        metadata["usage"] = {**metadata.get("usage", {}), **asker.usage}
        self.counter.add()
        return True


def _one(client: CachedClient, request: Request) -> Reply:
    ((_, reply),) = client.complete([request])
    return reply


class _Asking:
    """A server whose requests go through a client of ours, cached on disk."""

    config: InferenceConfig
    plan: Plan
    _client: CachedClient | None = None

    def prepare(self, plan: Plan, rank: int) -> None:
        self.plan, self._cache_file = plan, plan.cache / f"{rank:05d}.sqlite"
        self._threads = ThreadPoolExecutor(plan.concurrency, thread_name_prefix="asking")
        self._first = asyncio.Lock()

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
            client = await self._connected(base_url)
            ask = partial(_one, client, request)
            reply = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except UserError as error:
            raise ServerError(str(error)) from None
        if not isinstance(reply, Completion):
            raise InferenceError(None, f"{reply.kind}: {reply.reason}", payload=payload)
        usage = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
        return {"choices": [{"message": {"content": reply.text}, "finish_reason": "stop"}], "usage": usage}

    async def _connected(self, base_url: str | None) -> CachedClient:
        """The client, made and tried by whoever comes first."""
        async with self._first:
            if self._client is None:
                client = CachedClient(self.plan.model.client(self.plan.concurrency, base_url), self._cache_file)
                await asyncio.get_running_loop().run_in_executor(self._threads, client.preflight)
                self._client = client
            return self._client

    def end(self) -> None:
        """Close connections and the cache."""
        self._threads.shutdown(cancel_futures=True)
        if self._client is not None:
            self._client.close()


class EndpointAsking(_Asking, InferenceServer):  # type: ignore[misc]
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


class _StartedHere(_Asking):
    """A server that datatrove starts for the task, and stops after it."""

    def get_base_url(self) -> str:
        raise NotImplementedError

    async def _make_request(self, payload: dict[str, Any]) -> dict[str, Any]:
        return await self.answer(payload, f"{self.get_base_url()}/v1")

    async def __aexit__(self, *error: object) -> None:
        self.end()
        await super().__aexit__(*error)  # type: ignore[misc]


class VLLMAsking(_StartedHere, VLLMServer):  # type: ignore[misc]
    """vLLM."""

    def __init__(self, config: InferenceConfig, rank: int, plan: Plan) -> None:
        VLLMServer.__init__(self, config, rank)
        self.prepare(plan, rank)

    def get_base_url(self) -> str:
        return str(VLLMServer.get_base_url(self))


class SGLangAsking(_StartedHere, SGLangServer):  # type: ignore[misc]
    """SGLang."""

    def __init__(self, config: InferenceConfig, rank: int, plan: Plan) -> None:
        SGLangServer.__init__(self, config, rank)
        self.prepare(plan, rank)

    def get_base_url(self) -> str:
        return str(SGLangServer.get_base_url(self))


SERVERS: Mapping[str, Callable[[InferenceConfig, int, Plan], InferenceServer]] = {
    "openai": EndpointAsking,
    "vllm": VLLMAsking,
    "sglang": SGLangAsking,
}
