"""Which prompt template a request was filled from, and with which values."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from xl_alpacaeval_metric import templates
from xl_alpacaeval_metric.clients.openai.probe import PROBE
from xl_alpacaeval_metric.templates import Template
from xl_instruct_dataset.stages import PACKAGE

PROBE_MESSAGES = [dict(message) for message in PROBE.messages]


def values_of(template: Template, messages: Sequence[Mapping[str, str]]) -> dict[str, str] | None:
    """The value of each slot; None where the messages are not this template, filled."""
    found = _pattern(template).fullmatch(_joined((message["role"], message["content"]) for message in messages))
    return found and found.groupdict()


def slots_of(body: Mapping[str, Any], name: str, package: str = "xl_alpacaeval_metric") -> dict[str, str] | None:
    """`values_of` the template `prompts/NAME.txt` of a package, for the body of a chat request."""
    return values_of(templates.load(name, package), body["messages"])


def stage_of(body: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The stage of `xl-instruct generate` that sent the request, and the values in its prompt.

    ("probe", {}) for the probe. Raises ValueError for any other request.
    """
    if body["messages"] == PROBE_MESSAGES:
        return "probe", {}
    for stage, (name, package) in STAGES.items():
        if (values := slots_of(body, name, package)) is not None:
            return stage, values
    raise ValueError(f"no stage has this prompt: {body['messages']}")


STAGES = {
    "instruct": ("instruct", PACKAGE),
    "answer": ("answer", PACKAGE),
    "select": ("select", PACKAGE),
    "translate": ("translate", "xl_alpacaeval_metric"),
    "score": ("criteria", "xl_alpacaeval_metric"),
}
"""Stage -> its template and the package that has it."""


@cache
def _pattern(template: Template) -> re.Pattern[str]:
    """Matches the template with any values, a slot that occurs twice with the same value twice."""
    parts = re.split(r"\{(" + "|".join(template.slots) + r")\}", _joined(template.sections))
    seen: set[str] = set()
    pattern = ""
    for text, slot in zip(parts[::2], [*parts[1::2], None], strict=True):
        pattern += re.escape(text)
        if slot is not None:
            pattern += f"(?P={slot})" if slot in seen else f"(?P<{slot}>.*?)"
            seen.add(slot)
    return re.compile(pattern, re.DOTALL)


def _joined(sections: Any) -> str:
    return "".join(f"\0{role}\0{content}" for role, content in sections)
