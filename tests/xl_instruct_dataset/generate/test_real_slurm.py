"""Jobs on a real Slurm, whose site wants an account and a QOS, and whose queue moves them about."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import commands, slurm_cluster
from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.slurm_cluster import SlurmCluster
from tests.xl_instruct_dataset.generate import generating
from xl_instruct_dataset.generate.config import work_folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.slurm,
    pytest.mark.skipif(bool(slurm_cluster.missing()), reason=slurm_cluster.missing() or "there is one"),
]
SITE = f"account={slurm_cluster.ACCOUNT},qos={slurm_cluster.QOS},time=00:10:00"
CHOSEN: dict[str, Any] = {"targets": "fi", "passages": 8, "shard": 8, "executor": "slurm"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    with SlurmCluster(tmp_path_factory.mktemp("slurm")) as started:
        yield started


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of one local worker."""
    output = tmp_path_factory.mktemp("alone") / "out"
    with JudgeServer(reply=teacher.fluent) as server:
        generating.run(generating.settings(server, targets="fi", passages=8, shard=8), output)
    return output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("time=00:10:00", "sbatch: this site wants --account; Invalid account"),
        ("time=00:10:00,account=project7", "sbatch: this site wants --qos; Invalid qos"),
        (f"{SITE},partition=nowhere", "invalid partition specified: nowhere"),
        (f"{SITE},colour=red", "sbatch: unrecognized option '--colour=red'"),
        (f"{SITE},constraint=nowhere", "Invalid feature specification"),
    ],
)
def test_what_the_site_refuses_is_one_line_and_leaves_nothing(
    options: str, said: str, cluster: SlurmCluster, tmp_path: Path
) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        argv = generating.arguments(server, tmp_path / "out", **CHOSEN, slurm=options)
        refused = commands.run_instruct(*argv, cwd=tmp_path, **cluster.environment)
    assert said in commands.complaint(refused)
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_is_requeued_drained_and_killed_makes_the_same_rows(
    cluster: SlurmCluster, alone: Path, tmp_path: Path
) -> None:
    """Requeued while it runs, then ended by its time limit; submitted again with a node drained."""
    output = tmp_path / "out"
    with JudgeServer(reply=teacher.fluent, latency=0.7) as server:
        argv = generating.arguments(server, output, **CHOSEN, concurrency=1, slurm=SITE)
        code, out, errors = commands.run_instruct(*argv, cwd=tmp_path, **cluster.environment)
        assert (code, errors) == (0, "")
        first, *others = out.partition("(")[2].partition(")")[0].split(", ")
        assert len(others) == 3
        again = commands.run_instruct(*argv, cwd=tmp_path, **cluster.environment)
        assert f"jobs {first}, " in commands.complaint(again)

        cluster.wait_for(lambda: len(generating.asked(server)) > 2)
        cluster.run("scontrol", "requeue", f"{first}_0")
        cluster.wait_for(lambda: cluster.restarts(f"{first}_0") == 1 and cluster.jobs()[f"{first}_0"] == "RUNNING")
        seen = len(generating.asked(server))
        cluster.wait_for(lambda: len(generating.asked(server)) > seen)
        cluster.run("scontrol", "update", f"JobId={first}_0", "EndTime=now")
        cluster.wait_for(lambda: not {"RUNNING", "PENDING", "COMPLETING"} & set(cluster.jobs().values()))
        states = cluster.jobs()
        assert states[f"{first}_0"] == "TIMEOUT"
        assert {states[f"{job}_0"] for job in others} == {"CANCELLED"}  # They leave the queue.
        cluster.run("scontrol", "update", "NodeName=node1", "State=DRAIN", "Reason=test")
        try:
            code, out, errors = commands.run_instruct(*argv, cwd=tmp_path, **cluster.environment)
            assert (code, errors) == (0, "")
            cluster.wait_for(lambda: not {"RUNNING", "PENDING", "COMPLETING"} & set(cluster.jobs().values()))
        finally:
            cluster.run("scontrol", "update", "NodeName=node1", "State=RESUME")
        assert (work_folder.of(output) / "report.md").exists(), cluster.jobs()
        # Two candidates have one prompt; asked again is what was on its way, one request at a time.
        asked = generating.asked(server)
        assert asked.total() - len(asked) <= CHOSEN["passages"] + 2
    assert generating.rows(output, "en-fi") == generating.rows(alone, "en-fi")
    assert generating.rejects(output) == generating.rejects(alone)
    done = commands.run_instruct(*argv, cwd=tmp_path, **cluster.environment)
    assert (done.returncode, "nothing is left to do" in done.stdout) == (0, True)
