"""The base model of an adapter: whether it is there, and whether the adapter's weights fit it."""

import os
from pathlib import Path

from xl_alpacaeval_metric.models import headers, source

_PREFIX, _DOWN, _UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"
"""How PEFT names the two factors of what it adds to a weight: of (rank, in) and (out, rank)."""


def malformed(name: str) -> str | None:
    """Why a name cannot be that of a base model: no model folder, nor the form of a Hub id."""
    path = Path(os.path.expanduser(name))
    if not name:
        return "has no name"
    if path.is_dir():
        return None if (path / source.CONFIG).is_file() else f"holds no {source.CONFIG}"
    if path.exists() or name.startswith((".", "/", "~")) or name.count("/") > 1:
        return "no such model folder"
    return None


def unusable(name: str, adapter: Path) -> str | None:
    """Why the base model cannot be loaded with the adapter in the folder `adapter`.

    It is neither here nor on the Hub, or its weights have other shapes. Shapes are compared where
    both are here as safetensors, not quantised, under the same names; loading finds other faults.
    """
    found = source.find(name)
    if found.folder is None:
        return "no such model folder, and the Hub has no such model, or cannot be reached"
    if "quantization_config" in found.config:  # Packed weights have other shapes.
        return None
    theirs = _shapes(found.folder)
    ours = _shapes(adapter)
    for key, down in ours.items():
        module = key.removeprefix(_PREFIX).removesuffix(_DOWN)
        shape, up = theirs.get(f"{module}.weight"), ours.get(f"{_PREFIX}{module}{_UP}")
        if not key.endswith(_DOWN) or shape is None or up is None or len(down) != 2 or len(up) != 2:
            continue
        needed = [up[0], down[1]]
        if sorted(shape) != sorted(needed):  # Some layers, such as GPT-2's, keep their weights transposed.
            return (
                f"another model than the adapter was trained on: {module} is {' x '.join(map(str, shape))} in it, "
                f"and {' x '.join(map(str, needed))} in the adapter"
            )
    return None


def _shapes(folder: Path) -> dict[str, list[int]]:
    """The shapes of all weights in a folder's safetensors, by name."""
    return {
        name: entry["shape"]
        for file in sorted(folder.glob("*.safetensors"))
        for name, entry in headers.tensors(file).items()
        if isinstance(entry, dict) and isinstance(entry.get("shape"), list)
    }
