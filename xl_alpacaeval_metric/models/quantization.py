"""Models of fewer bits: what a checkpoint needs installed, and bitsandbytes while loading."""

import importlib.util
from collections.abc import Mapping
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models.source import Source

NAMES = frozenset(
    [
        "load_in_4bit",
        "load_in_8bit",
        "bnb_4bit_compute_dtype",
        "bnb_4bit_quant_type",
        "bnb_4bit_use_double_quant",
        "bnb_4bit_quant_storage",
        "llm_int8_threshold",
        "llm_int8_skip_modules",
        "llm_int8_enable_fp32_cpu_offload",
        "llm_int8_has_fp16_weight",
    ]
)
"""Arguments of transformers' BitsAndBytesConfig, as they were given to from_pretrained once."""
_PACKAGES: Mapping[str, tuple[str, ...]] = {
    "bitsandbytes": ("bitsandbytes",),
    "bitsandbytes_4bit": ("bitsandbytes",),
    "bitsandbytes_8bit": ("bitsandbytes",),
    "awq": ("gptqmodel",),
    "gptq": ("gptqmodel", "optimum"),
    "compressed-tensors": ("compressed-tensors",),
    "quanto": ("optimum-quanto",),
    "hqq": ("hqq",),
    "torchao": ("torchao",),
    "aqlm": ("aqlm",),
    "auto-round": ("auto-round",),
}
"""Method in a checkpoint's quantization_config -> packages that transformers needs for it."""
_MODULES = {
    "compressed-tensors": "compressed_tensors",
    "optimum-quanto": "optimum.quanto",
    "auto-round": "auto_round",
    "autogptq": "auto_gptq",
}
"""Package -> its module, where the names differ."""
_FOR_GGUF = ("gguf", "sentencepiece")


def method(source: Source) -> str:
    """How a checkpoint is quantised, in the words of its configuration; "" where it is not."""
    if source.folder is not None and source.folder.suffix == ".gguf":
        return "gguf"
    found = source.config.get("quantization_config")
    return str(found.get("quant_method", "")) if isinstance(found, dict) else ""


def check(source: Source, arguments: Mapping[str, object], *, what: str = "--model-args") -> None:
    """Raise UserError where transformers lacks a package for the model or its arguments.

    Also for 4 and 8 bits at once, and for bits beside a checkpoint that has them already.
    """
    how = method(source)
    packages = _FOR_GGUF if how == "gguf" else _PACKAGES.get(how, ())
    asked = [name for name in ("load_in_4bit", "load_in_8bit") if arguments.get(name) is True]
    if len(asked) == 2:
        raise UserError(f"{what} load_in_4bit and load_in_8bit contradict each other; give one of them")
    if asked and how and not how.startswith("bitsandbytes"):
        raise UserError(f"{what} {asked[0]}: {source.model} is quantised already ({how}); leave {asked[0]} out")
    if asked:
        packages = _PACKAGES["bitsandbytes"]
    elif set(arguments) & NAMES and not how:
        first = min(set(arguments) & NAMES)
        raise UserError(f"{what} {first} goes with load_in_4bit=True or load_in_8bit=True")
    if arguments.get("bnb_4bit_quant_type", "nf4") not in ("nf4", "fp4"):
        raise UserError(f"{what} bnb_4bit_quant_type={arguments['bnb_4bit_quant_type']}: need nf4 or fp4")
    for name in ("gptqmodel", "autogptq"):
        if arguments.get(name) and not _installed(name):
            hint = (
                "run: pip install gptqmodel" if name == "gptqmodel" else "leave it out: transformers reads GPTQ itself"
            )
            raise UserError(f"{what} {name}: {name} is not installed; {hint}")
    missing = [name for name in packages if not _installed(name)]
    if missing:
        why = f"{source.model} is quantised ({how})" if how else f"{asked[0]} quantises with bitsandbytes"
        raise UserError(f"{why}, and {missing[0]} is not installed; run: pip install {' '.join(missing)}")


def _installed(package: str) -> bool:
    module = _MODULES.get(package, package)
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # The package above a submodule.
        return False


def split(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """The arguments without those of bitsandbytes, and the BitsAndBytesConfig that these make.

    None for the latter where there are none. from_pretrained takes them in this form only since
    version 5 of transformers.
    """
    ours = {name: value for name, value in arguments.items() if name in NAMES}
    rest = {name: value for name, value in arguments.items() if name not in NAMES}
    if not any(ours.get(name) is True for name in ("load_in_4bit", "load_in_8bit")):
        return rest, None
    from transformers import BitsAndBytesConfig

    try:
        return rest, BitsAndBytesConfig(**ours)
    except (TypeError, ValueError, AttributeError) as error:
        given = ", ".join(f"{name}={value}" for name, value in ours.items())
        raise UserError(f"bitsandbytes does not take {given}: {error}") from None


def described(config: Any) -> str:
    """The quantisation of a loaded model's `config` in a few words; "" where there is none."""
    found = getattr(config, "quantization_config", None)
    if found is None:
        return ""
    values = found if isinstance(found, dict) else found.to_dict()
    how = values.get("quant_method")
    bits = values.get("bits") or (4 if values.get("load_in_4bit") else 8 if values.get("load_in_8bit") else "")
    return " ".join(str(part) for part in (getattr(how, "value", how), bits and f"{bits} bit") if part)
