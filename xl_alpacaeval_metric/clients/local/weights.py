"""A fingerprint of a model on disk, from its content: a path may hold another model tomorrow."""

import hashlib
import json
import re
from pathlib import Path

_FILES = re.compile(
    r"(?:config|generation_config|adapter_config|vocab|added_tokens|special_tokens_map|chat_template|tokenizer\w*|.*\.index)\.json"
    r"|merges\.txt|.*\.(?:safetensors|bin|gguf|pt|pth|model|jinja|tiktoken)"
)
"""Files that determine a model's answers; not its card, logs or training state."""
_SAMPLED_ABOVE = 2**20
_SAMPLES, _SAMPLE_SIZE = 64, 2**12
"""Of a file of more than `_SAMPLED_ABOVE` bytes, this many evenly spaced pieces of this many bytes
are read, the first and the last bytes among them."""


def fingerprint(path: str | Path, *, mtimes: bool = False, base: Path | None = None) -> str:
    """Twelve hex digits that differ for another model at the same path; "" where there is none.

    `path` is a folder or a file. The digest covers names, sizes and pieces of the model's files
    and, for an adapter whose base model is a folder, of the base model's; `base` is that folder
    where it is not the one that the adapter names. Pieces can miss a change of a few small tensors.
    With `mtimes` the digest also covers when each file was written, which catches such a change,
    but differs for a copy of the model.
    """
    files = _files(Path(path).expanduser(), base)
    digest = hashlib.sha256()
    for file in files:
        found = file.stat()
        digest.update(repr((file.name, found.st_size, found.st_mtime_ns if mtimes else 0)).encode())
        with file.open("rb") as opened:
            if found.st_size <= _SAMPLED_ABOVE:
                digest.update(opened.read())
                continue
            for piece in range(_SAMPLES):
                opened.seek((found.st_size - _SAMPLE_SIZE) * piece // (_SAMPLES - 1))
                digest.update(opened.read(_SAMPLE_SIZE))
    return digest.hexdigest()[:12] if files else ""


def model_fingerprint(model: str, config: object) -> str:
    """The commit of a model of the Hub, as its transformers `config` says, else `fingerprint`."""
    commit = getattr(config, "_commit_hash", None)
    return str(commit)[:12] if commit else fingerprint(model)


def _files(path: Path, base: Path | None) -> list[Path]:
    if path.is_file():
        return [path]
    config = path / "adapter_config.json"
    if base is None or not config.is_file():
        base = _base_of(config)
    folders = [path] if base is None else [path, base]
    return [
        file
        for folder in folders
        for file in sorted(folder.glob("*"))
        if _FILES.fullmatch(file.name) and file.is_file()
    ]


def _base_of(config: Path) -> Path | None:
    """The folder of an adapter's base model; None for a model of the Hub or without an adapter."""
    try:
        base = Path(json.loads(config.read_text("utf-8"))["base_model_name_or_path"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return base if base.is_dir() else None
