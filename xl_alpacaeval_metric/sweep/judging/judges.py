"""The judges of a sweep: opened once, and asked about every run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from xl_alpacaeval_metric.clients import client_for
from xl_alpacaeval_metric.clients.base import Client, Thinking
from xl_alpacaeval_metric.clients.cache import CachedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import answer_order, rubric_file
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge.rubric import Rubric
from xl_alpacaeval_metric.panels.panel import Panel, joined
from xl_alpacaeval_metric.sweep.file import NO_JUDGE, Sweep
from xl_alpacaeval_metric.sweep.settings import BenchmarkSettings, JudgeSettings, JudgingSettings

LOADED = ("hf", "vllm", "sglang")
NOWHERE = "http://not-asked.invalid/v1"


@dataclass(frozen=True, slots=True)
class Judges:
    """The judges' clients, in the order of the file, and how they are asked.

    `answered` are the numbers of those that have answered a small request.
    """

    clients: tuple[tuple[JudgeSettings, Client], ...]
    judging: JudgingSettings
    rubric: Rubric | None
    answered: set[int] = field(default_factory=set)

    def of(self, benchmark: BenchmarkSettings) -> Judge | None:
        """The judge, or the panel, of a benchmark's runs; None where no judge is wanted."""
        members = [self._judge(client, benchmark) for _, client in self.clients]
        if not members:
            return None
        return members[0] if len(members) == 1 else Panel(members)

    def at_endpoints(self, benchmark: BenchmarkSettings) -> list[Judge]:
        """The judges that are asked at an address."""
        return [self._judge(client, benchmark) for one, client in self.clients if one.is_endpoint]

    def settings(self, benchmark: BenchmarkSettings) -> dict[str, object]:
        """What a run folder records of the judge, as far as it is known before it is asked."""
        every = [
            {
                "judge": client.spec,
                **{f"judge_{key}": value for key, value in _thinking(one).settings.items()},
                **self._judge(client, benchmark).asking,
            }
            for one, client in self.clients
        ]
        return joined(every) or {"judge": NO_JUDGE}

    def preflight(self, *, endpoints_alone: bool = False) -> None:
        """Have the judges answer a small request, each once; raises ModelUnavailable."""
        for number, (one, client) in enumerate(self.clients):
            if number not in self.answered and (one.is_endpoint or not endpoints_alone):
                client.preflight()
                self.answered.add(number)

    def _judge(self, client: Client, benchmark: BenchmarkSettings) -> Judge:
        how, both = self.judging, self.judging.both_orders
        return Judge(
            client,
            seed=how.seed or 0,
            both_orders=answer_order.both_by_default([benchmark.benchmark]) if both is None else both,
            prompt=how.judge_prompt,
            votes=how.judge_votes or 1,
        )


@contextmanager
def opened(sweep: Sweep, *, asked: bool = True) -> Iterator[Judges]:
    """The judges of a sweep, closed at the end of the block; models are loaded when they are asked.

    Not to be `asked`, they need no key.

    Raises UserError for a specification, an argument, a prompt or a criterion that is none, and for
    an endpoint without a key.
    """
    how, clients = sweep.judging, list[tuple[JudgeSettings, Client]]()
    try:
        for one in sweep.judges:
            clients.append((one, _client(one, how.cache if asked else None, asked)))
        rubric = None
        if how.criteria or how.criteria_file is not None:
            if len(clients) != 1:
                raise UserError(f"criteria are rated by one judge, and here are {len(clients)}; leave criteria out")
            rubric = rubric_file.load(Path(how.criteria_file) if how.criteria_file else None)
        yield Judges(tuple(clients), how, rubric)
    finally:
        for _, client in clients:
            client.close()


def _thinking(one: JudgeSettings) -> Thinking:
    return Thinking.of(one.thinking, one.thinking_tokens)


def _client(one: JudgeSettings, cache: str | None, asked: bool) -> Client:
    backend = one.judge.partition("/")[0]
    here: dict[str, object] = {"gpus": one.gpus} if one.gpus not in (None, "auto", "0") and backend in LOADED else {}
    if one.allow_random_weights and backend == "hf":
        here["allow_random_weights"] = True
    try:
        client = client_for(
            one.judge,
            base_url=one.base_url or (NOWHERE if one.is_endpoint and not asked else None),
            concurrency=one.concurrency or 64,
            args={**here, **one.args},
            device=one.device,
            thinking=_thinking(one),
        )
    except UserError as error:
        raise UserError(str(error) if one.judge in str(error) else f"judge {one.judge}: {error}") from None
    assert client is not None  # The file has no judge "none" beside others.
    return client if cache is None else CachedClient(client, cache)
