"""The client for OpenAI's Batch API: the same replies at half the price, within a day."""

import logging
import time
from collections import Counter
from collections.abc import Container, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from xl_alpacaeval_metric.clients.base import UNUSABLE, Completion, IsUsable, Reply, Request
from xl_alpacaeval_metric.clients.fingerprint import canonical, fan_out, fingerprint, group_indices
from xl_alpacaeval_metric.clients.openai import OpenAIClient
from xl_alpacaeval_metric.clients.openai_batch.api import ENDED, NO_SUCH_CALL, BatchApi, BatchStatus, CallFailed
from xl_alpacaeval_metric.clients.openai_batch.ledger import Job, Ledger
from xl_alpacaeval_metric.clients.openai_batch.lines import input_files, outcomes
from xl_alpacaeval_metric.clients.openai_batch.progress import BatchProgress
from xl_alpacaeval_metric.errors import ModelUnavailable, UserError
from xl_alpacaeval_metric.progress import Progress, silent

MAX_REQUESTS, MAX_BYTES = 50_000, 200_000_000
"""OpenAI's limits for one file."""
FIRST_PAUSE, PAUSE_GROWTH = 0.5, 1.5
"""Seconds between the first two polls of a batch, and the factor by which later pauses grow."""
NEEDS_BATCHES = (
    "--batch needs an endpoint with OpenAI's Batch API; without --batch the same command asks one request at a time"
)

logger = logging.getLogger(__name__)


