"""The same rows from every executor: local, Ray and Slurm, with a model server or without."""

import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest

from tests import commands
from tests.helpers import ROOT
from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.xl_instruct_dataset.generate import generating
from xl_instruct_dataset.generate.config import work_folder

CHOSEN = {"targets": "fi,zh", "passages": 8, "shard": 4}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of one local worker."""
    output = tmp_path_factory.mktemp("alone") / "out"
    with JudgeServer(reply=teacher.fluent) as server:
        generating.run(generating.settings(server, **CHOSEN), output)
    return output


def same(output: Path, alone: Path) -> None:
    for pair in ("en-fi", "en-zh"):
        assert generating.rows(output, pair) == generating.rows(alone, pair)
    assert generating.rejects(output) == generating.rejects(alone)
    assert generating.report(output) == generating.report(alone)


@pytest.mark.slow
def test_two_workers_make_the_same_rows(alone: Path, tmp_path: Path) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        argv = generating.arguments(server, tmp_path / "out", workers=2, **CHOSEN)
        code, _, errors = commands.run_instruct(*argv, cwd=tmp_path)
    assert code == 0, errors
    same(tmp_path / "out", alone)


def test_what_goes_wrong_in_a_worker_is_one_line(tmp_path: Path) -> None:
    with JudgeServer(reply=teacher.fluent, ends_after=8) as server:
        argv = generating.arguments(server, tmp_path / "out", workers=2, concurrency=4, **CHOSEN)
        code, _, errors = commands.run_instruct(*argv, cwd=tmp_path)
    assert code == 2
    assert errors.splitlines()[-1].startswith("xl-instruct: write-score: openai/teacher at ")
    assert "Traceback" not in errors


@pytest.mark.slow
def test_a_ray_cluster_makes_the_same_rows(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # A folder of all users and jobs of the machine: the first user's, and closed to the others.
    shared = Path(tempfile.gettempdir()) / "ray_logs" / "logs"
    before = {file: file.stat().st_mtime_ns for file in shared.glob("*")}
    cluster = Cluster()
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, include_dashboard=False)
        with JudgeServer(reply=teacher.fluent) as server:
            chosen = {**CHOSEN, "executor": "ray", "ray_address": cluster.address, "workers": 2}
            code, _, errors = commands.run_instruct(
                *generating.arguments(server, tmp_path / "out", **chosen), cwd=tmp_path
            )
    finally:
        cluster.shutdown()
    assert code == 0, errors
    same(tmp_path / "out", alone)
    assert {file: file.stat().st_mtime_ns for file in shared.glob("*")} == before
    assert [*tmp_path.glob("out.work/logs/*/logs/task_00000.log")]


SBATCH = """#!/bin/bash
[[ "$*" == *--test-only* ]] && exit
number=$(( $(cat "$FAKE/count" 2>/dev/null || echo 0) + 1 ))
echo $number > "$FAKE/count"
cat > "$FAKE/$number.sh"
echo "$@" > "$FAKE/$number.args"
echo "$number"
"""
SRUN = """#!/bin/bash
while [[ "$1" == -* ]]; do shift; done
exec "$@"
"""


def programs(folder: Path, **sources: str) -> Path:
    folder.mkdir()
    for name, source in sources.items():
        (folder / name).write_text(source)
        (folder / name).chmod(0o755)
    return folder


def slurm(**given: object) -> dict[str, object]:
    return {**CHOSEN, "executor": "slurm", "slurm": "partition=gpu,time=1:00:00,gpus=2", **given}


@pytest.mark.slow
def test_slurm_runs_the_phases_one_after_another(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = programs(tmp_path / "bin", sbatch=SBATCH, srun=SRUN, squeue="#!/bin/bash\n")
    environment = {"FAKE": str(fake), "PATH": f"{fake}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with JudgeServer(reply=teacher.fluent) as server:
        argv = generating.arguments(server, tmp_path / "out", **slurm())
        code, out, errors = commands.run_instruct(*argv, cwd=tmp_path, **environment)
        assert code == 0, errors
        assert "submitted 4 jobs" in out
        phases = sorted(fake.glob("*.sh"), key=lambda file: int(file.stem))
        names = [line for file in phases for line in file.read_text().split("\n") if "--job-name" in line]
        assert [name.partition("=xl-")[2] for name in names] == ["write-score", "choose", "translate-1", "finish"]
        for before, after in pairwise(phases):
            assert f"--dependency=afterok:{before.stem}" in after.with_suffix(".args").read_text()
        assert "--dependency" not in phases[0].with_suffix(".args").read_text()
        for script in phases:
            text = script.read_text()
            assert "--gpus" not in text  # An endpoint needs no GPU.
            tasks = 1 if "xl-choose" in text or "xl-finish" in text else 2
            assert f"#SBATCH --array=0-{tasks - 1}%1" in text
            for rank in range(tasks):
                task = {"SLURM_ARRAY_TASK_ID": str(rank), "SLURM_CPUS_ON_NODE": "1", "RUN_OFFSET": "0"}
                done = subprocess.run(
                    ["bash", str(script)],
                    env={**os.environ, **environment, **task, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
                    capture_output=True,
                    text=True,
                    cwd="/",
                )
                assert done.returncode == 0, done.stderr[-2000:]
        same(tmp_path / "out", alone)
        assert (work_folder.of(tmp_path / "out") / "report.md").exists()
        # Submitted again, there is nothing left to do; with more passages, there is.
        count = len(list(fake.glob("*.sh")))
        code, _, errors = commands.run_instruct(*argv, cwd=tmp_path, **environment)
        assert (code, len(list(fake.glob("*.sh")))) == (0, count), errors
        more = generating.arguments(server, tmp_path / "out", **slurm(passages=9))
        code, _, errors = commands.run_instruct(*more, cwd=tmp_path, **environment)
        assert (code, len(list(fake.glob("*.sh")))) == (0, 2 * count), errors


def test_slurm_dry_run_prints_a_script_for_each_phase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        given = slurm(translator="vllm/org/model", judge="openai/judge", select="judge")
        argv = generating.arguments(server, tmp_path / "out", **given)
        code, out, errors = generating.invoke([*argv, "--dry-run"], monkeypatch, capfd)
    assert code == 0, errors
    scripts = out.split("#!/bin/bash")[1:]
    assert len(scripts) == 6
    for script in scripts:
        assert "#SBATCH --partition=gpu" in script
        assert "#SBATCH --time=1:00:00" in script
        assert ("#SBATCH --gpus=2" in script) == ("--job-name=xl-translate-1" in script)
    assert not server.seen.log
    assert list(tmp_path.iterdir()) == []


def test_slurm_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for given, said in (
        ({"slurm": "partition=gpu"}, "needs --slurm time="),
        (
            {"slurm": "time=1:00:00,mem_per_cpu_gb=8"},
            "--slurm mem_per_cpu_gb is not taken any more; write mem-per-cpu=8G",
        ),
        ({"slurm": "time=1:00:00,array=0-3"}, "--slurm array is set by this command for each job"),
        ({"slurm": "partition=gpu,time=1:00:00,gpus=two"}, "gpus is 'two'"),
        ({}, "there is no sbatch here"),
    ):
        with JudgeServer(reply=teacher.fluent) as server:
            argv = generating.arguments(server, tmp_path / "out", **slurm(**given))
            code, _, errors = generating.invoke(argv, monkeypatch, capfd)
        assert (code, len(errors)) == (2, 1), errors
        assert said in errors[0]
        assert list(tmp_path.iterdir()) == []


VLLM = """#!{python}
import asyncio, sys
sys.path.insert(0, {root!r})
from tests.servers import teacher
from tests.servers.judge import Behaviour, JudgeServer
with open({calls!r}, "a") as calls:
    print(*sys.argv[1:], file=calls)
