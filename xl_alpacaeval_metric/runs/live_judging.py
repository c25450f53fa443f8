"""The judge of a run while its answers come in: each answer is judged when it is written."""

import logging
import queue
import time
from collections.abc import Mapping
from typing import Self

from xl_alpacaeval_metric.errors import ModelUnavailable
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.judge.judging_stream import Arrival, JudgingStream
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.records.judgements import Rating, Verdict
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.folder import RunFolder, comparisons_of

logger = logging.getLogger(__name__)


class LiveJudging:
    """Asks the judge of `task` about each new line of samples.jsonl, and keeps the judgements.

    A context manager; leaving the block cancels the questions without a reply. Whoever makes the
    answers takes what comes from `inbox`, into which other messages may be put as well, and calls
    `take` with each Arrival. An error of the judge ends the judging, not the answers.
    """

    def __init__(self, folder: RunFolder, task: JudgingTask) -> None:
        self.inbox: queue.SimpleQueue[Arrival | Mapping[str, object] | None] = queue.SimpleQueue()
        self._folder, self._task = folder, task
        self._stream = JudgingStream(task, self.inbox.put)
        self._samples = jsonl.Tail(folder.path / run_folder.SAMPLES)
        self._new: list[Verdict | Rating] = []
        self._error: Exception | None = None
        self._first_asked = self._last_arrived = 0.0

    def __enter__(self) -> Self:
        self._stream.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.__exit__()

    def ask_new(self) -> None:
        """Ask about the answers that were written since the last call."""
        if self._error is None:
            self._first_asked = self._first_asked or time.monotonic()
            self._stream.ask(comparisons_of(self._samples.new_lines()))

    def take(self, arrival: Arrival) -> None:
        """Keep a judgement in the run folder; an error ends the judging."""
        if not isinstance(arrival.judgement, Exception):
            self._folder.append(arrival.judgement)
            arrival.stored()
            self._new.append(arrival.judgement)
            self._last_arrived = time.monotonic()
        elif self._error is None:
            self._error = arrival.judgement
            logger.warning("judging has ended, the answers go on: %s", self._error)

    @property
    def state(self) -> str:
        """How far the judging is, in words."""
        return "judging has ended" if self._error else f"{len(self._new)} judged"

    def finish(self, progress: Progress) -> JudgingTask:
        """The task with its new judgements, when all that was asked is judged.

        Raises the judge's error, if there was one, after all answers are there.
        """
        before = len(self._task.verdicts) + len(self._task.ratings)
        total = before + self._stream.n_asked
        judge = self._task.judge.client.spec if self._task.judge else "none"
        while self._error is None and len(self._new) < self._stream.n_asked:
            progress("judging", before + len(self._new), total, f"judging with {judge}")
            arrival = self.inbox.get()
            assert isinstance(arrival, Arrival)
            self.take(arrival)
        if self._error is not None:
            raise self._kept(self._error) from None
        if self._new:
            progress("judging", before + len(self._new), total, f"judging with {judge}")
        return self._task.with_judgements(self._new, max(0.0, self._last_arrived - self._first_asked))

    def _kept(self, error: Exception) -> Exception:
        if not isinstance(error, ModelUnavailable):
            return error
        return ModelUnavailable(
            f"{error}; all answers and {len(self._new)} judgements are kept, and the same command judges the rest"
        )
