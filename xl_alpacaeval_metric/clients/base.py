"""The protocol of every client: requests in, completions or failures out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeGuard, get_args

from xl_alpacaeval_metric.errors import UserError

Message = Mapping[str, str]
"""`{"role": ..., "content": ...}`, as chat endpoints and chat templates take it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a model: everything in it, and nothing else, determines the reply.

    With `choices` the reply is one of these single tokens, and the client gives the
    log-probability of each where its backend reports them. `sample` is the seed of sampling at a
    temperature above 0: requests that differ in it alone are different samples of one reply.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    choices: tuple[str, ...] = ()
    json_schema: Mapping[str, object] | None = None
    sample: int = 0


ThinkingMode = Literal["auto", "on", "off"]


@dataclass(frozen=True, slots=True)
class Thinking:
    """Whether a model may think before it replies, and the tokens that it gets for that.

    `auto` gives the room where the model is found to think, and where a reply without it is not
    usable. `on` always gives it. `off` never does, and turns thinking off where the model's chat
    template has a switch for it.
    """

    mode: ThinkingMode = "auto"
    tokens: int = 4096

    @classmethod
    def of(cls, mode: object = None, tokens: object = None) -> "Thinking":
        """The room that settings name, by default for None; raises UserError for another value."""
        default = cls()
        if isinstance(mode, bool):  # YAML reads on and off so.
            mode = "on" if mode else "off"
        if mode is not None and mode not in get_args(ThinkingMode):
            raise UserError(f"judge_thinking is {mode!r}; need one of {', '.join(get_args(ThinkingMode))}")
        if tokens is not None and (isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1):
            raise UserError(f"judge_thinking_tokens is {tokens!r}; need a whole number from 1")
        return cls(
            default.mode if mode is None else mode,  # type: ignore[arg-type]
            default.tokens if tokens is None else tokens,
        )

    @property
    def settings(self) -> dict[str, object]:
        """What it adds to a client's identity: nothing for the defaults."""
        default = Thinking()
        return {
            **({"thinking": self.mode} if self.mode != default.mode else {}),
            **({"thinking_tokens": self.tokens} if self.mode != "off" and self.tokens != default.tokens else {}),
        }


AUTO_THINKING = Thinking()


@dataclass(frozen=True, slots=True)
class ChoiceToken:
    """A token of a longer reply that is one of the request's choices.

    `offset` is its first character in the reply's text, `logprobs` those of the choices there, as
    in `Completion.logprobs`.
    """

    offset: int
    logprobs: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply.

    `logprobs` maps each of the request's choices to its log-probability as the reply's only token.
    The probabilities are not normalised over the choices, so their sum says how much of the mass
    the choices hold. Where that is most of it, a choice below the listed alternatives is there with
    an upper bound. `choice_tokens` are the places of choices in a longer reply. `thought` is what a
    server reports apart from the reply, `thinking_tokens` are those that it counts for thinking. A
    `cached` reply costs nothing now: its token counts are those of the first time, or 0 for the
    duplicate of a request. A `cut` one ended at the token limit.
    """

    text: str
    logprobs: Mapping[str, float] | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    retries: int = 0
    cached: bool = False
    cut: bool = False
    choice_tokens: tuple[ChoiceToken, ...] = ()
    thought: str = ""
    thinking_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """No reply, and the reason: `refused` is permanent, `gave_up` means the retries ran out."""

    kind: Literal["refused", "gave_up"]
    reason: str
    retries: int = 0


UNUSABLE = "no usable answer in "
"""How the reason of a failure begins where the model replied, but with nothing usable."""

Reply = Completion | Failure
IsUsable = Callable[[Completion], bool]
"""Whether a completion is usable. One that is not is retried like a transient error, and never
cached."""


class Client(Protocol):
    """A model that answers requests."""

    @property
    def spec(self) -> str:
        """`BACKEND/MODEL`, without credentials."""
        ...

    @property
    def identity(self) -> Mapping[str, object]:
        """What determines a reply besides the request: model, endpoint, settings.

        Final once `preflight` has run. Holds no secrets, and no retry or concurrency settings.
        """
        ...

    def preflight(self) -> None:
        """Check with one small request that the model answers; raises ModelUnavailable."""
        ...

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        """Yield (index into `requests`, reply) as replies arrive, in any order, each index once.

        Raises ModelUnavailable where no request can succeed any more (key refused, model unknown).
        """
        ...

    def close(self) -> None:
        """Free connections and memory; the client cannot be used afterwards."""
        ...


Outcome = tuple[int, Reply] | Exception
"""The index of a request and its reply; or what ends a stream of requests, as `complete` raises."""


class RequestStream(Protocol):
    """Requests that are sent as they come up. Its methods do not wait for replies."""

    def send(self, requests: Sequence[tuple[int, Request]]) -> None:
        """Send requests, each with its index."""
        ...

    def stored(self, index: int) -> None:
        """Say that the reply to a request is stored, so that another may be sent for it."""
        ...


class StreamingClient(Client, Protocol):
    """A client that takes requests while it answers others."""

    def stream(
        self, deliver: Callable[[Outcome], None], is_usable: IsUsable | None = None
    ) -> AbstractContextManager[RequestStream]:
        """A stream of requests; leaving the block cancels those without a reply.

        `deliver` is called from any thread with the reply to each request, or once with the error
        after which no request of the stream has a reply.
        """
        ...


def streams(client: Client) -> TypeGuard[StreamingClient]:
    """Whether a client is a StreamingClient; one behind a cache is what its client is."""
    return bool(getattr(client, "streams", False))


class AsyncClient(Client, Protocol):
    """A client that also answers single requests, for callers with an event loop of their own."""

    async def answer(self, request: Request, keep: Callable[[Completion], None]) -> Reply:
        """The reply to one request; raises as `complete` does.

        A completion is first passed to `keep`, in a thread of the client's.
        """
        ...