server = JudgeServer(Behaviour(reply=teacher.fluent), port=int(sys.argv[sys.argv.index("--port") + 1]))
asyncio.run(server.serve(lambda: print("Application startup complete", flush=True)))
"""


@pytest.mark.slow
def test_a_task_starts_a_server_of_its_own(alone: Path, tmp_path: Path) -> None:
    source = VLLM.format(python=sys.executable, root=str(ROOT), calls=str(tmp_path / "calls"))
    fake = programs(tmp_path / "bin", vllm=source)
    (tmp_path / "packages" / "vllm").mkdir(parents=True)
    (tmp_path / "packages" / "vllm" / "__init__.py").touch()
    (tmp_path / "packages" / "vllm-1.dist-info").mkdir()
    (tmp_path / "packages" / "vllm-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: vllm\nVersion: 1\n"
    )
    environment = {"PATH": f"{fake}:{os.environ['PATH']}", "PYTHONPATH": f"{tmp_path / 'packages'}:{ROOT}"}
    with JudgeServer(reply=teacher.fluent) as server:
        chosen = {**CHOSEN, "shard": 8, "translator": "vllm/org/model", "gpus": 2}
        argv = generating.arguments(server, tmp_path / "out", **chosen)
        code, _, errors = commands.run_instruct(*argv, cwd=tmp_path, **environment)
        assert code == 0, errors
    for pair in ("en-fi", "en-zh"):
        texts = [
            [(row["id"], row["response"]) for row in generating.rows(output, pair)]
            for output in (tmp_path / "out", alone)
        ]
        assert texts[0] == texts[1]
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call.startswith("serve org/model --port ")
    assert "--tensor-parallel-size=2" in call
    assert call.split().index("--no-trust-remote-code") > call.split().index("--trust-remote-code")
