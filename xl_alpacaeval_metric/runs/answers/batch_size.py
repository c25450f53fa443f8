"""How many answers a transformers model generates at a time, unless the user sets it."""

from typing import Any

MOST, WITHOUT_GPU, UNKNOWN = 128, 8, 32
"""The largest batch size; that without a GPU; and that of a model whose cache size is not known."""
TAKE_ALL = ("VLLM", "SGLangLM")
"""Classes of the harness for which "auto" means all requests at once."""
SHARE = 0.6
"""Of the free memory, for keys and values. The rest is for activations and fragmentation."""


def is_of_transformers(backend: type) -> bool:
    """Whether a class of the harness is HFLM or derived from it, which take this batch size.

    The harness's own `auto` for them tries batches of sequences as long as the model's window,
    however short the requests are.
    """
    return any(base.__name__ == "HFLM" for base in backend.__mro__)


def at_first(backend: type) -> int | str:
    """The batch size to construct a class of the harness with, unless the user sets it.

    Some pass all requests to an engine of their own for "auto"; others accept only numbers.
    """
    if is_of_transformers(backend):
        return 1  # Until the model is loaded and `size` can be computed.
    return "auto" if any(base.__name__ in TAKE_ALL for base in backend.__mro__) else WITHOUT_GPU


def size(lm: Any, longest: int) -> int:
    """The batch size for sequences of at most `longest` tokens that fits the free GPU memory.

    8 without a GPU.
    """
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
    """Bytes of keys and values for each token; 0 if the configuration does not tell.

    2 x layers x key-value heads x head width x bytes a number.
    """
    config = network.config.get_text_config()
    heads = _number(config, "num_key_value_heads") or _number(config, "num_attention_heads")
    width = _number(config, "head_dim") or _number(config, "hidden_size") // (
        _number(config, "num_attention_heads") or 2**31
    )
    return 2 * _number(config, "num_hidden_layers") * heads * width * int(network.dtype.itemsize)


def _number(config: Any, key: str) -> int:
    """A number in the configuration; 0 where there is none, or one for each layer."""
    value = getattr(config, key, None)
    return value if isinstance(value, int) and value > 0 else 0
