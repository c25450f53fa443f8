"""The files of a model: which of them are loaded, and what a folder of them lacks."""

import json
import re
import zipfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from xl_alpacaeval_metric.models import headers

CONFIG, ADAPTER = "config.json", "adapter_config.json"
INDEX = "model.safetensors.index.json"
_INDEX_OF_BIN = "pytorch_model.bin.index.json"
_WEIGHTS = re.compile(
    r"\.(bin|ckpt|data|gguf|h5|mlmodel|msgpack|npz|onnx|onnx_data|ot|pt|pth|safetensors|tflite)", re.IGNORECASE
)
"""Suffixes of files that may hold weights, in one format or another."""
_BESIDE = frozenset((".py", ".jinja"))
"""Suffixes of what is loaded from folders inside a model's: its code and its chat templates."""
_TOKENIZER_CONFIG = "tokenizer_config.json"
TEMPLATES = (_TOKENIZER_CONFIG, "chat_template.jinja", "chat_template.json")
"""Files that a chat template is in."""
_TOKENIZER = re.compile(
    r"tokenizer(?!_config\.).*\.(json|model)|.*\.(model|spm|tiktoken)|(vocab|merges|spiece|tekken|sentencepiece.*)\.\w+"
)
_OF_BYTES = frozenset(("ByT5Tokenizer", "CanineTokenizer", "PerceiverTokenizer"))
"""Tokenizers of transformers that take bytes or code points, without a file of a vocabulary."""
_READ = re.compile(r"(\w+_)?config\.json|.*token.*\.json|(vocab|merges|tekken|chat_template).*\.json|.*\.index\.json")
"""JSON files that loading reads."""
_ZIP = b"PK\x03\x04"


def weights(sizes: Mapping[str, int], index: Mapping[str, Any]) -> Mapping[str, int]:
    """The files that hold the weights, each weight once, and their sizes.

    `index` is the content of INDEX, empty where there is none.
    """
    named = index.get("weight_map")
    if isinstance(named, dict) and set(named.values()) <= sizes.keys():
        return {name: sizes[name] for name in set(named.values())}
    # Mistral's folders hold everything a second time as "consolidated".
    return _ending(sizes, ".safetensors", without="consolidated") or _ending(sizes, ".bin", without="training_args")


def loaded(names: Collection[str], gguf: str | None = None, subfolder: str = "") -> list[str]:
    """The files of a model's repository that are loaded: one format of its weights, and the rest.

    Safetensors are taken before other formats; `gguf` is the file to load instead. `subfolder` is
    the part of the repository that holds the model.
    """
    start = f"{subfolder.strip('/')}/" if subfolder.strip("/") else ""
    inside = {name.removeprefix(start): name for name in names if name.startswith(start)}
    top = [name for name in inside if "/" not in name]
    heavy = {name: 1 for name in top if _is_heavy(name)}
    taken: Iterable[str] = [gguf] if gguf else weights(heavy, {}) or _ending(heavy, ".safetensors") or heavy
    light = [
        name for name in inside if (name in top and name not in heavy) or PurePosixPath(name).suffix.lower() in _BESIDE
    ]
    if gguf is None and not heavy:  # Nothing says where its weights are.
        light = list(inside)
    return sorted({inside.get(name, name) for name in (*taken, *light)})


def tokenizer(names: Collection[str]) -> list[str]:
    """The files of a model's repository but its weights: its tokenizer and its configuration."""
    return sorted(name for name in names if "/" not in name and not _is_heavy(name))


def lacking(folder: Path, gguf: str | None = None, *, with_tokenizer: bool = True) -> list[str]:
    """What a model's folder lacks, each with a reason; empty where all is there.

    Named are the configuration, shards that an index names, files that are empty, weights that are
    shorter than their header says, JSON files that are none and, `with_tokenizer`, a tokenizer, of
    which there must be one file.
    """
    sizes = sizes_in(folder)
    if gguf is not None:
        return [f"{gguf} ({reason})" for reason in broken(folder / gguf)] if gguf in sizes else [gguf]
    adapter = ADAPTER in sizes and CONFIG not in sizes
    found = [] if adapter or CONFIG in sizes else [CONFIG]
    shards = [name for index in (INDEX, _INDEX_OF_BIN) for name in _shards(folder / index)]
    if INDEX in sizes or not any(name.endswith(".safetensors") for name in sizes):
        found += [f"{name} (the index names it)" for name in shards if name not in sizes]
    if not shards and not any(map(_is_heavy, sizes)):
        found.append("weights (no .safetensors or .bin file)")
    found += faults(folder, loaded(sizes))
    if with_tokenizer and not adapter and not _has_tokenizer(folder, sizes):
        found.append("a tokenizer (no tokenizer.json or tokenizer.model)")
    return found


