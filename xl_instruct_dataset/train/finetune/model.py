"""The model: checked, and loaded for training with an adapter or without."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.clients.local import device as local_device
from xl_alpacaeval_metric.errors import MissingExtra, UserError, first_line
from xl_alpacaeval_metric.models import source
from xl_instruct_dataset.train.finetune import failures
from xl_instruct_dataset.train.settings import Settings

EXTRA = "train"


def check_installed() -> None:
    """Raises MissingExtra where a package of the extra `train` is not installed."""
    import importlib.util

    for package in ("torch", "transformers", "trl", "peft", "matplotlib"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(package, EXTRA)


def model_name(model: str) -> str:
    """The model as the run folder records it: a Hub id, or a folder's absolute path.

    Raises UserError for a folder that is not there or holds no model, and an impossible name.
    """
    path = Path(model).expanduser()
    if model.strip() and path.is_dir():
        if not (path / "config.json").is_file():
            adapter = (
                " (it holds an adapter: train its base, or merge it first)"
                if (path / "adapter_config.json").is_file()
                else ""
            )
            raise UserError(f"{model}: holds no config.json, so it is no model folder{adapter}")
        return str(path.resolve())
    if source.is_path(model) or model.endswith("/") or not model.strip():
        raise UserError(f"{model or 'MODEL'}: no such model folder; give a folder or a Hub id")
    source.check_name(model)
    return model


def device_kind(device: str | None) -> str:
    """The kind of device to train on: cuda, mps or cpu.

    Raises UserError for a device that this machine does not have.
    """
    import torch

    local_device.check(device, "auto")
    # Counting asks the driver's tool, and leaves CUDA itself untouched.
    return (device or ("cuda" if torch.cuda.device_count() else local_device.best_device())).partition(":")[0]


@contextmanager
def visible_gpus_kept() -> Iterator[None]:
    """In the block CUDA_VISIBLE_DEVICES may be set; afterwards it is what it was."""
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    try:
        yield
    finally:
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        if before is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = before


def use_device(device: str | None) -> tuple[str, str | None]:
    """Make this process train on the device; returns its kind, and a line where GPUs stay unused.

    Must come before anything else uses the GPU: it sets CUDA_VISIBLE_DEVICES (see
    `visible_gpus_kept`). Raises UserError for a device that this machine does not have.
    """
    import torch

    kind = device_kind(device)
    if kind != "cuda" or "LOCAL_RANK" in os.environ:
        return kind, None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else [str(number) for number in range(torch.cuda.device_count())]
    index = int((device or "").partition(":")[2] or 0)
    # Several visible GPUs in one process would become torch's DataParallel, which TRL refuses.
    os.environ["CUDA_VISIBLE_DEVICES"] = names[index]
    if len(names) > 1 and device is None:
        return kind, f"1 of {len(names)} GPUs is used; accelerate launch -m xl_instruct_dataset.train uses all"
    return kind, None


def number_type(precision: str, kind: str) -> str:
    """The data type to train in: `precision`; for auto bfloat16 on a GPU that has it in hardware.

    Without such a GPU, auto is float32.
    """
    import torch

    has = kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    if precision != "auto":
        return precision
    return "bfloat16" if has else "float32"


def config_of(model: str) -> Any:
    """The model's configuration; raises UserError where it cannot be loaded."""
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(model, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{model}: cannot be loaded ({first_line(error)})") from None


def check(model: str, config: Any, settings: Settings, kind: str, processes: int) -> None:
    """Raises UserError for settings that do not fit the model or the device; reads no weights."""
    import torch
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM

    if settings.precision == "float16" and kind == "cpu":
        raise UserError("--precision float16: training in it needs a GPU; give auto, bfloat16 or float32")
    with torch.device("meta"):  # All the modules, without memory for their weights.
        with failures.as_user_error(f"{model}: cannot be loaded", settings, "loading the model"):
            network = AutoModelForCausalLM.from_config(config, trust_remote_code=False, **_attention(settings))
        if settings.full:
            if kind == "cuda" and processes == 1:  # Several may hold a part of the weights each.
                _check_memory(network, settings)
            return
        _check_targets(network, settings)
        if settings.merge and (shared := tied(network, _targets(settings))):
            raise UserError(
                f"--lora-targets {','.join(shared)} with --merge: the model shares these weights between input and "
                "output, so that the merged model would not be the trained one; leave out --merge, or the target"
            )
        with failures.as_user_error(
            "the settings of the adapter do not work with this model", settings, "loading the model"
        ):
            get_peft_model(network, adapter(settings))


def _check_memory(network: Any, settings: Settings) -> None:
    """Raises UserError where weights, gradients and Adam's two moments exceed the GPU's memory."""
    parameters = sum(one.numel() for one in network.parameters())
    needed = parameters * 4 * (4 if settings.precision != "bfloat16" else 2)
    if (total := local_device.largest_gpu_memory()) is not None and needed > total:
        less = "" if settings.precision == "bfloat16" else ", --precision bfloat16 (half of it)"
        raise UserError(
            f"--full: weights, gradients and Adam's moments of {parameters / 1e9:.1f} billion parameters take {needed / 2**30:.0f} GiB, "
            f"and the GPU has {total / 2**30:.0f}; give --no-full (LoRA){less}, or more GPUs with FSDP"
        )


def _check_targets(network: Any, settings: Settings) -> None:
    """Raises UserError for a target that the model lacks; PEFT only does where it lacks all."""
    if settings.lora_targets == "all-linear":
        return
    modules = [name for name, _ in network.named_modules()]
    known = sorted({name.rpartition(".")[2] for name, part in network.named_modules() if hasattr(part, "weight")})
    if not _targets(settings):
        raise UserError("--lora-targets is empty; give all-linear, or modules such as q_proj,v_proj")
    for target in _targets(settings):
        if not any(name == target or name.endswith(f".{target}") for name in modules):
            near = get_close_matches(target, known, n=2, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known)}"
            raise UserError(f"--lora-targets {target!r}: the model has no such module; {hint}")


