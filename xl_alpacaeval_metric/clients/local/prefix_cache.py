"""What all prompts of a run begin with: computed once by the network, then taken up by every batch."""

import inspect
from collections.abc import Sequence
from typing import Any

WORTHWHILE = 32
"""Tokens below which a common beginning is computed with each prompt."""
_ROPE_BY_LENGTH = ("dynamic", "longrope")
"""Kinds of rotary embedding that turn a token by the length of the whole prompt, not by its place alone."""


def shared_length(prompts: Sequence[list[int]]) -> int:
    """How many tokens all prompts begin with, leaving at least one of each; 0 for a single prompt."""
    if len(prompts) < 2:
        return 0
    # Of sorted sequences, the first and the last are those that differ first.
    first, last = min(prompts), max(prompts)
    most = min(map(len, prompts)) - 1
    return next((i for i in range(most) if first[i] != last[i]), most)


class SharedPrefix:
    """The keys and values that the layers of `network` have for `tokens`; worked out when first asked for.

    There are none where the prefix is short, or where the network cannot go on from them with the same results:
    recurrent and hybrid networks, sliding windows, those that take no positions or stretch them with the prompt.
    """

    def __init__(self, network: Any, tokens: list[int]) -> None:
        self._network, self._tokens = network, tokens
        self._usable = len(tokens) >= WORTHWHILE and _takes_positions(network)
        self._layers: list[tuple[Any, Any]] = []

    def cache(self, rows: int) -> Any:
        """A fresh cache that holds the prefix for a batch of `rows`; None where there can be none."""
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
        """Each layer's keys and values, of shape (1, heads, tokens, width); none if a layer keeps anything else."""
        import torch
        from transformers.cache_utils import DynamicCache, DynamicLayer

        ids = torch.tensor([self._tokens], device=self._network.device)
        cache: Any = getattr(self._network(input_ids=ids, use_cache=True, logits_to_keep=1), "past_key_values", None)
        # Subclasses keep a window of the tokens, or a running state; a layer without keys uses another's.
        if type(cache) is not DynamicCache or any(type(x) is not DynamicLayer or x.keys is None for x in cache.layers):
            return []
        return [(layer.keys, layer.values) for layer in cache.layers]


def _takes_positions(network: Any) -> bool:
    accepted = inspect.signature(network.forward).parameters
    config = network.config.get_text_config()
    rope = str(getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None))
    return {"position_ids", "past_key_values"} <= accepted.keys() and not any(kind in rope for kind in _ROPE_BY_LENGTH)
