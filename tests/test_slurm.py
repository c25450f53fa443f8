"""Jobs on a real Slurm, whose site wants an account and a QOS, and whose queue moves them about.

A sweep and a job of `generate` share the cluster, and wait for it together.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import commands, slurm_cluster
from tests.helpers import FINNISH, GERMAN, write_jsonl
from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.slurm_cluster import SlurmCluster
from tests.xl_instruct_dataset.generate import generating
from xl_alpacaeval_metric.files import jsonl
from xl_instruct_dataset.generate.config import work_folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.slurm,
    pytest.mark.skipif(bool(slurm_cluster.missing()), reason=slurm_cluster.missing() or "there is one"),
]
SITE = f"account={slurm_cluster.ACCOUNT},qos={slurm_cluster.QOS},time=00:10:00"
CHOSEN: dict[str, Any] = {"targets": "fi", "passages": 8, "shard": 8, "executor": "slurm"}
QUESTIONS = 8
"""Of the sweep, over two languages."""


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


@dataclass(frozen=True)
class Sweep:
    """A sweep of one model at an endpoint and a judge at another."""

    folder: Path
    models: JudgeServer
    judge: JudgeServer

    @property
    def output(self) -> Path:
        return self.folder / "sweep"

    @property
    def run(self) -> Path:
        return self.output / "stories" / "one"

    def arguments(self, options: str = SITE) -> list[object]:
        """Those of the command, with these options of the site in the file."""
        rows = [
            {"id": f"p{n}", "instruction": f"Tell story {n} in {code}.", "language": code, "reference": text}
            for code, text in (("de", GERMAN), ("fi", FINNISH))
            for n in range(QUESTIONS // 2)
        ]
        endpoint = {"base_url": f"{self.models.url}/chat/completions"}
        content = {
            "models": [
                {"model": "one", "backend": "local-chat-completions", "model_args": endpoint, "concurrency": 1},
            ],
            "benchmarks": [str(write_jsonl(self.folder / "stories.jsonl", rows))],
            "judges": [{"judge": "openai/judge", "base_url": self.judge.url, "concurrency": 1}],
            "output": str(self.output),
            "executor": "slurm",
            "slurm": dict(part.split("=") for part in options.split(",")),
        }
        file = self.folder / "sweep.yaml"
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        return ["sweep", file]


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        ("generate", "time=00:10:00", "sbatch: this site wants --account; Invalid account"),
        ("sweep", "time=00:10:00,account=project7", "sbatch: this site wants --qos; Invalid qos"),
        ("generate", f"{SITE},partition=nowhere", "invalid partition specified: nowhere"),
        ("sweep", f"{SITE},colour=red", "sbatch: unrecognized option '--colour=red'"),
        ("generate", f"{SITE},constraint=nowhere", "Invalid feature specification"),
    ],
)
def test_what_the_site_refuses_is_one_line_and_leaves_nothing(
    command: str, options: str, said: str, cluster: SlurmCluster, tmp_path: Path
) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        if command == "sweep":
            sweep = Sweep(tmp_path, server, server)
            refused = commands.run_alpacaeval(*sweep.arguments(options), **cluster.environment)
            assert list(sweep.output.rglob("*.json")) == []
        else:
            argv = generating.arguments(server, tmp_path / "out", **CHOSEN, slurm=options)
            refused = commands.run_instruct(*argv, cwd=tmp_path, **cluster.environment)
            assert list(tmp_path.iterdir()) == []
    assert said in commands.complaint(refused)
    assert not server.seen.log


def test_jobs_that_are_requeued_killed_and_moved_lose_and_repeat_nothing(
    cluster: SlurmCluster, alone: Path, tmp_path: Path
) -> None:
    """Requeued while they run, then ended by a time limit; again with a node drained."""
    output = tmp_path / "out"
    with (
        JudgeServer(reply=teacher.fluent, latency=0.7) as server,
        JudgeServer(reply=lambda body: GERMAN, latency=0.7) as models,
        JudgeServer() as judge,
    ):
        sweep = Sweep(tmp_path, models, judge)
        sweeping = sweep.arguments()
        argv = generating.arguments(server, output, **CHOSEN, concurrency=1, slurm=SITE)

        def submit() -> tuple[list[str], list[str]]:
            """Both commands at a time; returns the ids of their jobs."""
            with (
                commands.start_alpacaeval(*sweeping, **cluster.environment) as swept,
                commands.start_instruct(*argv, cwd=tmp_path, **cluster.environment) as made,
            ):
                (jobs, errors), (chain, more) = swept.communicate(), made.communicate()
            assert (swept.returncode, errors, made.returncode, more) == (0, "", 0, "")
            return re.findall(r": job (\d+)", jobs), chain.partition("(")[2].partition(")")[0].split(", ")

        (answer, ask, finish), (first, *others) = submit()
        assert len(others) == 3
        running = {answer: models, f"{first}_0": server}
        for one in running.values():
            cluster.wait_for(partial(_is_asked, one))
            one.change(latency=600)  # Nothing more is answered until this is ended.
        again = commands.run_instruct(*argv, cwd=tmp_path, **cluster.environment)
        assert f"jobs {first}, " in commands.complaint(again)

        seen = {job: len(one.seen.log) for job, one in running.items()}
        cluster.run("scontrol", "requeue", ",".join(running))
        cluster.wait_for(lambda: all(_is_back(job, cluster) for job in running))
        cluster.wait_for(lambda: all(len(one.seen.log) > seen[job] for job, one in running.items()))
        for job in (*running, ask):
            cluster.end(job)
        cluster.wait_for(lambda: _is_quiet(cluster))
        states = cluster.jobs()
        # A job that ends at the limit's first signal may have failed before Slurm times it out.
        assert {states[job] for job in (*running, ask)} <= {"TIMEOUT", "FAILED"}
        assert {states[f"{job}_0"] for job in others} == {"CANCELLED"}  # They leave the queue.
        assert states[finish] == "COMPLETED"  # It starts however the others end.
        assert 0 < _answers(sweep) < QUESTIONS

        cluster.run("scontrol", "update", "NodeName=node1", "State=DRAIN", "Reason=test")
        try:
            for one in running.values():
                one.change(latency=0)
            submit()
            cluster.wait_for(lambda: _is_quiet(cluster))
        finally:
            cluster.run("scontrol", "update", "NodeName=node1", "State=RESUME")
        assert (work_folder.of(output) / "report.md").exists(), cluster.jobs()
        # Two candidates have one prompt; asked again is what was on its way, one request at a time.
        asked = generating.asked(server)
        assert asked.total() - len(asked) <= CHOSEN["passages"] + 2
        # One was on its way to the model, and each of three starts tries the endpoint with one.
        for one, more in ((models, 4), (judge, 0)):
            asked = generating.asked(one)
            assert len(asked) == QUESTIONS
            assert asked.total() <= QUESTIONS + more
    assert generating.rows(output, "en-fi") == generating.rows(alone, "en-fi")
    assert generating.rejects(output) == generating.rejects(alone)
    done = commands.run_instruct(*argv, cwd=tmp_path, **cluster.environment)
    assert (done.returncode, "nothing is left to do" in done.stdout) == (0, True)
    results = jsonl.read_json(sweep.run / "results.json")
    assert [results[key] for key in ("n_items", "n", "n_missing")] == [QUESTIONS, QUESTIONS, 0]
    assert _answers(sweep) == QUESTIONS


def _is_asked(server: JudgeServer) -> bool:
    return len(generating.asked(server)) > 2


def _is_back(job: str, cluster: SlurmCluster) -> bool:
    """Whether a job that was put back into the queue runs again."""
    return cluster.restarts(job) == 1 and cluster.jobs()[job] == "RUNNING"


def _is_quiet(cluster: SlurmCluster) -> bool:
    return not {"RUNNING", "PENDING", "COMPLETING"} & set(cluster.jobs().values())


def _answers(sweep: Sweep) -> int:
    """The different items that the run folder has answers to."""
    files = sweep.run.glob("samples*.jsonl")
    return len({(line["id"], line["language"]) for file in files for line in jsonl.read_lines(file)})
