"""A model's generation settings, which transformers only saves where they are valid."""

from typing import Any

from xl_alpacaeval_metric.errors import first_line


def mend(network: Any) -> str | None:
    """Make a model's generation settings valid; returns a line about what was changed.

    Many models on the Hub set a temperature without sampling: they load, and cannot be saved.
    """
    config = getattr(network, "generation_config", None)
    if config is None or _fault(config) is None:
        return None
    config.do_sample = True
    fault = _fault(config)
    if fault is None:
        return "generation_config.json sets sampling without do_sample: the model is saved with do_sample=true"
    from transformers import GenerationConfig

    ids = {name: getattr(config, name, None) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    network.generation_config = GenerationConfig(**{name: value for name, value in ids.items() if _is_token(value)})
    return f"generation_config.json is not valid ({fault}): the model is saved with its token ids alone"


def _fault(config: Any) -> str | None:
    try:
        config.validate(strict=True)
    except (ValueError, TypeError) as error:
        return first_line(error)
    return None


def _is_token(value: object) -> bool:
    ids = value if isinstance(value, list) else [value]
    return all(isinstance(one, int) and one >= 0 for one in ids)
