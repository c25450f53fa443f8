"""What a progress line shows of running batches."""

from collections import Counter
from collections.abc import Collection, Mapping

from xl_alpacaeval_metric.clients.openai_batch.api import BatchStatus
from xl_alpacaeval_metric.clients.openai_batch.ledger import Job
from xl_alpacaeval_metric.progress import Progress


class BatchProgress:
    """Calls `progress` with a text, the number of ended requests and of all, on each change."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last = ("batch", 0, 0)

    def show(self, text: str, done: int, total: int) -> None:
        """Show a text, unless it is shown already."""
        if (text, done, total) != self._last:
            self._last = (text, done, total)
            self._progress("batch", done, total, text)

    def show_statuses(self, jobs: Collection[Job], statuses: Mapping[str, BatchStatus]) -> None:
        """Show the statuses of the batches, given by the file of their job."""
        counts = Counter(status.status.replace("_", " ") for status in statuses.values())
        one = len(statuses) == 1
        summary = ", ".join(name if one else f"{name} {count}" for name, count in counts.items())
        failed = sum(status.failed for status in statuses.values())
        self.show(
            f"batch {summary}" + (f", {failed} requests failed" if failed else ""),
            sum(status.done + status.failed for status in statuses.values()),
            sum(len(job.requests) for job in jobs if job.file in statuses),
        )

    def show_retry(self, reason: str) -> None:
        """Show that a call is retried, and why."""
        text, done, total = self._last
        self._progress("batch", done, total, f"{text} ({reason}; trying again)")
