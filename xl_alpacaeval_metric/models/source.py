"""What a model's name and files say of it before it is loaded: commit, configuration, size."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.machine import hub_connection, hub_models
from xl_alpacaeval_metric.models import files

CONFIG, ADAPTER = files.CONFIG, files.ADAPTER
_CONTEXT_NAMES = (
    *("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length", "max_seq_length"),
    *("seq_length", "model_max_length"),
)
"""How configurations call the number of positions."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model's files: `folder` is where they lie on this machine, None where nothing is known.

    `commit` is the revision of a model of the Hub that is loaded here and now; "" for folders.
    `config` is its config.json, that of the base model for a folder that holds an adapter alone.
    """

    model: str
    folder: Path | None = None
    commit: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def weight_bytes(self) -> int | None:
        """The bytes of the weights as they are stored; None where that cannot be known.

        Asks the Hub where the weights of one of its models are not here yet.
        """
        if self.folder is None:
            return None
        if self.folder.is_file():
            return self.folder.stat().st_size
        if base := base_of(self.folder):
            return find(base).weight_bytes
        sizes = files.sizes_in(self.folder)
        index = files.json_object(self.folder / files.INDEX)
        if self.commit and not files.weights(sizes, index):
            sizes = hub_models.sizes(self.model, self.commit)
        return sum(files.weights(sizes, index).values()) or None

    @property
    def heads(self) -> int | None:
        """The number of attention heads; None where the configuration does not tell."""
        text = self.config.get("text_config")
        found = (text if isinstance(text, dict) else self.config).get("num_attention_heads")
        return found if isinstance(found, int) and found > 0 else None

    @property
    def context(self) -> int | None:
        """The most tokens of prompt and reply together; None where the files do not tell.

        Nor where the positions are stretched by a factor, which each library counts in its own way.
        """
        text = self.config.get("text_config")
        config = text if isinstance(text, dict) else self.config
        scaling = [config.get(name) for name in ("rope_scaling", "rope_parameters")]
        if any(isinstance(one, dict) and one.get("factor") for one in scaling):
            return None
        tokenizer = files.json_object(self.folder / "tokenizer_config.json") if self.folder else {}
        found = [*(config.get(name) for name in _CONTEXT_NAMES), tokenizer.get("model_max_length")]
        return min((one for one in found if isinstance(one, int) and one > 0), default=None)


_STORE = re.compile(r"(?!https?:)[a-z][a-z0-9]*://")
"""The beginning of an address in an object store, from which vLLM and SGLang load."""


_ELSEWHERE = frozenset(("cache_dir", "download_dir", "VLLM_USE_MODELSCOPE", "SGLANG_USE_MODELSCOPE"))
"""Arguments and variables with which backends look for a model in another place."""


def is_path(model: str) -> bool:
    """Whether a model is named by a path, there or not, and not by its name on the Hub."""
    return model.startswith((".", "/", "~")) or (model != "" and Path(os.path.expanduser(model)).exists())


def check_name(model: str, called: str = "") -> None:
    """Raise UserError for what is neither a path nor a name that the Hub can have.

    `called` is what the message calls the model, by default its name.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    if is_path(model) or model.endswith(".gguf") or _STORE.match(model):
        return
    try:
        validate_repo_id(model)
    except HFValidationError:
        raise UserError(
            f"{(called or model or 'MODEL')[:80]}: is no model folder here, and no name that the Hub can have; need ORG/NAME, "
            "at most 96 letters, digits, '-', '_' and '.' (not '--' or '..')"
        ) from None


def check_place(model: str, called: str = "") -> None:
    """Raise UserError as `check_name`, and for a path that is not there or that holds no model."""
    check_name(model, called)
    called, path = called or model, Path(os.path.expanduser(model))
    if not path.exists() and (is_path(model) or path.suffix == ".gguf"):
        raise UserError(f"{called}: no such model folder or file")
    if path.is_file() and path.suffix != ".gguf":
        raise UserError(f"{called}: is a file; a model is a folder, a .gguf file, or a name on the Hub")
    if path.is_dir() and (lacking := files.lacks_model(path)):
        raise UserError(f"{called}: holds no {lacking}, so it is no model's folder")


