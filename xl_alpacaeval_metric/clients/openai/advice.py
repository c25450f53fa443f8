"""What a user can do about an endpoint that cannot be used."""

from collections.abc import Mapping

from xl_alpacaeval_metric.clients.base import Thinking
from xl_alpacaeval_metric.clients.openai.protocol import Fault

ADVICE: Mapping[int | str, str] = {
    "unreachable": "check the base URL",
    "transient": "check the base URL, or wait until the server has its model loaded",
    401: "check OPENAI_API_KEY",
    402: "the account has no credit left",
    403: "check what OPENAI_API_KEY is allowed to do",
    404: "check the model's name and the base URL (most end in /v1)",
    405: "check the base URL (most end in /v1)",
}
"""HTTP status, or kind of a fault without one -> what the user can do."""


def in_one_line(fault: Fault) -> str:
    """The reason of a fault, with the advice on it."""
    advice = ADVICE.get(fault.status or fault.kind, "")
    return fault.reason + (f"; {advice}" if advice else "")


def went_into_reasoning(thinking: Thinking, tokens: int) -> str:
    """The line on a model that thought until the token limit, of `tokens` without room to think."""
    if thinking.mode == "off":
        return (
            "the model thinks, and nothing turns it off: neither the switch of a chat template nor reasoning_effort; "
            "take a model that does not reason, or give it room with --judge-thinking auto"
        )
    return (
        f"an empty answer, its {max(tokens, thinking.tokens)} tokens went into reasoning; "
        "take a model that does not reason, or give more with --judge-thinking-tokens"
    )
