"""A model on this machine, known again by its content: the same path may hold another model tomorrow."""

import hashlib
import json
import re
from pathlib import Path

_FILES = re.compile(
    r"(?:config|generation_config|adapter_config|vocab|added_tokens|special_tokens_map|chat_template|tokenizer\w*|.*\.index)\.json"
    r"|merges\.txt|.*\.(?:safetensors|bin|gguf|pt|pth|model|jinja|tiktoken)"
)
"""What determines a model's answers; not cards, logs and the notes of whoever trained it."""
_WHOLE = 2**20
_SAMPLES, _SAMPLE = 64, 2**12
"""Of a file larger than `_WHOLE` bytes so many pieces of so many bytes are read, from its beginning to its end."""


def fingerprint(path: str | Path, *, times: bool = False) -> str:
    """Twelve hex digits that another model in the same place does not have; "" where there is no model.

    `path` is a folder or a file. They come from names, sizes and pieces of its files and, where an adapter's base model is a
    folder, of that one's. Pieces miss a change of a few small tensors; with `times` it is told by when a file was written,
    which is no longer the same where the model is copied to another machine.
    """
    files = _files(Path(path).expanduser())
    digest = hashlib.sha256()
    for file in files:
        found = file.stat()
        digest.update(repr((file.name, found.st_size, found.st_mtime_ns if times else 0)).encode())
        with file.open("rb") as opened:
            if found.st_size <= _WHOLE:
                digest.update(opened.read())
                continue
            for place in range(_SAMPLES):
                opened.seek((found.st_size - _SAMPLE) * place // (_SAMPLES - 1))
                digest.update(opened.read(_SAMPLE))
    return digest.hexdigest()[:12] if files else ""


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    base = _base_of(path / "adapter_config.json")
    folders = [path] if base is None else [path, base]
    return [
        file
        for folder in folders
        for file in sorted(folder.glob("*"))
        if _FILES.fullmatch(file.name) and file.is_file()
    ]


def _base_of(config: Path) -> Path | None:
    """The folder of the model that an adapter was made for, None for the Hub's and where there is no adapter."""
    try:
        base = Path(json.loads(config.read_text("utf-8"))["base_model_name_or_path"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return base if base.is_dir() else None
