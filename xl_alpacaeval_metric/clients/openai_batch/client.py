"""OpenAI's Batch API as a client: half the price, within a day, and the same replies."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Container, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from xl_alpacaeval_metric.clients.base import Completion, IsUsable, Reply, Request
from xl_alpacaeval_metric.clients.fingerprint import canonical, fan_out, fingerprint, group_indices
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.clients.openai_batch.api import ENDED, NO_SUCH_CALL, BatchApi, Report, Stuck
from xl_alpacaeval_metric.clients.openai_batch.ledger import Job, Ledger
from xl_alpacaeval_metric.clients.openai_batch.lines import input_files, outcomes
from xl_alpacaeval_metric.errors import ModelUnavailable, UserError

MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000
"""What OpenAI takes in one file."""
FIRST_PAUSE, LONGER = 0.5, 1.5
"""Seconds between the first two looks at a batch, and by how much the next pauses grow."""
PATIENCE = 60.0
NEEDS_BATCHES = (
    "--batch needs an endpoint with OpenAI's Batch API; without --batch the same command asks one request at a time"
)

logger = logging.getLogger(__name__)


class BatchClient:
    """Asks through the Batch API of `inner`'s endpoint, and what comes to nothing there through `inner`.

    The names of files and batches are in FOLDER/batch.json as soon as there are any, and what a batch answered is in
    FOLDER/<batch>.jsonl: after a kill or Ctrl-C the same requests go on with the same batches. The pauses between two
    looks grow to `poll_seconds`; an endpoint that does not answer is waited for for `long_patience` seconds.
    `progress` is called with what a batch does, how many requests have ended, and how many there are.
    """

    def __init__(
        self,
        inner: OpenAIClient,
        folder: Path,
        *,
        poll_seconds: float = 60.0,
        patience: float = PATIENCE,
        long_patience: float = 3600.0,
        most_requests: int = MOST_REQUESTS,
        most_bytes: int = MOST_BYTES,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        self._inner, self._folder, self._poll_seconds = inner, folder, poll_seconds
        self._most_requests, self._most_bytes = most_requests, most_bytes
        self._progress = progress or (lambda step, done, total: None)
        self._shown = ("batch", 0, 0)
        self._api = BatchApi(inner.endpoint, patience=patience, long_patience=long_patience, notice=self._waiting)

    @property
    def spec(self) -> str:
        return self._inner.spec

    @property
    def identity(self) -> Mapping[str, object]:
        """`inner`'s: the model is the same, and so are its replies."""
        return self._inner.identity

    def preflight(self) -> None:
        self._inner.preflight()

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        """As `Client.complete`; a reply that comes after an unusable one of the batch counts a retry more.

        Raises UserError too, where the endpoint has no Batch API or the account's limits do not let the batch in.
        """
        self._inner.ensure_capabilities()
        identity = canonical(self.identity)
        waiting = group_indices(fingerprint(request, identity).hex()[:32] for request in requests)
        asked = {name: requests[indices[0]] for name, indices in waiting.items()}
        ledger = Ledger(self._folder)
        fresh = self._upload(ledger, asked)
        jobs = [job for job in ledger.jobs if not asked.keys().isdisjoint(job.requests)]
        tried: set[str] = set()
        for job in self._ended(ledger, jobs, fresh):
            for name, completion in self._usable(job, ledger.replies(job), asked, waiting, is_usable, tried):
                yield from fan_out(waiting.pop(name), completion)
        rest = list(waiting)
        if not rest:
            return
        replies = self._inner.complete([asked[name] for name in rest], is_usable)
        with closing(replies) if isinstance(replies, Generator) else nullcontext():
            for index, reply in replies:
                name = rest[index]
                again = replace(reply, retries=reply.retries + 1) if name in tried else reply
                yield from fan_out(waiting[name], again)

    def close(self) -> None:
        self._api.close()
        self._inner.close()

    def _usable(
        self,
        job: Job,
        lines: Path,
        asked: Mapping[str, Request],
        waiting: Container[str],
        is_usable: IsUsable | None,
        tried: set[str],
    ) -> Iterator[tuple[str, Completion]]:
        """The usable replies to those of a job's requests that wait for one. Adds the names of those that have another
        reply to `tried`, and says how many have to be asked again, and why."""
        choices = {name: asked[name].choices for name in job.requests if name in waiting}
        reasons = Counter({"no reply": len(choices)})
        for name, outcome in outcomes(lines, choices):
            reasons["no reply"] -= 1
            if isinstance(outcome, Completion) and (is_usable is None or is_usable(outcome)):
                yield name, outcome
            elif isinstance(outcome, Completion):
                tried.add(name)
                reasons[f"no usable answer in {outcome.text[:40]!r}"] += 1
            else:
                tried.update([name] if outcome.kind != "unreachable" else [])
                reasons[self._inner.endpoint.redacted_line(outcome.reason)] += 1
        _tell(job, reasons, len(choices))

    def _upload(self, ledger: Ledger, asked: Mapping[str, Request]) -> set[str]:
        """Upload the requests that are in no batch yet; returns the names of their files."""
        known = {name for job in ledger.jobs for name in job.requests}
        bodies = ((name, self._inner.body(request)) for name, request in asked.items() if name not in known)
        files = set()
        for names, content in input_files(bodies, self._most_requests, self._most_bytes):
            self._show("batch being uploaded", 0, len(asked))
            with self._plainly(NEEDS_BATCHES):
                file = self._api.upload(f"xl-alpacaeval-{names[0]}.jsonl", content)
            ledger.put(Job(file, None, "uploaded", names))
            files.add(file)
        return files

    def _ended(self, ledger: Ledger, jobs: Sequence[Job], fresh: set[str]) -> Iterator[Job]:
        """The jobs as their batches end, with what they answered in the folder. `fresh` files have no batch for sure."""
        left = {job.file: job for job in jobs}
        reports: dict[str, Report] = {}
        full, pause = False, min(FIRST_PAUSE, self._poll_seconds)
        while left:
            for job in tuple(left.values()):
                if job.batch is not None and ledger.replies(job).exists():
                    yield left.pop(job.file)
                    continue
                if job.batch is None and full:  # Until another one has ended.
                    continue
                report = reports[job.file] = self._report(ledger, job, fresh)
                self._show_all(jobs, reports)
                full = full or report.too_many_tokens
                batch = None if report.too_many_tokens else report.batch
                job = left[job.file] = ledger.change(
                    job, batch, report.status, self._inner.endpoint.redacted_line(report.complaint)
                )
                if batch is not None and report.status in ENDED:
                    self._keep(report, ledger.replies(job))
                    full = False
                    yield left.pop(job.file)
            if full and all(job.batch is None for job in left.values()):
                raise UserError(
                    f"{self._where}: {next(r.complaint for r in reports.values() if r.too_many_tokens)}; "
                    "wait until other batches of the account have ended, or give fewer rows"
                )
            if left:
                time.sleep(pause)
                pause = min(self._poll_seconds, LONGER * pause)

    def _report(self, ledger: Ledger, job: Job, fresh: set[str]) -> Report:
        """What there is to know of a job's batch, which is made where there is none."""
        again = f"another key or address made it: give that, or delete {ledger.path} to begin anew"
        if job.batch is not None:
            with self._plainly(again, "the batch goes on there, and the same command goes on here"):
                return self._api.look(job.batch)
        tried = job.file not in fresh
        fresh.discard(job.file)
        with self._plainly(again if tried else NEEDS_BATCHES):
            return self._api.create(job.file, tried=tried)

    def _keep(self, report: Report, path: Path) -> None:
        """Write down what a batch answered, whole or not at all."""
        with self._plainly("it was deleted, or another key made it", "the same command tries again"):
            content = b"".join(self._api.download(file) for file in report.files)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.replace(path)

    @property
    def _where(self) -> str:
        return f"{self.spec} at {self._inner.endpoint.url}"

    @contextmanager
    def _plainly(self, unknown: str, otherwise: str = "") -> Iterator[None]:
        """Say in one line what a call was stuck on; `unknown` is what to do where there is no such thing."""
        try:
            yield
        except Stuck as stuck:
            fault = stuck.fault
            if fault.status in NO_SUCH_CALL:
                raise UserError(f"{self._where}: {fault.reason}; {unknown}") from None
            if fault.kind == "refused":
                raise UserError(f"{self._where}: the batch was refused: {fault.reason}") from None
            line = str(self._inner.unavailable(fault))
            passing = otherwise and fault.kind in ("transient", "unreachable")
            raise ModelUnavailable(f"{line}; {otherwise}" if passing else line) from None

    def _show_all(self, jobs: Sequence[Job], reports: Mapping[str, Report]) -> None:
        statuses = Counter(report.status.replace("_", " ") for report in reports.values())
        one = len(reports) == 1
        said = ", ".join(status if one else f"{status} {count}" for status, count in statuses.items())
        failed = sum(report.failed for report in reports.values())
        self._show(
            f"batch {said}" + (f", {failed} requests failed" if failed else ""),
            sum(report.done + report.failed for report in reports.values()),
            sum(len(job.requests) for job in jobs if job.file in reports),
        )

    def _show(self, step: str, done: int, total: int) -> None:
        if (step, done, total) != self._shown:
            self._shown = (step, done, total)
            self._progress(step, done, total)

    def _waiting(self, reason: str) -> None:
        self._progress(f"{self._shown[0]} ({reason}; trying again)", *self._shown[1:])


def _tell(job: Job, reasons: Counter[str], asked: int) -> None:
    """Say what of a batch has to be asked again, and why."""
    nothing = +reasons
    if job.status == "completed" and not nothing:
        return
    why = "; ".join(f"{count} x {reason}" for reason, count in nothing.most_common(3))
    logger.warning(
        "%s %s%s: %d of %d requests go on one by one%s",
        job.batch,
        job.status,
        f" ({job.complaint})" if job.complaint else "",
        nothing.total(),
        asked,
        f" ({why})" if why else "",
    )
