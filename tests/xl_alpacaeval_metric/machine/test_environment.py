"""The record of a command in run.json: complete, without secrets, no part of the identity."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from xl_alpacaeval_metric.machine import environment
from xl_alpacaeval_metric.runs.folder import RunFolder


def history(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "run.json").read_text())["history"]
    return found


def test_each_command_leaves_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/xl-alpacaeval", "judge", "my pairs.jsonl"])
    with RunFolder(tmp_path / "run", {"judge": "x"}) as folder:
        assert history(folder.path)[-1]["ended"] is None  # As a kill would leave it.
        folder.record({"dtype": "float32"}, backend="hf")
    with RunFolder(tmp_path / "run", {"judge": "x"}) as folder:
        folder.record({"dtype": "bfloat16"})
    first, second = history(tmp_path / "run")
    assert first["command"] == "xl-alpacaeval judge 'my pairs.jsonl'"
    assert first["backend"] == "hf"
    assert "backend" not in second
    for entry in (first, second):
        started, ended = (datetime.fromisoformat(entry[key]) for key in ("started", "ended"))
        assert started.tzinfo is not None
        assert started <= ended
        assert entry["libraries"]["transformers"]
        assert entry["hardware"]["cores"] >= 1
        assert entry["hardware"]["memory_gib"] > 0
    stored = json.loads((tmp_path / "run" / "run.json").read_text())
    assert stored["settings"] == {"judge": "x"}
    assert stored["model"] == {"dtype": "float32"}  # What answered first.


def test_a_folder_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"settings": {"judge": "x"}, "version": "0.1.0"}))
    with RunFolder(tmp_path, {"judge": "x"}):
        pass
    assert len(history(tmp_path)) == 1
    assert json.loads((tmp_path / "run.json").read_text())["version"] == "0.1.0"


def test_the_command_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "sesame-open-now")
    given = ["--judge-base-url", "http://me:word@host/v1?api_key=hidden", "--model-args", "x=sesame-open-now"]
    monkeypatch.setattr(sys, "argv", ["/x/xl_alpacaeval_metric/__main__.py", "eval", *given, "api_key=hidden"])
    command = environment.command()
    assert command.startswith("python -m xl_alpacaeval_metric eval --judge-base-url ")
    for secret in ("me:word", "hidden", "sesame"):
        assert secret not in command
