"""A sweep on a machine without internet, after `prefetch`: no process of it tries a socket."""

from pathlib import Path

import yaml

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


def test_a_whole_sweep_tries_no_socket(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    log, home, file = tmp_path / "sockets", tmp_path / "home", tmp_path / "sweep.yaml"
    content = {one.name: one.read_bytes() for one in tiny.iterdir()}
    options = {"limit": 1, "max_tokens": 4, "both_orders": False, "device": "cpu"}
    settings = {"models": ["org/tiny"], "benchmarks": ["mini"], "languages": ["de"], "eval": options}
    file.write_text(yaml.safe_dump({**settings, "judges": ["hf/org/judge"], "output": str(tmp_path / "out")}))
    with HubServer() as hub:
        for name in ("org/tiny", "org/judge"):
            hub.add(name, content)
        fetched = run("prefetch", "--sweep", file, **hub.environment(home))
        assert fetched.returncode == 0, fetched.stdout + fetched.stderr
        commit = hub.repos["org/tiny"].sha
    blocked = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "SOCKETS": str(log)}
    blocked["PYTHONPATH"] = f"{tmp_path / 'guard'}:{ROOT}"
    tried = run_python("-c", "import socket; socket.create_connection(('127.0.0.1', 9))", cwd=None, **blocked)
    assert tried.returncode == 1
    assert log.read_text() == "127.0.0.1\n"  # The guard sees what there is to see.
    log.unlink()
    found = run("sweep", file, **blocked)
    assert found.returncode in (0, 1), found.stdout + found.stderr  # Models of random weights give no verdicts.
    folder = tmp_path / "out" / "mini" / "tiny"
    assert (folder / "samples.jsonl").read_text("utf-8").count("\n") == 1
    assert (folder / "verdicts.jsonl").read_text("utf-8").count("\n") == 1
    assert commit in (folder / "run.json").read_text("utf-8")
    assert not log.exists(), log.read_text()
