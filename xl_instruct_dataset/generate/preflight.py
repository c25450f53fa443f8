"""What must hold before the first phase: endpoints that answer, a folder that is this job's, seeds, benchmarks to keep clear of."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.benchmark import contamination
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import read_json, write_json
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.inference.servers import Model
from xl_instruct_dataset.generate.pipeline import phases
from xl_instruct_dataset.generate.seeds import producer, sources


def preflight(settings: Settings) -> dict[Model, Capabilities | None]:
    """Ask each endpoint one question before anything is made, and return which parameters it takes.

    Raises ModelUnavailable in one line, and UserError where what is to choose at the end does not load.
    """
    if settings.select == "cometkiwi":
        chooser = phases.comet(settings.comet_python, settings.comet_model)
        chooser.start()
        if settings.executor != "local" or settings.workers > 1:
            chooser.close()  # Each worker loads one of its own.
    asked: dict[Model, Capabilities | None] = {}
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
            asked[model] = client.capabilities
        finally:
            client.close()
    return asked


def benchmark_index(settings: Settings) -> contamination.Index:
    """What the rows must not overlap with; raises UserError as `contamination.index_of` does."""
    path = Path(settings.benchmark_path) if settings.benchmark_path else None
    if not settings.benchmarks:
        return contamination.Index([])
    return contamination.index_of(settings.benchmarks, None, path)


def begun(settings: Settings, work: Path) -> tuple[int, Counter[str]]:
    """Claim the work folder and make the seeds; what `prepared` returns. Leaves nothing where there is no seed to be had."""
    with _claimed(settings, work):
        return prepared(settings, work)


def flowing(settings: Settings, work: Path, flow: Callable[[producer.SeedProducer], None]) -> tuple[int, Counter[str]]:
    """Claim the work folder for a new job, and have `flow` use the seeds while they are made; returns what `begun` does.

    Raises what reading the source raises, before `flow` and leaving nothing where the first passage is not to be had,
    else after it.
    """
    stamp = sources.stamp(settings)
    with ExitStack() as stack:
        with _claimed(settings, work):
            making = stack.enter_context(
                producer.SeedProducer(settings, work / phases.SEEDS, work / work_folder.REJECTED_SEEDS)
            )
            if not making.more():
                making.finish()
        flow(making)
        count, dropped = making.finish()
    _report(settings, work, count, dropped, stamp)
    return count, dropped


@contextmanager
def _claimed(settings: Settings, work: Path) -> Iterator[None]:
    """The work folder is this job's; a new job that fails in the block leaves nothing of it."""
    new = work_folder.new(work)
    work_folder.claim(settings, work)
    try:
        yield
    except Exception:
        if new:
            for name in (work_folder.IDENTITY, work_folder.SETTINGS, work_folder.REJECTED_SEEDS):
                (work / name).unlink(missing_ok=True)
            shutil.rmtree(work / phases.SEEDS, ignore_errors=True)
        raise


def prepared(settings: Settings, work: Path) -> tuple[int, Counter[str]]:
    """The seeds, made once: how many there are, and what was left out by reason."""
    report, stamp = work / work_folder.SEEDS_REPORT, sources.stamp(settings)
    if report.exists():
        known: dict[str, Any] = read_json(report)
        if known.get("stamp") != stamp:
            raise UserError(
                f"{settings.seeds}: is another than when this job began in {work}; put it back, or choose another --output"
            )
        if known.get("wanted") == settings.wanted_passages:
            return int(known["count"]), Counter(known["dropped"])
    report.unlink(missing_ok=True)
    count, dropped = producer.make(settings, work / phases.SEEDS, work / work_folder.REJECTED_SEEDS)
    _report(settings, work, count, dropped, stamp)
    return count, dropped


def _report(settings: Settings, work: Path, count: int, dropped: Counter[str], stamp: str | None) -> None:
    found = {"wanted": settings.wanted_passages, "count": count, "dropped": dict(dropped), "stamp": stamp}
    write_json(work / work_folder.SEEDS_REPORT, found)
