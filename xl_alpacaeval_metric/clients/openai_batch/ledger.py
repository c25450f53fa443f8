"""The record of which requests are in which batch, kept in the run folder for a killed run."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import read_json, write_json

LEDGER = "batch.json"
_OWN_NAME = re.compile(r"batch[_-][A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class Job:
    """A file of requests at the endpoint, and the batch created from it; None until there is one.

    `requests` are the names (`custom_id`) of the requests in the file, `complaint` is why the batch
    failed as a whole.
    """

    file: str
    batch: str | None
    status: str
    requests: tuple[str, ...]
    complaint: str = ""


class Ledger:
    """The jobs in FOLDER/batch.json; each change is written before the call returns.

    Raises UserError where the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LEDGER
        self._jobs: dict[str, Job] = {job.file: job for job in self._read()}

    @property
    def jobs(self) -> tuple[Job, ...]:
        return tuple(self._jobs.values())

    def put(self, job: Job) -> Job:
        """Add a job, or replace the one of the same file."""
        self._jobs[job.file] = job
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.path, {"jobs": [asdict(job) for job in self.jobs]})
        return job

    def update(self, job: Job, batch: str | None, status: str, complaint: str = "") -> Job:
        """Record the batch and the status of a job; returns the job as it is now."""
        changed = replace(job, batch=batch, status=status, complaint=complaint)
        return job if changed == job else self.put(changed)

    def replies_file(self, job: Job) -> Path:
        """The file for the output lines of a job's batch; it exists once the batch has ended."""
        name = str(job.batch)
        if not _OWN_NAME.fullmatch(name):  # Such as `verdicts`, whose file is another.
            name = f"batch-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}"
        return self.path.with_name(f"{name}.jsonl")

    def _read(self) -> Iterator[Job]:
        if not self.path.exists():
            return
        try:
            for row in read_json(self.path)["jobs"]:  # type: ignore[attr-defined]
                yield Job(**{**row, "requests": tuple(row["requests"])})
        except (KeyError, TypeError):
            raise UserError(f"{self.path}: damaged; delete it to begin anew, or choose a new folder") from None
