"""A judge that is known by its name alone: it says what it would ask, and asks nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric import clients
from xl_alpacaeval_metric.clients.base import AUTO_THINKING, IsUsable, Reply, Request, Thinking
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.answer_order import both_by_default
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.panels.panel import Panel


class NamedClient:
    """The client of a model that is not here: no file of it is read, and no request sent."""

    def __init__(self, spec: str, thinking: Thinking) -> None:
        self._spec, self._thinking = spec, thinking

    @property
    def spec(self) -> str:
        return self._spec

    @property
    def identity(self) -> Mapping[str, object]:
        return {"backend": self._spec.partition("/")[0], "model": self._spec, **self._thinking.settings}

    def preflight(self) -> None:
        """Nothing to check: nothing is asked."""

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        raise UserError(f"{self._spec}: a plan asks no model")

    def close(self) -> None:
        """Nothing to free."""


@dataclass(frozen=True, slots=True)
class NamedJudges:
    """One judge, or a panel of several, by their specifications; none without one.

    `both_orders` is None where it is as the benchmark is judged by default. `thinking` is that of
    all, or of each by its specification.
    """

    specs: tuple[str, ...] = ()
    both_orders: bool | None = None
    votes: int = 1
    prompt: str | None = None
    thinking: Thinking | Mapping[str, Thinking] = AUTO_THINKING

    def judging(self, benchmark: str) -> Judge | None:
        """The judge of a benchmark's answers; raises UserError as Judge and Panel do."""
        for spec in self.specs:
            clients.check_spec(spec)
        both = both_by_default([benchmark]) if self.both_orders is None else self.both_orders
        judges = [
            Judge(NamedClient(spec, self._thinking_of(spec)), both_orders=both, votes=self.votes, prompt=self.prompt)
            for spec in self.specs
            if spec != "none"
        ]
        return Panel(judges) if len(judges) > 1 else next(iter(judges), None)

    def _thinking_of(self, spec: str) -> Thinking:
        return self.thinking if isinstance(self.thinking, Thinking) else self.thinking[spec]
