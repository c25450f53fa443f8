"""The common prefix of all prompts: computed once, then shared by every batch."""

import inspect
from collections.abc import Sequence
from typing import Any

MIN_PREFIX_TOKENS = 32
"""A shorter common prefix is computed with each prompt."""
CACHE_NAMES = ("past_key_values", "cache")
"""Names of forward's argument, and of the output's attribute: transformers 5.24 renamed both."""
_LENGTH_DEPENDENT_ROPE = ("dynamic", "longrope")
"""Kinds of rotary embedding that depend on the length of the prompt, not on the position alone."""


def shared_length(prompts: Sequence[list[int]]) -> int:
    """The length of the common prefix in tokens, which leaves at least one token of each prompt.

    0 for a single prompt.
    """
    if len(prompts) < 2:
        return 0
    # Of sorted sequences, the first and the last have the shortest common prefix.
    first, last = min(prompts), max(prompts)
    longest = min(map(len, prompts)) - 1
    return next((i for i in range(longest) if first[i] != last[i]), longest)


def cache_argument(network: Any) -> str:
    """The name under which the network's forward takes a cache."""
    accepted = inspect.signature(network.forward).parameters
    return next((name for name in CACHE_NAMES if name in accepted), CACHE_NAMES[0])


class SharedPrefix:
    """The keys and values of each layer of `network` for `tokens`; computed on first use.

    The prefix is not reused where it is short, and where results would differ: in recurrent and
    hybrid networks, with sliding windows, without position ids, and with rotary embeddings that
    depend on the length of the prompt.
    """

    def __init__(self, network: Any, tokens: list[int]) -> None:
        self._network, self._tokens = network, tokens
        self._usable = len(tokens) >= MIN_PREFIX_TOKENS and _accepts_positions(network)
        self._layers: list[tuple[Any, Any]] = []

    def cache(self, rows: int) -> Any:
        """A new cache that holds the prefix for `rows` prompts; None where it is not reused."""
        if self._usable and not self._layers:
            self._layers = self._compute()
            self._usable = bool(self._layers)
        if not self._usable:
            return None
        from transformers import DynamicCache

        cache = DynamicCache()
        for index, states in enumerate(self._layers):
            cache.update(*(state.expand(rows, -1, -1, -1) for state in states), index)
        return cache

    def _compute(self) -> list[tuple[Any, Any]]:
        """The keys and values of each layer, of shape (1, heads, tokens, width).

        Empty where a layer's cache holds anything else.
        """
        import torch
        from transformers.cache_utils import DynamicCache, DynamicLayer

        ids = torch.tensor([self._tokens], device=self._network.device)
        output = self._network(input_ids=ids, use_cache=True, logits_to_keep=1)
        cache: Any = next((found for name in CACHE_NAMES if (found := getattr(output, name, None)) is not None), None)
        # Subclasses hold a window of the tokens or a recurrent state; a layer without keys uses
        # another layer's.
        if type(cache) is not DynamicCache or any(type(x) is not DynamicLayer or x.keys is None for x in cache.layers):
            return []
        return [(layer.keys, layer.values) for layer in cache.layers]


def _accepts_positions(network: Any) -> bool:
    accepted = inspect.signature(network.forward).parameters
    config = network.config.get_text_config()
    rope = str(getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None))
    return (
        "position_ids" in accepted
        and bool(accepted.keys() & set(CACHE_NAMES))
        and not any(kind in rope for kind in _LENGTH_DEPENDENT_ROPE)
    )
