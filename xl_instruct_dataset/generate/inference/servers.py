"""The server of each backend: an endpoint that runs, or vLLM or SGLang, started for a task."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from datatrove.pipeline.inference.run_inference import InferenceConfig
from datatrove.pipeline.inference.servers import SGLangServer, VLLMServer
from datatrove.pipeline.inference.servers.base import InferenceServer

from xl_alpacaeval_metric.processes.server_guard import ServerGuard
from xl_instruct_dataset.generate.inference import server_log
from xl_instruct_dataset.generate.inference.cached_server import CachedEndpoint, CachedServer
from xl_instruct_dataset.generate.inference.errors import ServerError
from xl_instruct_dataset.generate.inference.spec import InferenceSpec

SECONDS_TO_LOG = 10.0
"""For the rest of a log after its server has ended: a process of its may hold the pipe open."""


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