def faults(folder: Path, names: Collection[str]) -> list[str]:
    """Those of a model's files that cannot be read, each with a reason: weights, tokenizer, JSON.

    Others, such as an empty README, do no harm.
    """
    patterns = (_READ, _TOKENIZER)
    read = [name for name in names if _is_heavy(name) or any(one.fullmatch(name) for one in patterns)]
    return [f"{name} ({reason})" for name in read for reason in broken(folder / name)]


def broken(file: Path) -> list[str]:
    """Why a file cannot be read: empty, shorter than it says, or no JSON; one reason at most.

    Said is what can be seen without loading it: of JSON, safetensors, GGUF and weights of PyTorch.
    """
    if not file.stat().st_size:
        return ["is empty"]
    if file.suffix in headers.SUFFIXES:
        return ["is cut short"] if headers.is_cut_short(file) else []
    if file.suffix in (".bin", ".ckpt", ".pt", ".pth"):
        with file.open("rb") as content:
            is_zip = content.read(len(_ZIP)) == _ZIP
        # Its directory stands at the end of a ZIP file, as torch.save writes them.
        return ["is cut short"] if is_zip and not zipfile.is_zipfile(file) else []
    if file.suffix == ".json":
        try:
            json.loads(file.read_text("utf-8"))
        except ValueError:
            return ["is no JSON; is it cut short?"]
    return []


def lacks_model(folder: Path) -> str:
    """What a folder, and those just below it, lacks of any model: weights, configuration, or ""."""
    names = {file.name for pattern in ("*", "*/*", "*/*/*") for file in folder.glob(pattern)}
    if not any(map(_is_heavy, names)):
        return "weights of a model (.safetensors, .bin, .gguf)"
    # A .gguf file has its configuration inside, Mistral's own format another name for it.
    described = names & {CONFIG, ADAPTER, "params.json"} or any(name.endswith(".gguf") for name in names)
    return "" if described else CONFIG


def has_chat_template(folder: Path) -> bool:
    """Whether a tokenizer's files show a chat template; some have one in their code alone."""
    names = sizes_in(folder)
    shown = any(name in TEMPLATES[1:] or name.endswith(".gguf") for name in names)
    return shown or bool(json_object(folder / _TOKENIZER_CONFIG).get("chat_template"))


def sizes_in(folder: Path) -> dict[str, int]:
    """The sizes of the files in a folder, by name; none for a folder that is not there."""
    if not folder.is_dir():
        return {}
    return {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file()}


def json_object(file: Path) -> Mapping[str, Any]:
    """A JSON object; empty where there is none."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_heavy(name: str) -> bool:
    return _WEIGHTS.fullmatch(PurePosixPath(name).suffix) is not None


def _has_tokenizer(folder: Path, names: Collection[str]) -> bool:
    """Whether a folder has a tokenizer: a file of it, or one of bytes or with code of its own."""
    if any(_TOKENIZER.fullmatch(name) for name in names):
        return True
    settings = [json_object(folder / name) for name in (_TOKENIZER_CONFIG, CONFIG)]
    return any(one.get("tokenizer_class") in _OF_BYTES for one in settings) or "auto_map" in settings[0]


def _shards(index: Path) -> list[str]:
    named = json_object(index).get("weight_map")
    return sorted({str(name) for name in named.values()}) if isinstance(named, dict) else []


def _ending(sizes: Mapping[str, int], suffix: str, *, without: str | None = None) -> Mapping[str, int]:
    return {
        name: size
        for name, size in sizes.items()
        if name.endswith(suffix) and not (without and name.startswith(without))
    }
