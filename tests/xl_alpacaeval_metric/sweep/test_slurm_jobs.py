"""The tasks of a sweep as jobs, with stand-ins for sbatch and squeue."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers import GERMAN, write_jsonl
from xl_alpacaeval_metric.cli.cluster.sweep import check_arguments
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.sweep import file, run
from xl_alpacaeval_metric.sweep.executors import slurm_jobs
from xl_alpacaeval_metric.sweep.plan import Plan
from xl_alpacaeval_metric.sweep.tasks import TaskFolder

SBATCH = """#!/bin/bash
case "$*" in *--test-only*) exit 0;; esac
cat > /dev/null
echo "$*" >> "$STUB/submitted"
grep -c . "$STUB/submitted"
"""
SQUEUE = """#!/bin/bash
cat "$STUB/queue" 2> /dev/null
exit 0
"""
ENDPOINT = {"model": "small", "model_args": {"base_url": "http://127.0.0.1:9/v1"}}


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the stand-ins: `submitted` has the options of each job, `queue` what runs."""
    programs = tmp_path / "stub"
    programs.mkdir()
    for name, text in (("sbatch", SBATCH), ("squeue", SQUEUE)):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STUB", str(programs))
    return programs


def start(tmp_path: Path, models: list[Any], **slurm: Any) -> tuple[Plan, list[str]]:
    rows = [{"id": "p", "instruction": "Tell a story.", "language": "de", "reference": GERMAN}]
    content = {
        "models": models,
        "benchmarks": [str(write_jsonl(tmp_path / "stories.jsonl", rows))],
        "judges": [{"judge": "openai/judge", "base_url": "http://127.0.0.1:9/v1"}, {"judge": "hf/ORG/m", "gpus": 4}],
        "output": str(tmp_path / "out"),
        "executor": "slurm",
        "slurm": {"account": "lab", "partition": "gpu", "cpu": {"partition": "small"}, **slurm},
    }
    where = tmp_path / "sweep.yaml"
    where.write_text(yaml.safe_dump(content), encoding="utf-8")
    said: list[str] = []
    return run.start(file.read(where), where, check_arguments, said.append), said


def test_a_job_asks_for_what_its_task_uses(tmp_path: Path, stub: Path) -> None:
    plan, _ = start(tmp_path, [ENDPOINT, {"model": "ORG/large", "gpus": 2}], setup=["module load cuda"])
    place = file.read(tmp_path / "sweep.yaml").place
    scripts = {task.name: text for task, text in slurm_jobs.scripts(plan, TaskFolder(tmp_path / "out"), place)}

    assert {name: "#SBATCH --gpus" in text for name, text in scripts.items()} == {
        "answer-stories-small": False,
        "answer-stories-large": True,
        "ask": False,
        "finish": True,
    }
    assert "#SBATCH --gpus=2\n" in scripts["answer-stories-large"]
    assert "#SBATCH --gpus=4\n" in scripts["finish"]
    assert "#SBATCH --partition=small\n" in scripts["ask"]
    assert all("#SBATCH --account=lab\n" in text and "module load cuda\n" in text for text in scripts.values())


def test_jobs_wait_for_each_other_and_are_submitted_once(tmp_path: Path, stub: Path) -> None:
    start(tmp_path, [ENDPOINT, "ORG/large"])
    submitted = (stub / "submitted").read_text(encoding="utf-8").splitlines()

    assert ["dependency" in line for line in submitted] == [False, False, True, True]
    assert "--dependency=after:1 " in submitted[2]
    assert "--dependency=afterany:1:2:3 " in submitted[3]

    (stub / "queue").write_text("1 RUNNING\n2 PENDING\n3 RUNNING\n4 PENDING\n", encoding="utf-8")
    _, said = start(tmp_path, [ENDPOINT, "ORG/large"])
    assert said == ["all that is missing is in the queue already"]

    # One job is gone, and there is a further model: these alone, and a last task for all.
    (stub / "queue").write_text("1 RUNNING\n2 TIMEOUT\n3 RUNNING\n4 PENDING\n", encoding="utf-8")
    start(tmp_path, [ENDPOINT, "ORG/large", "ORG/larger"])
    more = (stub / "submitted").read_text(encoding="utf-8").splitlines()[4:]
    assert ["dependency" in line for line in more] == [False, False, True]
    assert "--dependency=afterany:5:6:1:3:4 " in more[2]


def test_where_only_verdicts_are_missing_the_last_job_in_the_queue_is_enough(tmp_path: Path, stub: Path) -> None:
    """It asks endpoints as well as judges that are loaded."""
    plan, _ = start(tmp_path, [ENDPOINT])
    (stub / "queue").write_text("1 COMPLETED\n2 COMPLETED\n3 PENDING\n", encoding="utf-8")
    place, said = file.read(tmp_path / "sweep.yaml").place, list[str]()
    slurm_jobs.submit(replace(plan, answers=()), TaskFolder(tmp_path / "out"), place, said.append)
    assert said == ["all that is missing is in the queue already"]


def test_bad_options_a_refusal_and_a_missing_sbatch_are_one_line(
    tmp_path: Path, stub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"slurm: .*time is 600"):
        start(tmp_path, ["ORG/large"], time=600)
    (stub / "sbatch").write_text("#!/bin/bash\necho 'sbatch: error: Invalid account' >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(UserError, match="sbatch: Invalid account"):
        start(tmp_path, ["ORG/large"])
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="there is no sbatch here"):
        start(tmp_path, ["ORG/large"])
    assert not (tmp_path / "out").exists()
