"""What is known of a model only when it is loaded, and determines its answers."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import quantization


def facts(lm: Any) -> dict[str, object]:
    """Of a model of the harness: `chat_template` (a hash), `dtype`, `quantization`, `parameters`.

    Each where the backend tells; `random_weights`, their number, where there are any.
    """
    found: dict[str, object] = {}
    if template := _template(lm):
        found["chat_template"] = template
    network: Any = getattr(lm, "model", None)
    engine: Any = getattr(getattr(network, "llm_engine", None), "model_config", None)
    config: Any = getattr(network, "config", None)
    dtype = getattr(engine, "dtype", None) or getattr(network, "dtype", None)
    if dtype is not None:
        found["dtype"] = str(dtype).removeprefix("torch.")
    if how := str(getattr(engine, "quantization", None) or "") or quantization.described(config):
        found["quantization"] = how
    if callable(getattr(network, "num_parameters", None)):
        found["parameters"] = int(network.num_parameters())
    if random := getattr(network, "random_weights", 0):
        found["random_weights"] = random
    return found


def _template(lm: Any) -> str:
    template = getattr(getattr(lm, "tokenizer", None), "chat_template", None)
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8] if template else ""


def check_same(found: Mapping[str, object], before: Mapping[str, object]) -> None:
    """Raise UserError where a model is not as it was when a run began, by the facts of both."""
    for key, value in found.items():
        if key in before and before[key] != value:
            raise UserError(
                f"its {key.replace('_', ' ')} is {value}, and was {before[key]} when this run began; "
                "choose another --output"
            )
