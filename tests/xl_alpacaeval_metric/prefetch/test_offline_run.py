"""A run on a machine without internet, after `prefetch`: no process of it tries a socket."""

from pathlib import Path

from tests.commands import run_alpacaeval as run
from tests.commands import run_python
from tests.helpers import ROOT
from tests.servers.hub import HubServer

GUARD = """
import os, socket

def refuse(self, address, *_):
    if self.family == socket.AF_UNIX:
        return connect(self, address)
    with open(os.environ["SOCKETS"], "a") as log:
        print(address, file=log)
    raise OSError(101, "Network is unreachable")

def unknown(host, *_, **__):
    with open(os.environ["SOCKETS"], "a") as log:
        print(host, file=log)
    raise socket.gaierror(-3, "no names here")

connect = socket.socket.connect
socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = unknown
"""
"""A `sitecustomize`, which Python imports as it starts, in the children of a command, too."""


def test_a_run_tries_no_socket(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    log, home = tmp_path / "sockets", tmp_path / "home"
    content = {file.name: file.read_bytes() for file in tiny.iterdir()}
    judge = ("--judge", "hf/org/judge")
    with HubServer() as hub:
        hub.add("org/tiny", content)
        hub.add("org/judge", content)
        fetched = run("prefetch", "org/tiny", *judge, "--benchmark", "mini", **hub.environment(home))
        assert fetched.returncode == 0, fetched.stdout + fetched.stderr
        commit = hub.repos["org/tiny"].sha
    blocked = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "SOCKETS": str(log)}
    blocked["PYTHONPATH"] = f"{tmp_path / 'guard'}:{ROOT}"
    tried = run_python("-c", "import socket; socket.create_connection(('127.0.0.1', 9))", cwd=None, **blocked)
    assert tried.returncode == 1
    assert log.read_text() == "127.0.0.1\n"  # The guard sees what there is to see.
    log.unlink()
    what = ("--benchmark", "mini", "--languages", "de", "--limit", 1, "--max-tokens", 4, "--one-order")
    found = run("eval", "org/tiny", *judge, *what, "--output", tmp_path / "run", **blocked)
    assert found.returncode in (0, 1), found.stderr  # A model of random weights gives no verdicts.
    assert (tmp_path / "run" / "samples.jsonl").read_text("utf-8").count("\n") == 1
    assert commit in (tmp_path / "run" / "run.json").read_text("utf-8")
    assert not log.exists(), log.read_text()
