"""The whole job, step by step; what is finished is not done again."""

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import contamination, hubfolder, langid
from xl_alpacaeval_metric.clients.dialect import Dialect
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.parquet import Written
from xl_alpacaeval_metric.runfolder import read_json, write_json
from xl_instruct_dataset.generate import choosing, collecting, counting, executors, phases, rows, seeds, workfolder
from xl_instruct_dataset.generate.collecting import Tally
from xl_instruct_dataset.generate.phases import Phase
from xl_instruct_dataset.generate.serving import Model
from xl_instruct_dataset.generate.settings import Settings

Progress = Callable[[str, int, int], None]
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
    work = workfolder.of(output)
    hubfolder.check_replaceable(output)
    executors.check(settings)
    seeds.check(settings)
    with ThreadPoolExecutor(1) as loading:
        # While the endpoints are waited for.
        made = loading.submit(benchmark_index, settings)
        loading.submit(_load_first, settings)
        known = {} if workfolder.finished(settings, work) else preflight(settings)
        index = made.result()
    with workfolder.locked(work):
        count, unused = begun(settings, work)
        shards = shard_count(work)
        later = threading.Timer(AT_REST, _load_last)
        later.daemon = True
        later.start()
        for phase in phases.before_choosing(settings, known):
            run_phase(settings, work, phase, shards, count, progress)
        progress("choosing", 0, 1)
        choosing.choose(settings, work / phases.answers(settings), work / phases.CHOSEN, shards, index)
        progress("choosing", 1, 1)
        for phase in phases.after_choosing(settings, known):
            run_phase(settings, work, phase, shards, count, progress)
        return finish(settings, work, output, shards, index, unused, progress)


def _load_first(settings: Settings) -> None:
    """What looking at the first passage needs."""
    import datasketch  # noqa: F401

    langid.matches(["A few words, to have the models loaded."], settings.source)


def _load_last() -> None:
    """What the last steps need and take seconds to load, while the first replies are waited for."""
    import datasets  # noqa: F401
    import pyarrow.parquet  # noqa: F401


def finish(
    settings: Settings,
    work: Path,
    output: Path,
    shards: int,
    index: contamination.Index,
    unused: Counter[str],
    progress: Progress,
) -> Outcome:
    """Filter, write the Hub folder, and leave the report's figures in the work folder."""
    progress("filtering", 0, 1)
    tally = collecting.collect(settings, work, shards, index, work / phases.results(settings))
    written = rows.export(settings, work, output, tally)
    outcome = Outcome(written, tally, unused, work)
    write_json(work / workfolder.REPORT, {**collecting.tally_as_dict(tally), "unused_passages": dict(unused)})
    progress("filtering", 1, 1)
    return outcome


def run_phase(settings: Settings, work: Path, phase: Phase, shards: int, count: int, progress: Progress) -> None:
    """Run one phase to its end; raises UserError in one line for what went wrong in a task."""
    executor = executors.executor(settings, work, phase, shards)
    phases.refresh(work, phase, shards)
    with counting.watched(work / "progress", phase.name, count, progress):
        try:
            executor.run()
        except UserError as error:
            raise UserError(f"{phase.name}: {error}") from None
        except Exception as error:
            raise UserError(f"{phase.name}: {counting.reason_of(error)}; see {work / 'logs' / phase.name}") from None
    left = executor.get_incomplete_ranks(skip_completed=True)
    if left and (problem := counting.problem(work / "progress", phase.name)):
        raise UserError(f"{phase.name}: {problem}")
    if left:
        raise UserError(
            f"{phase.name}: {len(left)} of {shards} tasks are not finished; see {work / 'logs' / phase.name / 'logs'}, "
            "the same command goes on"
        )


def begun(settings: Settings, work: Path) -> tuple[int, Counter[str]]:
    """Claim the work folder and make the seeds; what `prepared` returns. Leaves nothing where there is no seed to be had."""
    new = not (work / workfolder.IDENTITY).exists()
    workfolder.claim(settings, work)
    try:
        return prepared(settings, work)
    except UserError:
        if new:
            for name in (workfolder.IDENTITY, workfolder.SETTINGS):
                (work / name).unlink(missing_ok=True)
            (work / workfolder.REJECTED_SEEDS).unlink(missing_ok=True)
            shutil.rmtree(work / phases.SEEDS, ignore_errors=True)
        raise


def prepared(settings: Settings, work: Path) -> tuple[int, Counter[str]]:
    """The seeds, made once: how many there are, and what was left out by reason."""
    report, stamp = work / workfolder.SEEDS_REPORT, seeds.stamp(settings)
    if report.exists():
        known: dict[str, Any] = read_json(report)
        if known.get("stamp") != stamp:
            raise UserError(
                f"{settings.seeds}: is another than when this job began in {work}; put it back, or choose another --output"
            )
        if known.get("wanted") == settings.wanted_passages:
            return int(known["count"]), Counter(known["dropped"])
    report.unlink(missing_ok=True)
    count, dropped = seeds.make(settings, work / phases.SEEDS, work / workfolder.REJECTED_SEEDS)
    found = {"wanted": settings.wanted_passages, "count": count, "dropped": dict(dropped), "stamp": stamp}
    write_json(report, found)
    return count, dropped


def shard_count(work: Path) -> int:
    """How many shards the seeds make."""
    return len(list((work / phases.SEEDS).glob("*.jsonl")))


def preflight(settings: Settings) -> dict[Model, Dialect | None]:
    """Ask each endpoint one question before anything is made, and return which parameters it takes.

    Raises JudgeUnavailable in one line, and UserError where what is to choose at the end does not load.
    """
    if settings.select == "cometkiwi":
        chooser = phases.comet(settings.comet_python, settings.comet_model)
        chooser.start()
        if settings.executor != "local" or settings.workers > 1:
            chooser.close()  # Each worker loads one of its own.
    asked: dict[Model, Dialect | None] = {}
    translators = settings.translator_models if set(settings.targets) != {settings.source} else ()
    roles: Sequence[tuple[str, int, str]] = (
        ("teacher", 0, settings.teacher),
        *((("judge", 0, settings.judge_model),) if settings.scored else ()),
        *(("translator", number, spec) for number, spec in enumerate(translators)),
    )
    for role, number, spec in roles:
        model = Model(spec, settings.base_url(role, number))
        if model.backend != "openai" and settings.executor == "local" and find_spec(model.backend) is None:
            raise UserError(
                f"{spec}: {model.backend} is not installed; install it, or give an endpoint as openai/MODEL"
            )
        if model.backend != "openai" or model in asked:
            continue
        client = model.client(1, settings.timeout)
        try:
            client.preflight()
            asked[model] = client.dialect
        finally:
            client.close()
    return asked


def benchmark_index(settings: Settings) -> contamination.Index:
    """What the rows must not overlap with; raises UserError as `contamination.index_of` does."""
    path = Path(settings.benchmark_path) if settings.benchmark_path else None
    if not settings.benchmarks:
        return contamination.Index([])
    return contamination.index_of(settings.benchmarks, None, path)
