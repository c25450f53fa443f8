"""A whole sweep, as its users meet it: killed, and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.commands import complaint, run_alpacaeval, start_alpacaeval
from tests.helpers import FINNISH, GERMAN, write_jsonl
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric.processes import child
from xl_alpacaeval_metric.sweep import run as sweep_run
from xl_alpacaeval_metric.sweep.file import Run
from xl_alpacaeval_metric.sweep.settings import BenchmarkSettings, ModelSettings
from xl_alpacaeval_metric.sweep.tasks import TaskFolder

pytestmark = pytest.mark.slow
ROWS = [
    {"id": f"p{n}", "instruction": f"Tell story {n}.", "language": code, "reference": text}
    for code, text in (("de", GERMAN), ("fi", FINNISH))
    for n in range(6)
]


def test_a_killed_sweep_goes_on_and_asks_nothing_again(tmp_path: Path) -> None:
    rows = write_jsonl(tmp_path / "stories.jsonl", ROWS)
    with (
        JudgeServer(latency=0.1, reply=lambda body: f"{GERMAN} ({body['model']})") as models,
        JudgeServer(latency=0.1) as judge,
    ):
        content = {
            "models": [
                {
                    "model": name,
                    "backend": "local-chat-completions",
                    "model_args": {"base_url": f"{models.url}/chat/completions"},
                    "concurrency": 1,
                }
                for name in ("one", "two")
            ],
            "benchmarks": [str(rows)],
            "judges": [{"judge": "openai/judge", "base_url": judge.url, "concurrency": 2}],
            "output": str(tmp_path / "out"),
        }
        file = tmp_path / "sweep.yaml"
        file.write_text(yaml.safe_dump(content), encoding="utf-8")

        killed = start_alpacaeval("sweep", file)
        while judge.stats()["requests"] < 4:  # Answers of the first model are judged while others are made.
            assert killed.poll() is None
            time.sleep(0.05)
        assert "another process is working in this folder" in complaint(run_alpacaeval("sweep", file))
        os.killpg(killed.pid, signal.SIGKILL)
        assert "answer-stories-one: started" in killed.communicate()[0]  # Said at once, into a pipe, too.

        done = run_alpacaeval("sweep", file)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 runs" in done.stdout
        assert "2 complete" in done.stdout
        # 12 questions a model. What was under way at the kill is asked again, and the probe is.
        asked = sorted(judge.seen.keys.values(), reverse=True)
        assert len(asked) == 25
        assert sum(asked[1:]) - 24 <= 2
        assert sum(models.seen.keys.values()) <= 24 + 2
        assert (tmp_path / "out/stories.md").is_file()

        before = len(judge.seen.log)
        assert run_alpacaeval("sweep", file).returncode == 0
        assert len(judge.seen.log) == before  # Nothing is missing.


def test_a_task_that_was_killed_after_its_last_answer_is_waited_for_no_longer(tmp_path: Path) -> None:
    """Its answers are whole, so no later plan has it; its record says that it runs."""
    folder = TaskFolder(tmp_path)
    run = Run(ModelSettings("org/tiny", name="tiny"), BenchmarkSettings("mini"), tmp_path / "mini" / "tiny")
    folder.path.mkdir()
    is_over = sweep_run._is_over(folder)
    assert is_over(run)
    with subprocess.Popen([sys.executable, "-c", "input()", child.__name__], stdin=subprocess.PIPE) as task:
        folder.write(run.name, "running", host=socket.gethostname(), pid=task.pid)
        assert not is_over(run)
        task.kill()
        os.waitid(os.P_PID, task.pid, os.WEXITED | os.WNOWAIT)  # It stays a zombie.
        assert is_over(run)
