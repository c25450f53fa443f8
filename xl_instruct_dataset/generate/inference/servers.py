"""datatrove's inference servers with this project's clients inside.

datatrove's own endpoint client ends a task at the first page of HTML, and stores a reply only after
its use. The clients here are those that judge (`xl_alpacaeval_metric.clients`): they keep to the
endpoint's rate limits, retry passing faults, and stand behind a cache on disk, one file a task.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from datatrove.pipeline.inference.run_inference import InferenceConfig
from datatrove.pipeline.inference.servers import SGLangServer, VLLMServer
from datatrove.pipeline.inference.servers.base import InferenceServer

from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.cache import CachedAsyncClient
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.processes.server_guard import ServerGuard
from xl_instruct_dataset.generate.config import server_arguments
from xl_instruct_dataset.generate.config.models import Model
from xl_instruct_dataset.generate.inference import server_log
from xl_instruct_dataset.generate.inference.errors import ServerError, of_failure
from xl_instruct_dataset.generate.inference.prompter import Rollout
from xl_instruct_dataset.quality.sanitise import plain

SECONDS_TO_LOG = 10.0
"""For the rest of a log after its server has ended: a process of its may hold the pipe open."""
READY = 3
"""Requests at the client for each in flight: the next one goes out while a reply is looked at."""


@dataclass(frozen=True)
class InferenceSpec:
    """How one inference phase asks its model; small and picklable, to be sent to other machines.

    `timeout` is the seconds that one attempt of a request may take; `gpus` those of a server that
    is started for a task. `capabilities` are those of the endpoint; each task probes them where
    they are None. `options` are further arguments of datatrove's InferenceConfig.
    """

    rollout: Rollout
    model: Model
    cache: Path
    progress: Path
    logs: Path
    concurrency: int
    temperature: float
    max_tokens: int
    reasoning_tokens: int = 0
    timeout: float = 600.0
    gpus: int = 1
    capabilities: Capabilities | None = None
    server_args: Mapping[str, object] = field(default_factory=dict)

    def config(self) -> InferenceConfig:
        """datatrove's configuration."""
        started = not self.model.served
        replies = self.max_tokens + self.reasoning_tokens
        own = server_arguments.of(self.model.backend, self.model.name, self.server_args, replies) if started else {}
        return InferenceConfig(
            server_type=self.model.backend if started else "endpoint",
            model_name_or_path=self.model.name,
            endpoint_url="unused",
            max_concurrent_generations=READY * self.concurrency,
            max_concurrent_documents=READY * self.concurrency,
            metric_interval=3600,
            server_ready_delay_sec=1.0,
            server_ready_max_attempts=3600,
            server_log_folder=str(self.logs) if started else None,
            tp=max(1, self.gpus) if started else 1,
            **own,
        )


class CachedServer:
    """A server whose requests go through a client of this project, cached on disk."""

    config: InferenceConfig
    spec: InferenceSpec
    _client: CachedAsyncClient | None = None

    def use(self, spec: InferenceSpec, rank: int) -> None:
        """Ask as the spec says, with the cache of the task `rank`."""
        self.spec, self._cache_file = spec, spec.cache / f"{rank:05d}.sqlite"

    async def answer(self, payload: dict[str, Any], base_url: str | None) -> dict[str, Any]:
        """The reply in the form that InferenceRunner reads.

        Raises Refused or Unanswered for this request, and ServerError, which ends the task, where
        no request can succeed.
        """
        request = Request(
            messages=tuple(payload["messages"]),
            max_tokens=payload["max_tokens"],
            temperature=payload["temperature"],
            json_schema=payload["schema"],
            sample=payload["sample"],
        )
        try:
            if self._client is None:
                spec = self.spec
                client = spec.model.client(spec.concurrency, spec.timeout, base_url, spec.capabilities)
                self._client = CachedAsyncClient(client, self._cache_file)
            reply = await self._client.answer(request)
        except UserError as error:
            raise ServerError(str(error)) from None
        if not isinstance(reply, Completion):
            raise of_failure(reply)
        usage = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
        choice = {"message": {"content": plain(reply.text)}, "finish_reason": "length" if reply.cut else "stop"}
        return {"choices": [choice], "usage": usage}

    def end(self) -> None:
        """Close connections and the cache, without waiting for replies under way."""
        if self._client is not None:
            self._client.close()


