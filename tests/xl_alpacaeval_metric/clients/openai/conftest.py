"""Fixtures that several test files of this folder use."""

from collections.abc import Iterator

import pytest

from tests.servers.judge import JudgeServer


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with JudgeServer() as server:
        yield server
