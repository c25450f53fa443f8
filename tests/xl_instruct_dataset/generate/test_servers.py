"""A server that the job starts: where its program is found."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from xl_instruct_dataset.generate.inference.servers import StartedServer


class _Program:
    """In the place of datatrove's class: where the program would be looked for."""

    async def start_server(self) -> str:
        return os.environ["PATH"]


class _Started(StartedServer, _Program):
    pass


def test_the_program_of_a_server_is_found_beside_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for _ in range(2):
        assert asyncio.run(_Started().start_server()).split(os.pathsep) == [
            "/nowhere",
            str(Path(sys.executable).parent),
        ]
