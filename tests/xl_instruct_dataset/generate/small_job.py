"""A small job on the bundled sample."""

from pathlib import Path
from typing import Any

from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.xl_instruct_dataset.generate import generating

SMALL: dict[str, Any] = {"passages": 9, "targets": "fi"}


def job(output: Path, reply: teacher.Reply = teacher.fluent, **given: Any) -> JudgeServer:
    with JudgeServer(reply=reply) as server:
        generating.run(generating.settings(server, **{**SMALL, **given}), output)
    return server