class BatchClient:
    """Sends requests through the Batch API of `inner`'s endpoint.

    Requests that get no usable reply there are sent again through `inner`. The ids of files and
    batches are written to FOLDER/batch.json as soon as they are known, and the output lines of a
    batch to FOLDER/<batch>.jsonl: after a kill or Ctrl-C the same requests resume the same batches.
    The pauses between polls grow to `poll_seconds`. Calls that meet transient faults are retried
    for `patience` seconds, and for `long_patience` seconds while a batch runs. `progress` is called
    with the status of the batches, the number of requests that have ended, and the number of all.
    """

    def __init__(
        self,
        inner: OpenAIClient,
        folder: Path,
        *,
        poll_seconds: float = 60.0,
        patience: float = 60.0,
        long_patience: float = 3600.0,
        max_requests: int = MAX_REQUESTS,
        max_bytes: int = MAX_BYTES,
        progress: Progress = silent,
    ) -> None:
        self._inner, self._folder, self._poll_seconds = inner, folder, poll_seconds
        self._max_requests, self._max_bytes = max_requests, max_bytes
        self._progress = BatchProgress(progress)
        self._api = BatchApi(
            inner.endpoint, patience=patience, long_patience=long_patience, on_retry=self._progress.show_retry
        )

    @property
    def inner(self) -> OpenAIClient:
        """The client that asks one request at a time."""
        return self._inner

    @property
    def spec(self) -> str:
        return self._inner.spec

    @property
    def identity(self) -> Mapping[str, object]:
        """That of `inner`: the same model gives the same replies."""
        return self._inner.identity

    def preflight(self) -> None:
        """As `Client.preflight`, through `inner`."""
        self._inner.preflight()

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        """As `Client.complete`. A reply after an unusable one of the batch counts one retry more.

        Also raises UserError where the endpoint has no Batch API, and where the batch exceeds the
        account's limits.
        """
        self._inner.ensure_capabilities()
        identity = canonical(self.identity)
        waiting = group_indices(fingerprint(request, identity).hex()[:32] for request in requests)
        by_name = {name: requests[indices[0]] for name, indices in waiting.items()}
        ledger = Ledger(self._folder)
        new_files = self._upload(ledger, by_name)
        jobs = [job for job in ledger.jobs if not by_name.keys().isdisjoint(job.requests)]
        tried: set[str] = set()
        for job in self._ended_jobs(ledger, jobs, new_files):
            for name, completion in self._usable_replies(
                job, ledger.replies_file(job), by_name, waiting, is_usable, tried
            ):
                yield from fan_out(waiting.pop(name), completion)
        rest = list(waiting)
        if not rest:
            return
        replies = self._inner.complete([by_name[name] for name in rest], is_usable)
        with closing(replies) if isinstance(replies, Generator) else nullcontext():
            for index, reply in replies:
                name = rest[index]
                again = replace(reply, retries=reply.retries + 1) if name in tried else reply
                yield from fan_out(waiting[name], again)

    def close(self) -> None:
        """As `Client.close`; closes `inner` too."""
        self._api.close()
        self._inner.close()

    def _usable_replies(
        self,
        job: Job,
        lines: Path,
        by_name: Mapping[str, Request],
        waiting: Container[str],
        is_usable: IsUsable | None,
        tried: set[str],
    ) -> Iterator[tuple[str, Completion]]:
        """Yield (name, usable reply) of the job's requests that are waiting.

        Adds the names of those with an unusable reply to `tried`, and logs how many have to be sent
        again, and why.
        """
        choices = {name: by_name[name].choices for name in job.requests if name in waiting}
        reasons = Counter({"no reply": len(choices)})
        for name, outcome in outcomes(lines, choices):
            reasons["no reply"] -= 1
            if isinstance(outcome, Completion) and (is_usable is None or is_usable(outcome)):
                yield name, outcome
            elif isinstance(outcome, Completion):
                tried.add(name)
                reasons[f"{UNUSABLE}{outcome.text[:40]!r}"] += 1
            else:
                tried.update([name] if outcome.kind != "unreachable" else [])
                reasons[self._inner.endpoint.redacted_line(outcome.reason)] += 1
        _log_resent(job, reasons, len(choices))

    def _upload(self, ledger: Ledger, by_name: Mapping[str, Request]) -> set[str]:
        """Upload the requests that are in no batch yet; returns the ids of the new files."""
        known = {name for job in ledger.jobs for name in job.requests}
        bodies = ((name, self._inner.body(request)) for name, request in by_name.items() if name not in known)
        files = set()
        for names, content in input_files(bodies, self._max_requests, self._max_bytes):
            self._progress.show("batch being uploaded", 0, len(by_name))
            with self._user_errors(NEEDS_BATCHES):
                file = self._api.upload(f"xl-alpacaeval-{names[0]}.jsonl", content)
            ledger.put(Job(file, None, "uploaded", names))
            files.add(file)
        return files

    def _ended_jobs(self, ledger: Ledger, jobs: Sequence[Job], new_files: set[str]) -> Iterator[Job]:
        """Yield each job when its batch has ended and its output lines are in the folder.

        Of `new_files` it is certain that they have no batch yet.
        """
        remaining = {job.file: job for job in jobs}
        statuses: dict[str, BatchStatus] = {}
        at_limit, pause = False, min(FIRST_PAUSE, self._poll_seconds)
        while remaining:
            for job in tuple(remaining.values()):
                if job.batch is not None and ledger.replies_file(job).exists():
                    yield remaining.pop(job.file)
                    continue
                if job.batch is None and at_limit:  # It can be created when another one has ended.
                    continue
                status = statuses[job.file] = self._status(ledger, job, new_files)
                self._progress.show_statuses(jobs, statuses)
                at_limit = at_limit or status.too_many_tokens
                batch = None if status.too_many_tokens else status.batch
                job = remaining[job.file] = ledger.update(
                    job, batch, status.status, self._inner.endpoint.redacted_line(status.complaint)
                )
                if batch is not None and status.status in ENDED:
                    self._save_replies(status, ledger.replies_file(job))
                    at_limit = False
                    yield remaining.pop(job.file)
            if at_limit and all(job.batch is None for job in remaining.values()):
                raise UserError(
                    f"{self._where}: {next(s.complaint for s in statuses.values() if s.too_many_tokens)}; "
                    "wait until other batches of the account have ended, or give fewer rows"
                )
            if remaining:
                time.sleep(pause)
                pause = min(self._poll_seconds, PAUSE_GROWTH * pause)

    def _status(self, ledger: Ledger, job: Job, new_files: set[str]) -> BatchStatus:
        """The status of a job's batch, which is created where there is none."""
        again = f"another key or address made it: give that, or delete {ledger.path} to begin anew"
        if job.batch is not None:
            with self._user_errors(again, "the batch goes on there, and the same command goes on here"):
                return self._api.retrieve(job.batch)
        tried = job.file not in new_files
        new_files.discard(job.file)
        with self._user_errors(again if tried else NEEDS_BATCHES):
            return self._api.create(job.file, tried=tried)

    def _save_replies(self, status: BatchStatus, path: Path) -> None:
        """Write the output lines of a batch to a file, atomically."""
        with self._user_errors("it was deleted, or another key made it", "the same command tries again"):
            content = b"".join(self._api.download(file) for file in status.files)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.replace(path)

    @property
    def _where(self) -> str:
        return f"{self.spec} at {self._inner.endpoint.url}"

    @contextmanager
    def _user_errors(self, unknown: str, otherwise: str = "") -> Iterator[None]:
        """Raise one clear line for a call that failed.

        `unknown` is the advice where the endpoint has no such call or object, `otherwise` the one
        after transient faults.
        """
        try:
            yield
        except CallFailed as failed:
            fault = failed.fault
            if fault.status in NO_SUCH_CALL:
                raise UserError(f"{self._where}: {fault.reason}; {unknown}") from None
            if fault.kind == "refused":
                raise UserError(f"{self._where}: the batch was refused: {fault.reason}") from None
            line = str(self._inner.unavailable(fault))
            is_transient = otherwise and fault.kind in ("transient", "unreachable")
            raise ModelUnavailable(f"{line}; {otherwise}" if is_transient else line) from None


def _log_resent(job: Job, reasons: Counter[str], total: int) -> None:
    """Log how many of a batch's requests have to be sent one by one, and why."""
    unanswered = +reasons
    if job.status == "completed" and not unanswered:
        return
    why = "; ".join(f"{count} x {reason}" for reason, count in unanswered.most_common(3))
    logger.warning(
        "%s %s%s: %d of %d requests go on one by one%s",
        job.batch,
        job.status,
        f" ({job.complaint})" if job.complaint else "",
        unanswered.total(),
        total,
        f" ({why})" if why else "",
    )
