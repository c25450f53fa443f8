"""A server that the job starts: where its program is found, and that it ends."""

import asyncio
import os
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.stubborn_server import STUBBORN, all_alive, none_alive
from xl_alpacaeval_metric.processes.server_guard import ServerGuard
from xl_instruct_dataset.generate.inference import servers
from xl_instruct_dataset.generate.inference.servers import StartedServer


class _Program:
    """In the place of datatrove's class: where the program would be looked for."""

    async def start_server(self) -> None:
        self.path = os.environ["PATH"]

    async def __aexit__(self, *_: object) -> None: ...


class _Started(StartedServer, _Program):
    pass


def test_the_program_of_a_server_is_found_beside_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for _ in range(2):
        started = _Started()
        asyncio.run(started.start_server())
        assert started.path.split(os.pathsep) == ["/nowhere", str(Path(sys.executable).parent)]


class _Stubborn(_Program):
    """A server that ignores SIGTERM and has children, as some engines do while they load."""

    async def start_server(self) -> asyncio.subprocess.Process:  # type: ignore[override]
        self.process = await asyncio.create_subprocess_exec(*STUBBORN, stdout=asyncio.subprocess.PIPE)
        assert self.process.stdout is not None
        self.pids = [int(number) for number in (await self.process.stdout.readline()).split()]
        return self.process


class _StartedStubborn(StartedServer, _Stubborn):
    pass


def test_a_server_that_does_not_want_to_end_is_ended_with_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "ServerGuard", partial(ServerGuard, seconds=0.2))

    async def run() -> list[int]:
        server = _StartedStubborn()
        await server.start_server()
        assert all_alive(server.pids)
        await server.__aexit__(None, None, None)
        await server.process.wait()
        return server.pids

    assert none_alive(asyncio.run(run()))
