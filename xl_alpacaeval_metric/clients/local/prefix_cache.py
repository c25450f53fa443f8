"""What a network has read: the common prefix of all prompts, and prompts to go on from."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
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


Layers = list[tuple[Any, Any]]
"""The keys and values of each layer, of shape (rows, heads, tokens, width)."""


def cache_argument(network: Any) -> str:
    """The name under which the network's forward takes a cache."""
    accepted = inspect.signature(network.forward).parameters
    return next((name for name in CACHE_NAMES if name in accepted), CACHE_NAMES[0])


@dataclass(frozen=True, slots=True)
class ReadPrompts:
    """Prompts that a network has read, so that it can write from there without reading them again.

    `ids` and `mask` are of shape (prompts, tokens), with the common prefix and the padding.
    """

    ids: Any
    mask: Any
    layers: Layers

    @classmethod
    def of(cls, network: Any, output: Any, ids: Any, mask: Any) -> "ReadPrompts | None":
        """What a forward pass has read; None where its cache cannot be taken up again."""
        layers = plain_layers(output) if accepts_positions(network) else []
        return cls(ids, mask, layers) if layers else None

    def rows(self, wanted: Sequence[int]) -> "ReadPrompts":
        """Some of the prompts."""
        some = list(wanted)
        return ReadPrompts(self.ids[some], self.mask[some], [(k[some], v[some]) for k, v in self.layers])

    def cache(self) -> Any:
        """A new cache of all tokens but the last one, which `generate` reads itself."""
        return _filled([(keys[:, :, :-1], values[:, :, :-1]) for keys, values in self.layers])


class SharedPrefix:
    """The keys and values of each layer of `network` for `tokens`; computed on first use.

    The prefix is not reused where it is short, and where results would differ: in recurrent and
    hybrid networks, with sliding windows, without position ids, and with rotary embeddings that
    depend on the length of the prompt.
    """

    def __init__(self, network: Any, tokens: list[int]) -> None:
        self._network, self._tokens = network, tokens
        self._usable = len(tokens) >= MIN_PREFIX_TOKENS and accepts_positions(network)
        self._layers: Layers = []

    def cache(self, rows: int) -> Any:
        """A new cache that holds the prefix for `rows` prompts; None where it is not reused."""
        if self._usable and not self._layers:
            self._layers = self._compute()
            self._usable = bool(self._layers)
        if not self._usable:
            return None
        return _filled([(k.expand(rows, -1, -1, -1), v.expand(rows, -1, -1, -1)) for k, v in self._layers])

    def prepended(self, ids: Any) -> Any:
        """The ids of some prompts, of shape (prompts, tokens), with the prefix before them."""
        import torch

        prefix = torch.tensor([self._tokens], device=ids.device).expand(len(ids), -1)
        return torch.cat([prefix, ids], dim=1)

    def _compute(self) -> Layers:
        """Of one row; empty where a layer's cache holds anything else than keys and values."""
        import torch

        ids = torch.tensor([self._tokens], device=self._network.device)
        return plain_layers(self._network(input_ids=ids, use_cache=True, logits_to_keep=1))


def plain_layers(output: Any) -> Layers:
    """The keys and values in a network's output; empty where its cache holds anything else."""
    from transformers.cache_utils import DynamicCache, DynamicLayer

    cache: Any = next((found for name in CACHE_NAMES if (found := getattr(output, name, None)) is not None), None)
    # Subclasses hold a window of the tokens or a recurrent state; a layer without keys uses
    # another layer's.
    if type(cache) is not DynamicCache or any(type(x) is not DynamicLayer or x.keys is None for x in cache.layers):
        return []
    return [(layer.keys, layer.values) for layer in cache.layers]


def _filled(layers: Layers) -> Any:
    from transformers import DynamicCache

    cache = DynamicCache()
    for index, states in enumerate(layers):
        cache.update(*states, index)
    return cache


def accepts_positions(network: Any) -> bool:
    """Whether the position ids alone say where a token stands, so that a cache can be taken up."""
    accepted = inspect.signature(network.forward).parameters
    config = network.config.get_text_config()
    rope = str(getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None))
    return (
        "position_ids" in accepted
        and bool(accepted.keys() & set(CACHE_NAMES))
        and not any(kind in rope for kind in _LENGTH_DEPENDENT_ROPE)
    )
