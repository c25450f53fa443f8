"""What is to be done for a sweep: tasks for what is missing in its run folders."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.models import backend_choice, placement
from xl_alpacaeval_metric.prefetch.needs import Loaded
from xl_alpacaeval_metric.sweep import commands
from xl_alpacaeval_metric.sweep.file import Run, Sweep
from xl_alpacaeval_metric.sweep.judging.judges import Judges
from xl_alpacaeval_metric.sweep.missing import Held, Missing
from xl_alpacaeval_metric.sweep.settings import ModelSettings
from xl_alpacaeval_metric.sweep.tasks import ENDED, FOLDER, Task, TaskFolder

ASK, FINISH = "ask", "finish"
COPY = "sweep.yaml"
"""The sweep's file as its tasks read it, in the folder of the tasks."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`answers` are made next to each other, `ask` judges at endpoints meanwhile, `finish` is last.

    `held` is what each run folder has now, by the run's name.
    """

    answers: tuple[Task, ...]
    ask: Task | None
    finish: Task | None
    held: dict[str, Held]

    @property
    def tasks(self) -> tuple[Task, ...]:
        return (*self.answers, *(one for one in (self.ask, self.finish) if one is not None))


def plan(sweep: Sweep, judges: Judges, missing: Missing) -> Plan:
    """The tasks for what is missing; raises UserError for what cannot be done."""
    for benchmark in sweep.benchmarks:
        missing.check(benchmark, bool(sweep.judges))
    runs = list(sweep.runs)
    held = {run.name: missing.held(run, judges.of(run.benchmark), judges.rubric) for run in runs}
    answers = tuple(
        Task(run.name, tuple(commands.answering(run, sweep.judging)), gpus_of(run.model))
        for run in runs
        if not held[run.name].is_answered
    )
    unjudged = bool(sweep.judges) and not all(one.is_complete for one in held.values())
    ask = _task(sweep, ASK) if unjudged and any(one.is_endpoint for one in sweep.judges) else None
    finish = _task(sweep, FINISH, _judge_gpus(sweep)) if answers or unjudged or not _collected(sweep, runs) else None
    return Plan(answers, ask, finish, held)


def gpus_of(model: ModelSettings) -> int:
    """The GPUs that a model's task asks a cluster for: one unless the file says more, or none."""
    loaded = Loaded(model.model, model.backend or backend_choice.AUTO, model.model_args)
    if loaded.at_endpoint or model.device == "cpu":
        return 0
    # With the arguments of vLLM, `auto` chooses it.
    return _gpus(model.gpus, "vllm" if loaded.backend == backend_choice.AUTO else loaded.backend, model.model_args)


def write_copy(sweep_file: Path, content: dict[str, object], output: Path) -> None:
    """Keep the sweep's file for its tasks: it may be another one when they run."""
    import yaml

    folder = output / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    header = f"# {sweep_file.name}, as it was when this sweep was started\n"
    jsonl.replace_file(folder / COPY, header + yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def note_waiting(plan: Plan, folder: TaskFolder, job: str = "") -> None:
    """Write down that the plan's tasks wait to be run."""
    for task in plan.tasks:
        folder.write(task.name, "waiting", job=job)


def note_answered(plan: Plan, folder: TaskFolder) -> None:
    """Write down that runs with all their answers wait for none.

    A task that was killed after its last answer is in no plan again. Its record says that it runs,
    and where that was on another machine, nobody here can see that it does not.
    """
    for name, held in plan.held.items():
        record = folder.record(name) if held.is_answered else None
        if record is not None and record.state not in ENDED:
            folder.write(name, **asdict(replace(record, state="done")))


def _task(sweep: Sweep, name: str, gpus: int = 0) -> Task:
    return Task(name, ("sweep", str(sweep.output / FOLDER / COPY), "--task", name), gpus)


def _judge_gpus(sweep: Sweep) -> int:
    """The GPUs of the largest judge that is loaded here; 0 where all are at endpoints."""
    return max(
        (
            0 if one.device == "cpu" else _gpus(one.gpus, one.judge.partition("/")[0], one.args)
            for one in sweep.judges
            if not one.is_endpoint
        ),
        default=0,
    )


def _gpus(wanted: str | None, backend: str, arguments: Mapping[str, Any]) -> int:
    """The number that is wanted, or else that of the backend's arguments, or one."""
    if wanted and wanted.isdecimal():
        return int(wanted)
    return placement.own_width(backend, arguments) or 1


def _collected(sweep: Sweep, runs: Sequence[Run]) -> bool:
    from xl_alpacaeval_metric.sweep import collecting

    return collecting.is_current(sweep, runs)
