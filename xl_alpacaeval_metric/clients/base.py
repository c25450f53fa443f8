"""The one interface behind which every model that answers requests stands."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Message = Mapping[str, str]
"""`{"role": ..., "content": ...}`, as chat endpoints and chat templates take it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a model: everything that determines the reply, and nothing else.

    With `choices` the reply wanted is one of these single tokens, and the client gives their
    log-probabilities where its backend has them. Requests that differ in `sample` alone ask for different replies to the
    same messages: it is the seed of sampling at a temperature above 0.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    choices: tuple[str, ...] = ()
    json_schema: Mapping[str, object] | None = None
    sample: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply. `logprobs` maps each of the request's choices that the backend reported to its log-probability.

    A `cached` reply was not paid for now: its tokens say what it cost once, and are 0 for the repetition of a request.
    One that was `cut` ended where its tokens did, not where it was over.
    """

    text: str
    logprobs: Mapping[str, float] | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    retries: int = 0
    cached: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """No reply, and why: `refused` fails for good, `exhausted` ran out of retries (asking again may help)."""

    kind: Literal["refused", "gave_up"]
    reason: str
    retries: int = 0


Reply = Completion | Failure
IsUsable = Callable[[Completion], bool]
"""Whether a completion is usable; one that is not is asked for again like any passing fault, and never cached."""


class Client(Protocol):
    """A model that answers requests."""

    @property
    def spec(self) -> str:
        """`BACKEND/MODEL`, without credentials."""
        ...

    @property
    def identity(self) -> Mapping[str, object]:
        """What, beside the request, determines a reply: model, endpoint, settings. Final once `preflight` has run.

        No secrets, no retry or concurrency settings.
        """
        ...

    def preflight(self) -> None:
        """Ask one small question, to find out that the model answers; raises ModelUnavailable with one clear line."""
        ...

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        """Yield (index into `requests`, reply) as replies come in, in any order, each index once.

        Raises ModelUnavailable where no request can succeed any more (key refused, model unknown).
        """
        ...

    def close(self) -> None:
        """Free connections and memory; the client is of no use afterwards."""
        ...


class AsyncClient(Client, Protocol):
    """A client that answers single requests, too, to callers with an event loop of their own."""

    async def answer(self, request: Request, keep: Callable[[Completion], None]) -> Reply:
        """The reply to one request; `keep` gets a completion first, in a thread of the client's. Raises as `complete` does."""
        ...
