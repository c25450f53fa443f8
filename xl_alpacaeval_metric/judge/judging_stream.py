"""Judging while answers come in: an answer is asked about as soon as it is there."""

import logging
import queue
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, Self, TypeVar

from xl_alpacaeval_metric.clients.base import Completion, Outcome, Reply, Request, RequestStream, streams
from xl_alpacaeval_metric.errors import ModelUnavailable
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import VerdictReader
from xl_alpacaeval_metric.judge.rating import RatingReader
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Question, Rating, Verdict
from xl_alpacaeval_metric.terminal import counted

Q = TypeVar("Q")
R = TypeVar("R", contravariant=True)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A new judgement, or the error after which no more come.

    `stored` is to be called when the judgement is stored.
    """

    judgement: Verdict | Rating | Exception
    stored: Callable[[], None]


def can_stream(task: JudgingTask) -> bool:
    """Whether the judge of a task takes questions while it answers others: an endpoint does."""
    return task.judge is not None and streams(task.judge.client)


class JudgingStream:
    """The pending questions of a task, asked as their answers come in.

    A context manager; leaving the block cancels the questions without a reply. `put` is called with
    each Arrival, from any thread. `n_asked` is the number of questions so far.
    """

    def __init__(self, task: JudgingTask, put: Callable[[Arrival], None]) -> None:
        self._task, self._put = task, put
        self._pending: dict[ItemKey, list[Question]] = {}
        for question in task.pending:
            self._pending.setdefault(question.comparison.key, []).append(question)
        self._unrated = {item.key for item in task.unrated}
        self._stack = ExitStack()
        self.n_asked = 0

    def __enter__(self) -> Self:
        judge, rubric = self._task.judge, self._task.rubric
        assert judge is not None
        assert streams(judge.client)
        self._verdicts = _Questions(VerdictReader(judge), self._put)
        verdicts = judge.client.stream(self._verdicts.deliver, self._verdicts.reader.is_usable)
        self._verdicts.stream = self._stack.enter_context(verdicts)
        if rubric is not None:
            self._ratings = _Questions(RatingReader(rubric), self._put)
            ratings = judge.client.stream(self._ratings.deliver, self._ratings.reader.is_usable)
            self._ratings.stream = self._stack.enter_context(ratings)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, answered: Iterable[Comparison]) -> None:
        """Ask what is pending about these comparisons; about each one once."""
        items = list(answered)
        questions = [
            question._replace(comparison=item) for item in items for question in self._pending.pop(item.key, ())
        ]
        unrated = [item for item in items if item.key in self._unrated]
        self._unrated -= {item.key for item in unrated}
        self.n_asked += len(questions) + len(unrated)
        if questions:
            self._verdicts.ask(questions)
        if unrated:
            self._ratings.ask(unrated)


class _Reader(Protocol[R]):
    def request(self, question: R, /) -> Request: ...

    def is_usable(self, completion: Completion) -> bool: ...

    def judgement(self, question: R, request: Request, reply: Reply, /) -> Verdict | Rating: ...


class _Questions(Generic[Q]):
    """Questions of one kind, on a stream of their own."""

    stream: RequestStream

    def __init__(self, reader: _Reader[Q], put: Callable[[Arrival], None]) -> None:
        self.reader, self._put = reader, put
        self._waiting: dict[int, tuple[Q, Request]] = {}
        self._count = 0

    def ask(self, questions: Sequence[Q]) -> None:
        first, self._count = self._count, self._count + len(questions)
        asked = {first + i: (question, self.reader.request(question)) for i, question in enumerate(questions)}
        self._waiting |= asked
        self.stream.send([(index, request) for index, (_, request) in asked.items()])

    def deliver(self, outcome: Outcome) -> None:
        if isinstance(outcome, Exception):
            self._put(Arrival(outcome, lambda: None))
            return
        index, reply = outcome
        question, request = self._waiting.pop(index)
        self._put(Arrival(self.reader.judgement(question, request, reply), partial(self.stream.stored, index)))


class LiveJudging:
    """Judges answers while others are made, and keeps the judgements.

    A context manager; leaving the block cancels the questions without a reply. Whoever makes the
    answers calls `ask_new` when there are new ones, takes what comes from `inbox`, into which other
    messages may be put as well, and calls `take` with each Arrival. An error of the judge ends the
    judging, not the answers.
    """

    def __init__(
        self,
        task: JudgingTask,
        new_answers: Callable[[], Iterable[Comparison]],
        keep: Callable[[Verdict | Rating], None],
    ) -> None:
        """`new_answers` gives the answers since its last call, `keep` stores a judgement."""
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._task, self._new_answers, self._keep = task, new_answers, keep
        self._stream = JudgingStream(task, self.inbox.put)
        self._new: list[Verdict | Rating] = []
        self._error: Exception | None = None
        self._first_asked = self._last_arrived = 0.0

    def __enter__(self) -> Self:
        self._stream.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.__exit__()

    def ask_new(self) -> None:
        """Ask about the answers that are new."""
        if self._error is None:
            self._first_asked = self._first_asked or time.monotonic()
            self._stream.ask(self._new_answers())

    def take(self, arrival: Arrival) -> None:
        """Keep a judgement; an error ends the judging."""
        if not isinstance(arrival.judgement, Exception):
            self._keep(arrival.judgement)
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

        Raises the judge's error, if there was one; all answers are there then.
        """
        before = len(self._task.verdicts) + len(self._task.ratings)
        total = before + self._stream.n_asked
        judge = self._task.judge.client.spec if self._task.judge else "none"
        while self._error is None and len(self._new) < self._stream.n_asked:
            progress("judging", before + len(self._new), total, f"judging with {judge}")
            self.take(self.inbox.get())
        if isinstance(self._error, ModelUnavailable):
            kept = (
                f"all answers and {counted(len(self._new), 'judgement')} are kept, and the same command judges the rest"
            )
            raise ModelUnavailable(f"{self._error}; {kept}") from None
        if self._error is not None:
            raise self._error
        if self._new:
            progress("judging", before + len(self._new), total, f"judging with {judge}")
        return self._task.with_judgements(self._new, max(0.0, self._last_arrived - self._first_asked))
