"""Families of models: a judge prefers the style of its own family."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from xl_alpacaeval_metric.judge.pairwise import Judge

_NOT_A_FAMILY = frozenset(
    [
        "and",
        "any",
        "auto",
        "awq",
        "base",
        "bnb",
        "chat",
        "code",
        "coder",
        "distill",
        "endpoint",
        "exp",
        "final",
        "for",
        "free",
        "gguf",
        "gptq",
        "instruct",
        "instruction",
        "int",
        "judge",
        "large",
        "latest",
        "lite",
        "lora",
        "math",
        "medium",
        "merged",
        "mini",
        "model",
        "models",
        "new",
        "omni",
        "org",
        "preview",
        "pro",
        "quant",
        "reward",
        "sft",
        "dpo",
        "rlhf",
        "small",
        "stand",
        "test",
        "the",
        "tiny",
        "tuned",
        "turbo",
        "vision",
    ]
)
"""Words of models' names that name no family."""
_SHARED_ARCHITECTURES = frozenset(("", "llama", "mistral", "gpt2", "gpt_neox"))
"""Architectures that models of many families have."""


def warnings(model: str, judge: Judge | None) -> list[str]:
    """A line for each judge that seems to be of the candidate's family.

    By the words of their names, the organisation on the Hub, and `model_type` in config.json of
    local folders. Source: self-preference of judges, Panickssery et al. 2024, arXiv:2404.13076.
    """
    found = []
    for spec in judge.members if judge else ():
        name = spec.partition("/")[2]
        shared = sorted(families(model) & families(name))
        if shared:
            found.append(
                f"judge {spec} and {model} seem to be of one family ({', '.join(shared)}): "
                "judges prefer their own family's style"
            )
    return found


def families(model: str) -> frozenset[str]:
    """The words that may name a model's family: Qwen/Qwen2.5-7B-Instruct gives qwen."""
    path = Path(model).expanduser()
    words = [path.resolve().name, *_architecture(path)] if path.exists() else model.split("/")[-2:]
    return frozenset(_words(words))


def _words(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        for word in re.findall(r"[^\W\d_]{3,}", name.lower()):
            if word not in _NOT_A_FAMILY:
                yield word


def _architecture(folder: Path) -> list[str]:
    file = folder / "config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (OSError, ValueError):
        return []
    kind = config.get("model_type") if isinstance(config, Mapping) else ""
    names = [str(kind)] if isinstance(kind, str) and kind not in _SHARED_ARCHITECTURES else []
    original = config.get("_name_or_path") if isinstance(config, Mapping) else ""
    return [*names, *([str(original).rpartition("/")[2]] if original else [])]
