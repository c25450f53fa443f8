"""The types of phases that a job consists of."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from datatrove.pipeline.base import PipelineStep

from xl_alpacaeval_metric.files.jsonl import write_json
from xl_instruct_dataset.generate import checksums, page, report
from xl_instruct_dataset.generate.checksums import WriteHash
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.config.models import Model
from xl_instruct_dataset.generate.documents import Draft
from xl_instruct_dataset.generate.inference.comet import SelectByComet
from xl_instruct_dataset.generate.inference.prompter import Rollout
from xl_instruct_dataset.generate.inference.runner import StageRunner
from xl_instruct_dataset.generate.inference.spec import InferenceSpec
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline import shards
from xl_instruct_dataset.generate.pipeline.shards import SeedReader, ShardReader
from xl_instruct_dataset.generate.seeds.prepare import load_counts
from xl_instruct_dataset.generate.seeds.producer import SeedProducer
from xl_instruct_dataset.generate.selection import answers, export, translations
from xl_instruct_dataset.generate.selection.tally import Outcome
from xl_instruct_dataset.quality.minhash import SignatureCache

Steps = list[PipelineStep | Callable[..., Any]]


class Phase(ABC):
    """A datatrove pipeline over some tasks, which leaves its result in the work folder.

    `name` is that of its logs, and of the folder that its shards are written into; `reads` is the
    folder of the shards that it reads. `model` is the one it asks, None where it asks none.
    """

    name: str
    reads: str
    model: Model | None

    @abstractmethod
    def tasks(self, job: Job) -> int:
        """How many tasks the phase has."""

    @abstractmethod
    def steps(self, job: Job) -> Steps:
        """The steps of a task. They can be pickled, unless the job has `signatures`."""


class ShardPhase(Phase):
    """A phase with a task for each shard, which knows nothing of the other shards."""

    def tasks(self, job: Job) -> int:
        return job.shards


class JobPhase(Phase):
    """A phase with one task, over all shards together; `activity` names it in the progress."""

    activity: ClassVar[str]
    model = None

    def tasks(self, job: Job) -> int:
        return 1

    def steps(self, job: Job) -> Steps:
        return [_RunHere(self, job)]

    def damaged(self, job: Job) -> Iterator[str]:
        """A line about each file that it has finished and that was damaged since."""
        return iter(())

    @abstractmethod
    def run(self, job: Job) -> Outcome | None:
        """Do it in this process; the last phase returns the job's outcome."""


@dataclass(frozen=True)
class _RunHere:
    """A JobPhase as the step of a pipeline, for an executor that runs it elsewhere."""

    phase: JobPhase
    job: Job

    def __call__(self, data: Any = None, rank: int = 0, world_size: int = 1) -> None:
        self.phase.run(self.job)


@dataclass(frozen=True)
class AskPhase(ShardPhase):
    """Asks one model about every draft."""

    rollout: Rollout
    reads: str
    model: Model

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.rollout.name

    def steps(self, job: Job) -> Steps:
        return [ShardReader(job.work / self.reads), self._runner(job), WriteHash(job.work / self.name)]

    def streaming_steps(self, job: Job, seeds: SeedProducer) -> Steps:
        """The same over seeds that are still being found, and end when the model's server fails."""
        written = partial(shards.note, job.work, self.name, self.reads)
        return [SeedReader(seeds, written), self._runner(job, seeds.stop), WriteHash(job.work / self.name)]

    def _runner(self, job: Job, on_server_error: Callable[[], None] | None = None) -> StageRunner:
        settings = job.settings
        spec = InferenceSpec(
            rollout=self.rollout,
            model=self.model,
            # By model, not by phase: whether two stages share a phase may change between runs.
            cache=job.work / work_folder.CACHE / hashlib.sha256(self.model.spec.encode()).hexdigest()[:16],
            progress=job.work / work_folder.PROGRESS,
            logs=job.work / work_folder.LOGS / self.name / work_folder.SERVERS,
            concurrency=max(1, settings.concurrency // max(1, settings.workers)),
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
            reasoning_tokens=settings.reasoning_tokens,
            timeout=settings.timeout,
            gpus=settings.gpus,
            capabilities=job.capabilities.get(self.model),
            server_args=settings.server_args,
        )
        on_rollout = None if job.signatures is None else partial(_prepare_signatures, job.signatures)
        return StageRunner(spec, shards.writer(job.work / self.name), on_rollout, on_server_error)


def _prepare_signatures(signatures: SignatureCache, draft: Draft) -> None:
    """Hash the texts that the next JobPhase compares with each other."""
    if draft.rejection is not None:
        return
    if not draft.candidates:
        signatures.prepare(draft.instruction_and_response)
    for target in draft.selections:
        if (selected := draft.selected(target)) is not None:
            signatures.prepare(selected.text)


@dataclass(frozen=True)
class CometPhase(ShardPhase):
    """Selects translations by CometKiwi."""

    name: str
    reads: str
    model = None

    def steps(self, job: Job) -> Steps:
        select = SelectByComet(
            job.settings.comet_python, job.settings.comet_model, self.name, job.work / work_folder.PROGRESS
        )
        folder = job.work / self.name
        return [ShardReader(job.work / self.reads), select, shards.writer(folder), WriteHash(folder)]


@dataclass(frozen=True)
class SelectAnswers(JobPhase):
    """Selects the answers that are worth translating, into work_folder.CHOSEN."""

    reads: str
    name: str = "choose"
    activity: ClassVar[str] = "choosing"

    def damaged(self, job: Job) -> Iterator[str]:
        for shard in job.shard_files(work_folder.CHOSEN):
            if checksums.file_of(shard).exists() and (found := checksums.fault(shard)):
                yield checksums.made_again(shard, found)

    def run(self, job: Job) -> None:
        answers.select(job, self.reads)


@dataclass(frozen=True)
class Export(JobPhase):
    """Filters the selected translations, and writes the Hub folder and the report."""

    reads: str
    name: str = "finish"
    activity: ClassVar[str] = "filtering"

    def run(self, job: Job) -> Outcome:
        tally = translations.finish_rows(job, self.reads)
        written = export.export(job, tally)
        outcome = Outcome(job, written, tally, load_counts(job).dropped)
        write_json(job.work / work_folder.REPORT, {**tally.as_dict(), "unused_passages": dict(outcome.unused)})
        report.write(outcome)
        page.write(outcome, job.shard_files(self.reads))
        return outcome
