"""A server that the job starts: where its program is found, its arguments, and that it ends."""

import asyncio
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.helpers import ROOT, write_jsonl
from tests.stubborn_server import STUBBORN, all_alive, none_alive
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import source
from xl_alpacaeval_metric.processes.server_guard import ServerGuard
from xl_instruct_dataset.generate.config import server_arguments
from xl_instruct_dataset.generate.inference import server_log, servers
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


def model(folder: Path, **config: object) -> str:
    """A folder with a configuration alone."""
    write_jsonl(folder / "config.json", [config])
    return str(folder)


@pytest.mark.parametrize(
    ("config", "reply_tokens", "context"),
    [
        ({"max_position_embeddings": 2048}, 1024, 2048),
        ({"max_position_embeddings": 131072}, 1024, 8192),
        ({"max_position_embeddings": 131072}, 1024 + 16384, 4096 + 1024 + 16384),
        ({"text_config": {"max_position_embeddings": 4096}, "max_position_embeddings": 77}, 1024, 4096),
        ({"n_positions": 1024}, 1024, 1024),
        ({"max_position_embeddings": 2048, "rope_scaling": {"rope_type": "linear", "factor": 4.0}}, 1024, 8192),
        ({}, 1024, 8192),
    ],
)
def test_the_context_has_room_for_prompt_and_reply_as_far_as_the_model_has(
    tmp_path: Path, config: dict[str, object], reply_tokens: int, context: int
) -> None:
    name = model(tmp_path / "m", **config)
    for backend in ("vllm", "sglang"):
        assert server_arguments.of(backend, name, {}, reply_tokens)["model_max_context"] == context
        given = server_arguments.of(backend, name, {"max_model_len": 512}, reply_tokens)
        assert given["model_max_context"] == 512


def test_a_tokenizer_may_know_of_less_room(tmp_path: Path) -> None:
    name = model(tmp_path, max_position_embeddings=8192)
    write_jsonl(tmp_path / "tokenizer_config.json", [{"model_max_length": 2048}])
    assert source.find(name).context == 2048
    write_jsonl(tmp_path / "tokenizer_config.json", [{"model_max_length": int(1e30)}])
    assert source.find(name).context == 8192


PROGRAM = """#!/bin/sh
for argument in "$@"; do echo "$argument" >> "$ARGUMENTS"; done
echo "--" >> "$ARGUMENTS"
echo "INFO begins"
exec >&-
sleep 0.3
echo "usage: serve [options]" >&2
echo "serve: error: unrecognized arguments: --bogus" >&2
exit 2
"""


@pytest.mark.parametrize(
    ("backend", "program", "expected"),
    [
        (
            "vllm",
            "vllm",
            "serve MODEL --port PORT --max-model-len 2048 --trust-remote-code --disable-uvicorn-access-log "
            '--no-trust-remote-code --enforce-eager --hf-overrides={"a": 1} --bogus=x --tensor-parallel-size=2',
        ),
        (
            "sglang",
            "python3",
            "-m sglang.launch_server --model-path MODEL --allow-auto-truncate --context-length 2048 --port PORT "
            "--log-level-http warning --nnodes 1 --node-rank 0 --dist-init-addr localhost:9810 "
            '--enforce-eager --hf-overrides={"a": 1} --bogus=x --tp-size=2',
        ),
    ],
)
def test_a_started_program_gets_the_arguments_and_its_complaint_is_the_command_s(
    tmp_path: Path, backend: str, program: str, expected: str
) -> None:
    """The command line is datatrove's, the process a real one, whose standard output ends first."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / program).write_text(PROGRAM)
    (tmp_path / "bin" / program).chmod(0o755)
    (tmp_path / "packages" / backend).mkdir(parents=True)
    (tmp_path / "packages" / backend / "__init__.py").touch()
    record = tmp_path / "packages" / f"{backend}-1.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {backend}\nVersion: 1\n")
    folder = model(tmp_path / "m", max_position_embeddings=2048)
    file = tmp_path / "job.yaml"
    switched_off = {"rank": False} if backend == "sglang" else {}
    given = {"enforce_eager": True, "hf_overrides": {"a": 1}, "bogus": "x", **switched_off}
    file.write_text(json.dumps({"server_args": given}))
    paths = {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{tmp_path / 'packages'}{os.pathsep}{ROOT}",
    }
    command = [
        *(sys.executable, "-m", "xl_instruct_dataset", "generate", "--seeds", "sample", "--targets", "fi"),
        *("--passages", "2", "--judge", "none", "--teacher", f"{backend}/{folder}", "--gpus", "2"),
        *("--config", str(file), "--output", str(tmp_path / "made")),
    ]
    environment = {**os.environ, **paths, "ARGUMENTS": str(tmp_path / "arguments")}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    error = ended.stderr.splitlines()[-1]
    assert ended.returncode == 2, ended.stderr
    found = (tmp_path / "arguments").read_text().split("--\n")[0].splitlines()
    port = found[found.index("--port") + 1]
    assert " ".join(found) == expected.replace("MODEL", folder).replace("PORT", port)
    assert f"{backend}/{folder}: the server ended: error: unrecognized arguments: --bogus; its log is " in error
    log = Path(error.partition("its log is ")[2].partition(";")[0])
    assert "usage: serve" in log.read_text()


def test_the_reason_in_a_log_is_the_cause(tmp_path: Path) -> None:
    """Lines as vLLM 0.32 writes them."""
    log = tmp_path / "server.log"
    assert server_log.reason(log) == ""
    log.write_text("INFO loading\n")
    assert server_log.reason(log) == ""
    log.write_text(
        "(EngineCore pid=7) ERROR 11-29 02:00:00 [core.py:1] Traceback\n"
        "(EngineCore pid=7) ERROR 11-29 02:00:00 [core.py:1] ValueError: No available memory for the cache blocks.\n"
        "(APIServer pid=5) RuntimeError: Engine core initialization failed. See root cause above.\n"
    )
    assert server_log.reason(log) == "ValueError: No available memory for the cache blocks."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"port": 8000}, "server_args port: this command says that here"),
        ({"served_model_name": "m"}, "server_args served-model-name: the role's BACKEND/MODEL says that here"),
        ({"--max-model-len": 0}, "server_args max-model-len is 0; need a whole number of tokens from 1"),
        ({"max_model_len": True}, "server_args max-model-len is True; need a whole number"),
        ({"quantization": ""}, "server_args quantization is empty; need a value"),
    ],
)
def test_an_argument_that_is_not_the_user_s_to_give_is_told_of(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(UserError) as error:
        server_arguments.check(arguments)
    assert said in str(error.value)
