"""How many answers a model of transformers generates at a time, where the user leaves it open."""

from typing import Any

MOST, WITHOUT_GPU, UNKNOWN = 128, 8, 32
TAKE_ALL = ("VLLM", "SGLangLM")
"""Classes of the harness for which "auto" is all requests at once."""
SHARE = 0.6
"""Of the free memory, for keys and values; the rest is for what a layer computes, and for what memory is lost to."""


def is_of_transformers(backend: type) -> bool:
    """Whether a backend of the harness takes its batch size from us: HFLM, or built on it.

    For those, the harness's own `auto` tries batches of sequences as long as the model's window, whatever is asked for.
    """
    return any(base.__name__ == "HFLM" for base in backend.__mro__)


def at_first(backend: type) -> int | str:
    """What a backend of the harness is made with, where the user leaves it open.

    Some hand all requests to an engine of their own for "auto"; others know numbers alone.
    """
    if is_of_transformers(backend):
        return 1  # Until `size` can look at the model.
    return "auto" if any(base.__name__ in TAKE_ALL for base in backend.__mro__) else WITHOUT_GPU


def size(lm: Any, longest: int) -> int:
    """Answers at a time, for sequences of at most `longest` tokens: what fits the GPU's free memory, or 8 without one."""
    import torch

    device = torch.device(lm.device)
    if device.type != "cuda":
        return WITHOUT_GPU
    bytes_a_token = cache_bytes(lm.model)
    if not bytes_a_token:
        return UNKNOWN
    free = torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return max(1, min(MOST, int(SHARE * free / (longest * bytes_a_token))))


def cache_bytes(network: Any) -> int:
    """Bytes of keys and values that each token takes: 2 x layers x heads x width x bytes a number; 0 where it is not known."""
    config = network.config.get_text_config()
    heads = _number(config, "num_key_value_heads") or _number(config, "num_attention_heads")
    width = _number(config, "head_dim") or _number(config, "hidden_size") // (
        _number(config, "num_attention_heads") or 2**31
    )
    return 2 * _number(config, "num_hidden_layers") * heads * width * int(network.dtype.itemsize)


def _number(config: Any, key: str) -> int:
    """A figure of the configuration; 0 where it has none, or one for each layer."""
    value = getattr(config, key, None)
    return value if isinstance(value, int) and value > 0 else 0
