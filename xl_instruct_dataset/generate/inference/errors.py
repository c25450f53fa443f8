"""What can go wrong with one request, as types; and the reason for an error in one line."""

from datatrove.pipeline.inference.types import InferenceError, ServerError

from xl_alpacaeval_metric.clients.base import Failure
from xl_alpacaeval_metric.errors import in_words

__all__ = ["InferenceError", "Refused", "ServerError", "Unanswered", "Unreadable", "of_failure", "reason_of"]


class Unreadable(Exception):
    """Every reply was unreadable; `text` is the last one, `reason` what was wrong with it."""

    def __init__(self, text: str, reason: str = "unreadable reply") -> None:
        super().__init__(reason)
        self.text, self.reason = text, reason


class RequestFailed(InferenceError):  # type: ignore[misc]
    """A request without a reply, and the reason; datatrove hands InferenceErrors on unchanged."""

    def __init__(self, reason: str) -> None:
        super().__init__(None, reason)
        self.reason = reason


class Refused(RequestFailed):
    """The endpoint refuses this request, however often it is sent."""


class Unanswered(RequestFailed):
    """The retries are spent; sending the request again later may help."""


def of_failure(failure: Failure) -> RequestFailed:
    """The client's failure as the error that datatrove carries to the rollout."""
    match failure.kind:
        case "refused":
            return Refused(failure.reason)
        case "gave_up":
            return Unanswered(failure.reason)


def reason_of(error: BaseException) -> str:
    """What went wrong, in one line, without what datatrove puts around it."""
    while not str(error).strip() and error.__cause__ is not None:
        error = error.__cause__
    # datatrove's errors keep the one that caused them, or its words, in `error`.
    inner = getattr(error, "error", error)
    if isinstance(inner, BaseException) and inner is not error:
        return reason_of(inner)
    if isinstance(inner, OSError) and inner.strerror:
        return in_words(inner)
    return (" ".join(str(inner).split()) or type(error).__name__)[:400]
