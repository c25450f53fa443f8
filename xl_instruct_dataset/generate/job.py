"""A job: its settings, its folders, and what its steps share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from xl_alpacaeval_metric.benchmark import contamination
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities
from xl_alpacaeval_metric.progress import Notify, Progress, silent, unheard
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.config.models import Model
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.quality.minhash import SignatureCache


@dataclass
class Job:
    """One job. It can be pickled, before `index` has been used, to run its steps elsewhere.

    `capabilities` are those of the endpoints that were probed. `signatures` is set where all steps
    run in one process: texts that are looked at for near-duplicates are hashed there ahead of time.
    """

    settings: Settings
    output: Path
    progress: Progress = silent
    notify: Notify = unheard
    capabilities: Mapping[Model, Capabilities | None] = field(default_factory=dict)
    signatures: SignatureCache | None = None
    work: Path = field(init=False)

    def __post_init__(self) -> None:
        self.output = self.output.resolve()  # A cluster's processes have other working directories.
        self.work = work_folder.of(self.output)

    @cached_property
    def index(self) -> contamination.Index:
        """The benchmarks' texts that rows must not overlap with.

        Raises UserError as `contamination.index_of` does.
        """
        settings = self.settings
        if not settings.benchmarks:
            return contamination.Index([])
        path = Path(settings.benchmark_path) if settings.benchmark_path else None
        return contamination.index_of(settings.benchmarks, None, path)

    @property
    def translated_targets(self) -> tuple[str, ...]:
        """The target languages that responses are translated into: all but the source language."""
        return tuple(target for target in self.settings.targets if target != self.settings.source)

    def model(self, role: str, number: int = 0) -> Model:
        """The model of a role; translators are numbered from 0."""
        spec = {
            "teacher": self.settings.teacher,
            "judge": self.settings.judge_model,
            "translator": self.settings.translator_models[number],
        }[role]
        return Model(spec, self.settings.base_url(role, number))

    def shard(self, folder: str, number: int) -> Path:
        """The file of a shard in one of the work folder's folders."""
        return self.work / folder / f"{number:05d}.jsonl"

    def shard_files(self, folder: str) -> list[Path]:
        """The files of all shards in one of the work folder's folders."""
        return [self.shard(folder, number) for number in range(self.shards)]

    @property
    def shards(self) -> int:
        """How many shards there are: those of the seeds."""
        return len(list((self.work / work_folder.SEEDS).glob("*.jsonl")))
