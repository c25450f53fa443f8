"""A client whose replies come from a function: for tests and dry runs, without a model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from xl_alpacaeval_metric.clients.base import UNUSABLE, Completion, Failure, IsUsable, Reply, Request
from xl_alpacaeval_metric.clients.fingerprint import fan_out, group_indices, request_key

Script = Callable[[Request], str | Mapping[str, float] | Reply]
"""Request -> the text of the reply, the log-probabilities of its choices, or a whole reply."""


class ScriptedClient:
    """Answers with `script`, in order. `sent` records every call of the script, retries included.

    A completion that `is_usable` rejects is retried, up to `retries` times, as with a real
    endpoint. What the script raises (ModelUnavailable, say) is raised by `complete`.
    """

    def __init__(self, script: Script, *, model: str = "scripted", retries: int = 0) -> None:
        self.sent: list[Request] = []
        self._script, self._model, self._retries = script, model, retries

    @property
    def spec(self) -> str:
        return f"scripted/{self._model}"

    @property
    def identity(self) -> Mapping[str, object]:
        return {"backend": "scripted", "model": self._model}

    def preflight(self) -> None:
        """Nothing to check: a function always answers."""

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        for indices in group_indices(map(request_key, requests)).values():
            yield from fan_out(indices, self._reply(requests[indices[0]], is_usable))

    def close(self) -> None:
        """Nothing to free."""

    def _reply(self, request: Request, is_usable: IsUsable | None) -> Reply:
        last_text = ""
        for retries in range(self._retries + 1):
            self.sent.append(request)
            reply = _as_reply(self._script(request))
            if isinstance(reply, Failure):
                return reply
            if is_usable is None or is_usable(reply):
                return replace(reply, retries=retries)
            last_text = reply.text[:80]
        return Failure("gave_up", f"{UNUSABLE}{last_text!r} ({self._retries + 1} attempts)", self._retries)


def _as_reply(answer: str | Mapping[str, float] | Reply) -> Reply:
    if isinstance(answer, str):
        return Completion(answer)
    if isinstance(answer, Mapping):
        return Completion(max(answer, key=lambda choice: answer[choice]), answer)
    return answer