def check_known(model: str, arguments: Mapping[str, object]) -> None:
    """Raise UserError as `check_on_hub`, and where the Hub cannot be asked and the cache lacks it.

    Downloads nothing.
    """
    check_on_hub(model, arguments)
    if _is_from_hub(model, arguments) and not hub_models.is_cached(model) and not hub_connection.may_be_asked():
        from huggingface_hub import constants

        raise UserError(
            f"{model}: nothing of it is in the Hub's cache ({constants.HF_HUB_CACHE}), and the Hub cannot be asked; "
            "check the name, or fetch it where there is internet: xl-alpacaeval prefetch"
        )


def check_on_hub(model: str, arguments: Mapping[str, object]) -> None:
    """Raise UserError for a Hub id that the cache lacks, and the Hub, too, as far as it answers.

    `arguments` are those of the backend that loads it.
    """
    if not _is_from_hub(model, arguments) or hub_models.is_cached(model) or not hub_connection.may_be_asked():
        return
    revision = arguments.get("revision")
    if fault := hub_models.asked(model, str(revision) if revision else None)[1]:
        raise UserError(f"{model}: {fault}")


def _is_from_hub(model: str, arguments: Mapping[str, object]) -> bool:
    """Whether a model is looked for on the Hub, or in the usual place of its cache."""
    if is_path(model) or model.endswith(".gguf") or _STORE.match(model):
        return False
    return _ELSEWHERE.isdisjoint((*arguments, *os.environ))


def find(model: str, revision: str | None = None) -> Source:
    """The files of a folder, a .gguf file, or a model of the Hub.

    For one of the Hub: at `revision`, by default its newest; without a network, and with
    HF_HUB_OFFLINE, as it lies in the cache. Raises nothing: loading says best what is wrong.
    """
    path = Path(os.path.expanduser(model))
    if path.is_file():
        return Source(model, path)
    if path.is_dir():
        base = None if (path / CONFIG).is_file() else base_of(path)
        return Source(model, path, config=find(base).config if base else files.json_object(path / CONFIG))
    if not model or model.count("/") > 1 or is_path(model):
        return Source(model)
    file = _hub_file(model, revision, CONFIG)
    return Source(model, file.parent, file.parent.name, files.json_object(file)) if file else Source(model)


def chat_template_in(model: str, revision: str | None = None) -> bool | None:
    """Whether a model's files show a chat template; None where they are not to be had."""
    found = find(model, revision)
    if found.commit:
        for name in files.TEMPLATES:  # Into the folder that they are looked for in.
            _hub_file(model, revision, name)
    return files.has_chat_template(found.folder) if found.folder else None


def is_on_hub(model: str, revision: str | None = None) -> bool:
    """Whether the Hub has a model, and can be reached."""
    return not is_path(model) and hub_models.commit(model, revision) is not None


def adapter_folder(model: str) -> Path | None:
    """The folder of a model that is only a PEFT adapter, on this machine or of the Hub.

    One of the Hub is downloaded. None for every other model.
    """
    path = Path(os.path.expanduser(model))
    if model.count("/") != 1 or is_path(model):
        return path if (path / ADAPTER).is_file() and not (path / CONFIG).is_file() else None
    if _hub_file(model, None, CONFIG) or not (file := _hub_file(model, None, ADAPTER)):
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, revision=file.parent.name))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError):
        return file.parent


def adapter_commit(model: str) -> str:
    """The commit of an adapter of the Hub; "" for a folder and for other models."""
    if model.count("/") != 1 or is_path(model):
        return ""
    file = None if _hub_file(model, None, CONFIG) else _hub_file(model, None, ADAPTER)
    return file.parent.name if file else ""


@cache
def _hub_file(model: str, revision: str | None, name: str) -> Path | None:
    """A small file of a model of the Hub, in the cache's folder of its commit."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    commit = hub_models.commit(model, revision)
    try:
        return Path(hf_hub_download(model, name, revision=commit or revision, local_files_only=commit is None))
    except (HfHubHTTPError, HFValidationError, OSError, ValueError):  # Missing, gated, not in the cache.
        return None


def base_of(folder: Path) -> str | None:
    """The base model that a folder's adapter names; None where it holds none."""
    found = files.json_object(folder / ADAPTER).get("base_model_name_or_path")
    return found if isinstance(found, str) and found else None
