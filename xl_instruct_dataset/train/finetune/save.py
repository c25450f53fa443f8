"""The result: a folder that transformers, vLLM and `xl-alpacaeval eval` load.

Its files are moved into place once all are written.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError, first_line
from xl_instruct_dataset.train.finetune import generation_config, model

ADAPTER, SAVING = "adapter", ".saving-"
_MODEL_FILES = re.compile(r"(adapter_)?(config\.json|model.*\.safetensors(\.index\.json)?)|generation_config\.json")
_LAST = ("adapter_config.json", "config.json")
"""A folder without these is not a model, so they are moved last."""


@contextmanager
def unfinished(output: Path) -> Iterator[Path]:
    """A hidden folder inside `output`, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=SAVING, dir=output))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(output: Path) -> None:
    """Remove what a killed process left behind while it saved."""
    for path in output.glob(f"{SAVING}*"):
        shutil.rmtree(path, ignore_errors=True)


def write(trainer: Any, base: str, output: Path, *, merge: bool) -> None:
    """Save what was trained. All processes call this; the first one writes.

    An adapter goes into `output` or, with `merge`, into `output/adapter`, and the merged model into
    `output`. Weights are saved in the type that the base model has on disk.
    """
    main = trainer.is_world_process_zero()
    with unfinished(output) as saving:
        trainer.save_model(str(saving))  # Gathers the weights where they are spread over GPUs.
        if not main:
            return
        (saving / "training_args.bin").unlink(missing_ok=True)  # A pickle, which can run code when it is loaded.
        if (saving / "adapter_config.json").is_file():
            keep_adapter(saving, base, output, merge=merge, generation=trainer.model.generation_config)
            return
        _as_stored(saving, base)
        _place(saving, output)


def keep_adapter(saving: Path, base: str, output: Path, *, merge: bool, generation: Any = None) -> None:
    """Move the adapter in `saving` into `output`, or merge it into its base there."""
    if not merge:
        _place(saving, output)
        return
    with unfinished(output) as merged:
        _merge(saving, base, merged, generation)
        shutil.rmtree(output / ADAPTER, ignore_errors=True)
        saving.rename(output / ADAPTER)
        _place(merged, output)


def merge_later(output: Path, base: str) -> None:
    """Merge the adapter that an earlier run wrote into `output`."""
    whole = (output / "adapter_config.json").is_file() and any(output.glob("adapter_model*.safetensors"))
    with unfinished(output) as saving:
        if not whole and (output / ADAPTER).is_dir():
            # A process was killed while it replaced the adapter by the merged model.
            _merge(output / ADAPTER, base, saving, None)
            _place(saving, output)
            return
        for file in output.iterdir():
            if file.is_file() and not file.name.startswith(".") and file.suffix in (".json", ".safetensors", ".jinja"):
                shutil.copy(file, saving)
        for name in ("run.json", "training.json"):
            (saving / name).unlink(missing_ok=True)
        keep_adapter(saving, base, output, merge=True)


def _merge(adapter: Path, base: str, merged: Path, generation: Any) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        network = AutoModelForCausalLM.from_pretrained(base, dtype="auto", trust_remote_code=False)
        if tied := model.tied(network, _targets(adapter)):
            raise UserError(
                f"{adapter}: adapts {' and '.join(tied)}, which the model shares between input and output, so that "
                "merging would change both; use the adapter as it is"
            )
        whole = PeftModel.from_pretrained(network, str(adapter)).merge_and_unload(safe_merge=True)
    except (OSError, ValueError) as error:
        raise UserError(f"{adapter}: cannot be merged into {base} ({first_line(error)})") from None
    tokenizer = AutoTokenizer.from_pretrained(adapter, trust_remote_code=False)
    if generation is not None:
        whole.generation_config = generation
    elif tokenizer.eos_token_id is not None:
        whole.generation_config.eos_token_id = _with(whole.generation_config.eos_token_id, tokenizer.eos_token_id)
    generation_config.mend(whole)
    whole.save_pretrained(merged)
    tokenizer.save_pretrained(merged)


def _targets(adapter: Path) -> list[str]:
    """The modules that an adapter changes."""
    found = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8")).get("target_modules")
    return [found] if isinstance(found, str) else [str(name) for name in found or ()]


def _with(known: Any, token: int) -> Any:
    tokens = [] if known is None else [known] if isinstance(known, int) else list(known)
    return known if token in tokens else [token, *tokens]


def _as_stored(saved: Path, base: str) -> None:
    """Convert weights that were trained in float32 to the type that the base has on disk."""
    from transformers import AutoConfig, AutoModelForCausalLM

    wanted, found = (AutoConfig.from_pretrained(place, trust_remote_code=False).dtype for place in (base, saved))
    if wanted in (None, found):
        return
    network = AutoModelForCausalLM.from_pretrained(saved, dtype=wanted, trust_remote_code=False)
    for file in saved.glob("model*.safetensors*"):
        file.unlink()
    network.save_pretrained(saved)


def _place(saved: Path, output: Path) -> None:
    """Move the files into `output`, replacing those of an earlier result."""
    for file in output.iterdir():
        if file.is_file() and _MODEL_FILES.fullmatch(file.name):
            file.unlink()
    files = sorted((file for file in saved.iterdir() if file.is_file()), key=lambda file: file.name in _LAST)
    for file in files:
        file.replace(output / file.name)
