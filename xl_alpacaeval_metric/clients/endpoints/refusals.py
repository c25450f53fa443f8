"""A prompt that an endpoint refuses, told from an endpoint that refuses every prompt."""

import json
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from xl_alpacaeval_metric import credentials
from xl_alpacaeval_metric.clients.openai.advice import in_one_line
from xl_alpacaeval_metric.clients.openai.protocol import Fault, status_fault
from xl_alpacaeval_metric.errors import UserError

TRIALS = 8
"""Prompts that are asked, the shortest first, before every prompt counts as refused."""
TRIAL_TOKENS = 64
"""Of the reply to one that is asked when others were answered before."""
LONGEST_REASON = 200

Arguments = Mapping[str, Any]
"""Those of a generation: with others, the same prompt may be answered."""


def shortest(prompts: Iterable[Any]) -> list[Any]:
    """The TRIALS shortest of these prompts, each once, as the harness has them."""
    distinct = {str(getattr(prompt, "prompt", prompt)): prompt for prompt in prompts}
    return [distinct[text] for text in sorted(distinct, key=len)[:TRIALS]]


class RequestRefused(Exception):
    """The endpoint refuses a request, for the reason in `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(in_one_line(fault))
        self.fault = fault

    @property
    def reason(self) -> str:
        """Why, as one short line without secrets."""
        line = " ".join(credentials.redact(self.fault.reason).split())
        return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 3]}..."


def refusal(status: int, text: str) -> RequestRefused | None:
    """The error for a reply that refuses this request or all of them; None for other replies.

    The prompt is too long, a policy forbids it, a parameter is unknown: 400, 403, 413, 422 and the
    like, also as the code of an error in a reply with status 200. A wrong key and a wrong address
    are others (`status_fault`).
    """
    status = _code_within(text) if status < 300 else status
    fault = status_fault(status, text, None) if 400 <= status < 500 else None
    return RequestRefused(fault) if fault is not None and fault.kind in ("refused", "forbidden") else None


def _code_within(text: str) -> int:
    """The code of the error that a body is, as one that a gateway passes on; 0 where it is none."""
    if '"choices"' in text or '"error"' not in text:
        return 0
    with suppress(AttributeError, TypeError, ValueError, RecursionError):
        return int(json.loads(text)["error"].get("code"))
    return 0


class Refusals:
    """What an endpoint refused; `ask` sends it one prompt with these arguments.

    `prompts` are those to try, such as the `shortest`. The methods may be called from any thread.
    """

    def __init__(self, ask: Callable[[Any, Arguments], object]) -> None:
        self.prompts: Sequence[Any] = ()
        self._ask, self._lock = ask, threading.Lock()
        self._answered: set[str] = set()
        self._every: dict[str, str] = {}
        self._tried: dict[str, float] = {}
        """When a prompt was asked last that was answered then."""

    def note(self, body: object, arguments: Arguments) -> bool:
        """Note the reply to a prompt with these arguments; returns whether it is an answer."""
        is_answer = isinstance(body, Mapping) and bool(body.get("choices"))
        if is_answer:
            self._answered.add(_key(arguments))
        return is_answer

    def raise_if_every(self, arguments: Arguments) -> None:
        """Raise UserError where every prompt is known to be refused with these arguments."""
        if (reason := self._every.get(_key(arguments))) is not None:
            raise UserError(f"the endpoint refuses every prompt: {reason}")

    def check(self, refused: RequestRefused, arguments: Arguments) -> None:
        """Return where another prompt is answered now, so that this one alone is refused.

        Others are asked to find that out: what was answered before the refusal says nothing, since
        a budget may have been spent meanwhile. Raises UserError where all of them are refused.
        """
        key, now = _key(arguments), time.monotonic()
        with self._lock:
            if key not in self._every and self._tried.get(key, -math.inf) < now:
                began = time.monotonic()
                if self._answers(key, arguments):
                    self._tried[key] = began
                else:
                    self._every[key] = str(refused)
        self.raise_if_every(arguments)

    def _answers(self, key: str, arguments: Arguments) -> bool:
        """Whether one of the prompts is answered; it will be the first to be tried next time."""
        if key in self._answered and "max_gen_toks" in arguments:  # The arguments are known to be taken.
            arguments = {**arguments, "max_gen_toks": min(TRIAL_TOKENS, arguments["max_gen_toks"])}
        for prompt in self.prompts:
            with suppress(RequestRefused):
                if self.note(self._ask(prompt, arguments), arguments):
                    self.prompts = [prompt, *(one for one in self.prompts if one is not prompt)]
                    return True
        return False


def _key(arguments: Arguments) -> str:
    return json.dumps(dict(arguments), sort_keys=True, default=str)
