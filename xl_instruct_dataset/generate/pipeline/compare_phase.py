"""The phase whose tasks share what takes longest in comparing the texts of many passages."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from xl_instruct_dataset.generate.config.work_folder import PROGRESS
from xl_instruct_dataset.generate.inference.task_progress import TaskCounter
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.near_duplicates import shared_bands
from xl_instruct_dataset.generate.near_duplicates.signatures import Compared
from xl_instruct_dataset.generate.pipeline.phases import Export, Phase, SelectAnswers, Steps
from xl_instruct_dataset.quality.minhash import BANDS

MANY = 100_000
"""Passages from which tasks of their own are worth their start."""


@dataclass(frozen=True)
class ComparePhase(Phase):
    """Signs texts, or finds those that share a band, ahead of the phase that it `serves`.

    That one does alone what was not done. What is done already is not done again, so that the tasks
    can run at any time.
    """

    does: Literal["sign", "match"]
    serves: SelectAnswers | Export
    model = None

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"{self.does}-{'answers' if isinstance(self.serves, SelectAnswers) else 'responses'}"

    @property
    def reads(self) -> str:  # type: ignore[override]
        return self.serves.reads

    def tasks(self, job: Job) -> int:
        return max(1, min(BANDS, job.shards))

    def parts(self, job: Job) -> int:
        """How many shards, or bands, the tasks do together."""
        return job.shards if self.does == "sign" else BANDS

    def steps(self, job: Job) -> Steps:
        of_folder = Compared.answers if isinstance(self.serves, SelectAnswers) else Compared.responses
        compared = of_folder(job, self.reads)
        do = compared.sign if self.does == "sign" else partial(shared_bands.keep, compared)
        return [_Share(do, self.parts(job), job.work / PROGRESS, self.name)]


@dataclass(frozen=True)
class _Share:
    """A task's share of the parts, as the step of a pipeline."""

    do: Callable[[int], None]
    parts: int
    progress: Path
    phase: str

    def __call__(self, data: Any = None, rank: int = 0, world_size: int = 1) -> None:
        with TaskCounter(self.progress, self.phase, rank) as counter:
            for part in range(rank, self.parts, world_size):
                self.do(part)
                counter.add()


def ahead_of(job: Job, serves: SelectAnswers | Export) -> tuple[ComparePhase, ...]:
    """The phases ahead of one that compares all texts; none for fewer than MANY passages."""
    if job.settings.wanted_passages < MANY:
        return ()
    return ComparePhase("sign", serves), ComparePhase("match", serves)
