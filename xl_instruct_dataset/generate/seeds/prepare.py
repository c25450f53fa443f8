"""The seeds of a job, made once in its work folder, before the first phase or while it runs."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import read_json, write_json
from xl_instruct_dataset.generate import checksums
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.seeds import producer, sources
from xl_instruct_dataset.generate.seeds.producer import SeedCounts, SeedProducer


def prepare_seeds(job: Job) -> SeedCounts:
    """Claim the work folder and make the seeds, unless they are there.

    A new job without a usable passage leaves nothing. Raises UserError where the folder is another
    job's, where the source has changed since the seeds were made, and where it cannot be read.
    """
    with _claimed(job):
        file, stamp = job.work / work_folder.SEEDS_REPORT, sources.stamp(job.settings)
        if file.exists():
            report = _report(job)
            if report.get("stamp") != stamp:
                raise UserError(
                    f"{job.settings.seeds}: is another than when this job began in {job.work}; put it back, or "
                    "choose another --output"
                )
            damaged = _damaged(job, int(report["count"]))
            for shard, fault in damaged.items():
                job.notify(checksums.made_again(shard, fault))
            if report.get("wanted") == job.settings.wanted_passages and not damaged:
                return _counts(report)
        file.unlink(missing_ok=True)
        for line in sources.notes(job.settings):
            job.notify(line)
        counts = producer.produce(job.settings, job.work / work_folder.SEEDS, job.work / work_folder.REJECTED_SEEDS)
        _write_report(job, counts, stamp)
        return counts


@contextmanager
def stream_seeds(job: Job) -> Iterator[SeedProducer]:
    """Claim the work folder for a new job, and yield the producer, to be read in the block.

    Raises what reading the source raises: before the block, leaving nothing, where it has no first
    passage, else after it.
    """
    stamp = sources.stamp(job.settings)
    for line in sources.notes(job.settings):
        job.notify(line)
    with ExitStack() as stack:
        with _claimed(job):
            seeds = stack.enter_context(
                SeedProducer(job.settings, job.work / work_folder.SEEDS, job.work / work_folder.REJECTED_SEEDS)
            )
            if not seeds.more():
                seeds.finish()
        yield seeds
        counts = seeds.finish()
    _write_report(job, counts, stamp)


def load_counts(job: Job) -> SeedCounts:
    """The counts of the seeds that were made."""
    return _counts(_report(job))


def _report(job: Job) -> dict[str, Any]:
    """What was written of the seeds that were made; raises UserError where it is damaged."""
    file = job.work / work_folder.SEEDS_REPORT
    with suppress(UserError):
        report: dict[str, Any] = read_json(file)
        if isinstance(report.get("count"), int) and isinstance(report.get("dropped"), dict):
            return report
    raise UserError(f"{file}: damaged; delete it, and the same command finds the seeds again")


def _damaged(job: Job, count: int) -> dict[Path, str]:
    """The shards of `count` seeds that were damaged since they were made, with what is wrong."""
    shards = [job.shard(work_folder.SEEDS, number) for number in range(-(-count // job.settings.shard))]
    return {shard: fault for shard in shards if (fault := checksums.fault(shard))}


def _counts(report: dict[str, Any]) -> SeedCounts:
    return SeedCounts(int(report["count"]), Counter(report["dropped"]))


def _write_report(job: Job, counts: SeedCounts, stamp: str | None) -> None:
    report = {
        "wanted": job.settings.wanted_passages,
        "count": counts.count,
        "dropped": dict(counts.dropped),
        "stamp": stamp,
    }
    write_json(job.work / work_folder.SEEDS_REPORT, report)


@contextmanager
def _claimed(job: Job) -> Iterator[None]:
    """The work folder is this job's; a new job that fails in the block leaves nothing of it."""
    work = job.work
    new = work_folder.new(work)
    work_folder.claim(job.settings, work)
    try:
        yield
    except Exception:
        if new:
            for name in (work_folder.IDENTITY, work_folder.SETTINGS, work_folder.REJECTED_SEEDS):
                (work / name).unlink(missing_ok=True)
            shutil.rmtree(work / work_folder.SEEDS, ignore_errors=True)
        raise
