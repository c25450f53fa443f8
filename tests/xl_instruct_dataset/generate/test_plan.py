"""The phases of a job, which no executor changes, and that they can be sent to another process."""

from pathlib import Path
from typing import Any

import dill
import pytest

from tests.xl_instruct_dataset.generate import generating
from xl_instruct_dataset.generate.config.work_folder import CHOSEN, SEEDS
from xl_instruct_dataset.generate.inference.runner import StageRunner
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline.plan import plan

COMPARE_ANSWERS = ("sign-answers", "match-answers")
COMPARE_RESPONSES = ("sign-responses", "match-responses")
JUDGE, TWO = {"judge": "openai/judge"}, {"translators": "openai/one,openai/two"}


def job(output: Path, **given: Any) -> Job:
    return Job(generating.settings(**given), output)


@pytest.mark.parametrize(
    ("given", "phases"),
    [
        ({}, ["write-score", "choose", "translate-1", "finish"]),
        (JUDGE, ["write", "score", "choose", "translate-1", "finish"]),
        ({"judge": "none"}, ["write", "choose", "translate-1", "finish"]),
        (TWO, ["write-score", "choose", "translate-1", "translate-2", "finish"]),
        ({"select": "judge"}, ["write-score", "choose", "translate-1-select", "finish"]),
        (
            {"select": "judge", **JUDGE, **TWO},
            ["write", "score", "choose", "translate-1", "translate-2", "select", "finish"],
        ),
        (
            {"select": "cometkiwi", "comet_python": "python"},
            ["write-score", "choose", "translate-1", "select", "finish"],
        ),
        ({"targets": "en"}, ["write-score", "choose", "finish"]),
        (
            {"passages": 100_000},
            ["write-score", *COMPARE_ANSWERS, "choose", "translate-1", *COMPARE_RESPONSES, "finish"],
        ),
        (
            {"passages": 100_000, "targets": "en"},
            ["write-score", *COMPARE_ANSWERS, "choose", *COMPARE_RESPONSES, "finish"],
        ),
    ],
)
def test_one_plan_for_every_executor(tmp_path: Path, given: dict[str, Any], phases: list[str]) -> None:
    elsewhere: list[dict[str, Any]] = [
        {},
        {"workers": 4},
        {"executor": "ray"},
        {"executor": "slurm", "slurm": {"partition": "gpu", "time": "1:00:00"}},
    ]
    for where in elsewhere:
        chain = list(plan(job(tmp_path, **given, **where)))
        assert [phase.name for phase in chain] == phases
        folders, folder = [], SEEDS
        for name in phases:
            folders.append(folder)
            if name not in (*COMPARE_ANSWERS, *COMPARE_RESPONSES):
                folder = CHOSEN if name == "choose" else name
        assert [phase.reads for phase in chain] == folders


def test_each_task_can_be_sent_to_another_process(tmp_path: Path) -> None:
    chosen = {"passages": 100_000, "select": "cometkiwi", "comet_python": "python", **JUDGE, **TWO}
    one = job(tmp_path / "out", **chosen)
    for phase in plan(one):
        for step in dill.loads(dill.dumps(phase.steps(one))):
            assert callable(step)
            if isinstance(step, StageRunner):
                assert step.spec.model == phase.model
    assert not one.work.exists()


def test_candidates_are_shared_and_numbered_in_a_row(tmp_path: Path) -> None:
    phases = plan(job(tmp_path, candidates=5, **TWO)).translations
    shares = [(phase.rollout.first, phase.rollout.candidates) for phase in phases]  # type: ignore[attr-defined]
    assert shares == [(0, 3), (3, 2)]
