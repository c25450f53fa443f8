"""The base model of an adapter: whether it is there, and whether the adapter's weights fit it."""

import os
from collections.abc import Sequence
from pathlib import Path

from xl_alpacaeval_metric.models import files, headers, source
from xl_alpacaeval_metric.models.source import Source

Shapes = dict[str, list[int]]

_PREFIX, _DOWN, _UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"
"""How PEFT names the two factors of what it adds to a weight: of (rank, in) and (out, rank)."""
_TOKENIZER = "tokenizer.json"


def malformed(name: str) -> str | None:
    """Why a name cannot be that of a base model: no model folder, nor the form of a Hub id."""
    path = Path(os.path.expanduser(name))
    if not name:
        return "has no name"
    if path.is_dir():
        return None if (path / source.CONFIG).is_file() else f"holds no {source.CONFIG}"
    if source.is_path(name) or name.count("/") > 1:
        return "no such model folder"
    return None


def unusable(name: str, adapter: Path) -> str | None:
    """Why the base model cannot be loaded with the adapter in the folder `adapter`.

    It is neither here nor on the Hub, or it is another model than the adapter was trained on: with
    weights of other shapes, with more layers or fewer, or with other tokens. Weights are compared
    where both are here as safetensors, not quantised, under the same names; loading finds other
    faults.
    """
    found = source.find(name)
    if found.folder is None:
        return "no such model folder, and the Hub has no such model, or cannot be reached"
    differs = _other_tokens(found, adapter)
    if differs is None and "quantization_config" not in found.config:  # Packed weights have other shapes.
        differs = _other_weights(_shapes(found.folder), _shapes(adapter), _targets(adapter))
    return None if differs is None else f"another model than the adapter was trained on: {differs}"


def _other_weights(theirs: Shapes, ours: Shapes, targets: Sequence[str]) -> str | None:
    """In which weight that the adapter adds to the base model is another one, or lacks it."""
    adapted = {key.removeprefix(_PREFIX).removesuffix(_DOWN): key for key in ours if key.endswith(_DOWN)}
    if not any(f"{module}.weight" in theirs for module in adapted):
        return None  # Other names are used for the same weights, or none of both are here.
    for module, key in adapted.items():
        down, up, shape = ours[key], ours.get(f"{_PREFIX}{module}{_UP}"), theirs.get(f"{module}.weight")
        if shape is None:
            return f"it has no {module}"
        if up is None or not len(shape) == len(down) == len(up) == 2:
            continue
        needed = [up[0], down[1]]
        if sorted(shape) != sorted(needed):  # Some layers, such as GPT-2's, keep their weights transposed.
            return f"{module} is {' x '.join(map(str, shape))} in it, and {' x '.join(map(str, needed))} in the adapter"
    for module in (weight.removesuffix(".weight") for weight in theirs if weight.endswith(".weight")):
        if module not in adapted and any(module == one or module.endswith(f".{one}") for one in targets):
            return f"it has {module}, which the adapter lacks"
    return None


def _targets(adapter: Path) -> list[str]:
    """The names of the modules that an adapter adds to; none where it adds to a part of these."""
    config = files.json_object(adapter / source.ADAPTER)
    targets = config.get("target_modules")
    partial = any(config.get(key) for key in ("layers_to_transform", "exclude_modules", "modules_to_save"))
    return [str(one) for one in targets] if isinstance(targets, list) and not partial else []


def _other_tokens(base: Source, adapter: Path) -> str | None:
    """In what the tokens of an adapter's own tokenizer differ from those of the base model."""
    ours = files.json_object(adapter / _TOKENIZER)
    theirs = files.json_object(base.folder / _TOKENIZER) if base.folder else {}
    mine, other = (found.get("model", {}).get("vocab") for found in (ours, theirs))
    if mine and other and mine != other:
        return f"its tokenizer has other tokens ({len(other)}) than the adapter's ({len(mine)})"
    text = base.config.get("text_config")
    rows = (text if isinstance(text, dict) else base.config).get("vocab_size")
    if mine and isinstance(rows, int) and rows < len(mine):
        return f"it has embeddings for {rows} tokens, and the adapter's tokenizer has {len(mine)}"
    return None


def _shapes(folder: Path) -> Shapes:
    """The shapes of all weights in a folder's safetensors, by name."""
    return {
        name: entry["shape"]
        for file in sorted(folder.glob("*.safetensors"))
        for name, entry in headers.tensors(file).items()
        if isinstance(entry, dict) and isinstance(entry.get("shape"), list)
    }