class CachedEndpoint(CachedServer, InferenceServer):  # type: ignore[misc]
    """An endpoint that is running already."""

    def __init__(self, config: InferenceConfig, rank: int, spec: InferenceSpec) -> None:
        InferenceServer.__init__(self, config, rank)
        self.use(spec, rank)

    async def __aenter__(self) -> "CachedEndpoint":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end()

    async def make_request(self, payload: dict[str, Any]) -> dict[str, Any]:
        return await self.answer(payload, None)

    async def start_server(self) -> None: ...

    async def monitor_health(self) -> None: ...

    def get_base_url(self) -> str:
        return self.spec.model.base_url


class StartedServer(CachedServer):
    """A server that datatrove starts for the task; it ends after it, or with this process.

    To be named before datatrove's class among the bases.
    """

    _guard: ServerGuard | None = None
    _program: asyncio.subprocess.Process | None = None
    _bg_start_server_task: asyncio.Task[None] | None = None
    _server_monitoring_task: asyncio.Task[None] | None = None

    async def start_server(self) -> Any:
        """Start it; its program may stand beside this Python, in a folder not on the path."""
        path, beside = os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)
        if beside not in path.split(os.pathsep):
            os.environ["PATH"] = os.pathsep.join((path, beside))
        await self._end_server()  # After a start that failed.
        self._guard = ServerGuard()
        with self._guard.starting():
            self._program = await super().start_server()  # type: ignore[misc]
        if self._program is not None:
            self._guard.watch(self._program.pid)
        return self._program

    async def _end_server(self) -> None:
        """End it, and add to its log what datatrove, which stops at the first pipe's end, left."""
        async with self._ending:
            guard, self._guard = self._guard, None
            if guard is not None:
                await asyncio.to_thread(guard.end)
            program, self._program = self._program, None
            if program is None:
                return
            if self._server_monitoring_task is not None:
                await asyncio.wait([self._server_monitoring_task], timeout=SECONDS_TO_LOG)
            for pipe in filter(None, (program.stdout, program.stderr)):
                with suppress(TimeoutError):
                    for line in (await asyncio.wait_for(pipe.read(), SECONDS_TO_LOG)).splitlines():
                        self.server_logger().info(line.decode("utf-8", "replace").rstrip())  # type: ignore[attr-defined]

    @cached_property
    def _ending(self) -> asyncio.Lock:
        return asyncio.Lock()

    async def make_request(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The reply; where the server has ended, ServerError says what its log says of that."""
        try:
            return dict(await super().make_request(payload))  # type: ignore[misc]
        except ServerError as error:
            if self._ready:
                raise
            await self._end_server()
            log = Path(self._get_log_file_path() or "")  # type: ignore[attr-defined]
            why = server_log.reason(log) or str(error)
            raise ServerError(f"{self.spec.model.spec}: the server ended: {why}; its log is {log}") from error

    @property
    def _ready(self) -> bool:
        future: asyncio.Future[bool] = self._server_ready  # type: ignore[attr-defined]
        return not future.done() or future.cancelled() or future.exception() is None

    async def _make_request(self, payload: dict[str, Any]) -> dict[str, Any]:
        address = super().get_base_url()  # type: ignore[misc]
        return await self.answer(payload, f"{address}/v1")

    async def __aexit__(self, *error: object) -> None:
        self.end()
        if self._bg_start_server_task is not None:  # It would start the server again.
            self._bg_start_server_task.cancel()
        await self._end_server()
        await super().__aexit__(*error)  # type: ignore[misc]


class StartedVLLM(StartedServer, VLLMServer):  # type: ignore[misc]
    """vLLM."""

    def __init__(self, config: InferenceConfig, rank: int, spec: InferenceSpec) -> None:
        VLLMServer.__init__(self, config, rank)
        self.use(spec, rank)


class StartedSGLang(StartedServer, SGLangServer):  # type: ignore[misc]
    """SGLang."""

    def __init__(self, config: InferenceConfig, rank: int, spec: InferenceSpec) -> None:
        SGLangServer.__init__(self, config, rank)
        self.use(spec, rank)


SERVERS: Mapping[str, Callable[[InferenceConfig, int, InferenceSpec], InferenceServer]] = {
    "openai": CachedEndpoint,
    "vllm": StartedVLLM,
    "sglang": StartedSGLang,
}
"""The server of each backend."""
