"""Stage 4: a judge rates a response by the rubric of `xl_alpacaeval_metric.judge.rubric`."""

from collections.abc import Mapping

from xl_alpacaeval_metric.clients.base import Message, Request
from xl_alpacaeval_metric.judge import rubric_file

_RUBRIC = rubric_file.load()
SCHEMA = _RUBRIC.schema
"""The JSON schema of a reply."""


def request(instruction: str, response: str, language: str) -> Request:
    """The request: prompt, JSON schema and token limit.

    Raises UserError for an unknown language.
    """
    return _RUBRIC.request(instruction, response, language)


def messages(instruction: str, response: str, language: str) -> tuple[Message, ...]:
    """The prompt; `language` is the BCP-47 code of the language that the response should be in."""
    return request(instruction, response, language).messages


def sha() -> str:
    """The start of the hash of the prompt with its criteria."""
    return _RUBRIC.sha


def read(text: str) -> dict[str, float] | None:
    """The score of each criterion, 1 to 5; None unless the reply has all of them."""
    levels = _RUBRIC.parse(text)
    return None if levels is None else {name: float(level) for name, level in levels.items()}


def mean(scores: Mapping[str, float]) -> float:
    """The unweighted mean over the criteria; raises ValueError if there are none."""
    if not scores:
        raise ValueError("no scores to take the mean of")
    return sum(scores.values()) / len(scores)
