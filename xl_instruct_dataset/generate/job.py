"""The whole job, step by step; what is finished is not done again."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.benchmark import contamination
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import write_json
from xl_alpacaeval_metric.files.lock import FolderLock
from xl_alpacaeval_metric.files.parquet import Written
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.languages import identify
from xl_alpacaeval_metric.progress import Progress
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.inference import task_progress
from xl_instruct_dataset.generate.pipeline import executors, phases, shards
from xl_instruct_dataset.generate.pipeline.phases import Phase
from xl_instruct_dataset.generate.preflight import begun, benchmark_index, flowing, preflight
from xl_instruct_dataset.generate.seeds import sources
from xl_instruct_dataset.generate.seeds.producer import SeedProducer
from xl_instruct_dataset.generate.selection import answers, export, translations
from xl_instruct_dataset.generate.selection.translations import Tally

AT_REST = 1.0
"""Seconds until the first requests are on their way, and there is time for other things."""


@dataclass(slots=True)
class Outcome:
    """What a job made: rows and bytes by pair, the tally, and the passages that were not used, by reason."""

    written: dict[str, Written]
    tally: Tally
    unused: Counter[str]
    work: Path


def run(settings: Settings, output: Path, progress: Progress) -> Outcome:
    """Generate the Hub folder `output` on the local or the Ray executor; killed at any point, the same call goes on.

    Raises UserError where the models do not answer, the seeds cannot be read, the work folder is another job's,
    or documents are left unanswered; what is done is kept.
    """
    output = output.resolve()  # Ray's workers are elsewhere.
    work = work_folder.of(output)
    hub_folder.check_replaceable(output)
    executors.check(settings)
    sources.check(settings)
    with ThreadPoolExecutor(1) as loading:
        # While the endpoints are waited for.
        made = loading.submit(benchmark_index, settings)
        loading.submit(_load_first, settings)
        known = {} if work_folder.finished(settings, work) else preflight(settings)
        index = made.result()
    with FolderLock(work), _loaded_later(index):
        first, *others = phases.answer_phases(settings, known)
        if executors.flows(settings) and work_folder.new(work):
            count, unused = flowing(settings, work, lambda making: _flow(settings, work, first, making, progress))
        else:
            count, unused = begun(settings, work)
        number = shards.total(work / phases.SEEDS)
        for phase in (first, *others):
            run_phase(settings, work, phase, number, count, progress)
        progress("choosing", 0, 1)
        answers.choose(settings, work / phases.answers(settings), work / phases.CHOSEN, number, index)
        progress("choosing", 1, 1)
        for phase in phases.translation_phases(settings, known):
            run_phase(settings, work, phase, number, count, progress)
        return finish(settings, work, output, number, index, unused, progress)


def _load_first(settings: Settings) -> None:
    """What looking at the first passage needs."""
    import datasketch  # noqa: F401

    identify.matches(["A few words, to have the models loaded."], settings.source)


@contextmanager
def _loaded_later(index: contamination.Index) -> Iterator[None]:
    """What later steps need and takes seconds to load is loaded in the background, when the first requests should be on their way."""

    def load() -> None:
        import datasets  # noqa: F401
        import pyarrow.parquet  # noqa: F401

        index.prepare()

    later = threading.Timer(AT_REST, load)
    later.daemon = True
    later.start()
    try:
        yield
    finally:
        later.cancel()


def finish(
    settings: Settings,
    work: Path,
    output: Path,
    number: int,
    index: contamination.Index,
    unused: Counter[str],
    progress: Progress,
) -> Outcome:
    """Filter, write the Hub folder, and leave the report's figures in the work folder."""
    progress("filtering", 0, 1)
    tally = translations.collect(settings, work, number, index, work / phases.results(settings))
    written = export.export(settings, work, output, tally)
    outcome = Outcome(written, tally, unused, work)
    write_json(work / work_folder.REPORT, {**translations.tally_as_dict(tally), "unused_passages": dict(unused)})
    progress("filtering", 1, 1)
    return outcome


def run_phase(settings: Settings, work: Path, phase: Phase, number: int, count: int, progress: Progress) -> None:
    """Run one phase over so many shards, of `count` documents, to its end; raises UserError in one line for what went wrong in a task."""
    executor = executors.executor(settings, work, phase, number)
    shards.refresh(work, phase.name, phase.reads, number)
    _run(executor, work, phase, count, progress)


def _flow(settings: Settings, work: Path, phase: Phase, making: SeedProducer, progress: Progress) -> None:
    """Run the first phase over seeds while they are made."""
    _run(executors.flowing(work, phase, making), work, phase, settings.wanted_passages, progress)


def _run(executor: Any, work: Path, phase: Phase, count: int, progress: Progress) -> None:
    with task_progress.watched(work / "progress", phase.name, count, progress):
        try:
            executor.run()
        except UserError as error:
            raise UserError(f"{phase.name}: {error}") from None
        except Exception as error:
            raise UserError(
                f"{phase.name}: {task_progress.reason_of(error)}; see {work / 'logs' / phase.name}"
            ) from None
    left = executor.get_incomplete_ranks(skip_completed=True)
    if left and (problem := task_progress.problem(work / "progress", phase.name)):
        raise UserError(f"{phase.name}: {problem}")
    if left:
        raise UserError(
            f"{phase.name}: {len(left)} of {executor.tasks} tasks are not finished; see "
            f"{work / 'logs' / phase.name / 'logs'}, the same command goes on"
        )