def tied(network: Any, targets: Sequence[str]) -> list[str]:
    """Those of the targets whose weights the model shares between its input and its output."""
    config = network.config.get_text_config()
    if not getattr(config, "tie_word_embeddings", False):
        return []
    shared = [part for part in (network.get_input_embeddings(), network.get_output_embeddings()) if part is not None]
    names = [name for name, part in network.named_modules() if any(part is one for one in shared)]
    return [target for target in targets if any(name == target or name.endswith(f".{target}") for name in names)]


def check_tokens(config: Any, largest: int) -> None:
    """Raises UserError where the data's `largest` token id has no row in the model's embeddings."""
    rows = getattr(config.get_text_config(), "vocab_size", None)
    if isinstance(rows, int) and largest >= rows:
        raise UserError(
            f"the tokenizer gives token {largest}, and the model's embeddings end at {rows - 1}: it has tokens that "
            "were added without resizing the model; give the tokenizer's own model, or one that was resized"
        )


def _attention(settings: Settings) -> dict[str, str]:
    return {"attn_implementation": settings.attention} if settings.attention else {}


def load(model: str, settings: Settings, numbers: str) -> Any:
    """The network: frozen weights in the type `numbers`, trained weights in float32.

    Trained weights are in bfloat16 where the user asked for it. Raises UserError where the model
    cannot be loaded.
    """
    import torch
    from transformers import AutoModelForCausalLM

    # Adam's small steps get lost in 16 bits; of an adapter, PEFT keeps the weights in 32 by itself.
    # For float16 torch scales the gradients, which needs weights in float32; it still computes in
    # float16.
    asked = settings.precision == numbers != "float16"
    kept = numbers if not settings.full or asked else "float32"
    with failures.as_user_error(f"{model}: cannot be loaded", settings, "loading the model"):
        return AutoModelForCausalLM.from_pretrained(
            model, dtype=getattr(torch, kept), trust_remote_code=False, **_attention(settings)
        )


def adapter(settings: Settings) -> Any:
    """PEFT's configuration of the adapter; None where all weights are trained."""
    if settings.full:
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules="all-linear" if settings.lora_targets == "all-linear" else _targets(settings),
        task_type="CAUSAL_LM",
    )


def _targets(settings: Settings) -> list[str]:
    return [name.strip() for name in settings.lora_targets.split(",") if name.strip()]
