"""The settings of a fine-tuning: one frozen record, read from `defaults.yaml`, a file of the user's, and options."""

import types
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from functools import cache
from importlib import resources
from math import isfinite
from pathlib import Path
from typing import Any, get_args

from xl_alpacaeval_metric.errors import UserError

MACHINE = (
    *("device_batch_size", "device", "gradient_checkpointing", "attention", "log_steps"),
    *("eval_steps", "save_steps", "keep_checkpoints", "report_to", "merge"),
)
"""Settings that say how the work is done, not what comes out: a run may go on with others."""


def _about(
    help_text: str, *, least: float | None = None, most: float | None = None, choices: tuple[str, ...] = ()
) -> Any:
    return field(metadata={"help": help_text, "least": least, "most": most, "choices": choices})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a fine-tuning is determined by but the model's and the data's content; `defaults.yaml` has the values."""

    data: str | None = _about("A folder that build made, a dataset's id on the Hub, or sample")
    variant: str = _about("Variant of the data", choices=("default", "best_of_3", "scored"))
    pairs: str = _about("Language pairs: en-de,en-fi or all")
    per_language: int | None = _about("At most so many rows of each pair", least=1)
    rows: int | None = _about("So many rows altogether", least=1)
    mixture: str = _about("How pairs share the rows", choices=("proportional", "uniform", "temperature"))
    temperature: float = _about("With --mixture temperature: shares like n ** (1 / temperature)", least=1)
    mix_with: str | None = _about("HUB_ID|FOLDER|FILE:RATIO,...: so many rows of it per row of the data")
    held_out: float = _about("Share of the rows kept for the evaluation loss", least=0, most=0.9)
    seed: int = _about("Decides which rows, their order, and the adapter's first weights", least=0)
    max_length: int = _about("Tokens of a sequence, at most", least=8)
    too_long: str = _about("What to do with longer ones", choices=("drop", "truncate"))
    chat_template: str = _about("auto, own, plain, or a Jinja file")
    full: bool = _about("Train all weights, or a LoRA adapter")
    merge: bool = _about("Put the adapter into the model's weights at the end")
    lora_rank: int = _about("Rank of the adapter", least=1)
    lora_alpha: int = _about("Scale of the adapter", least=1)
    lora_dropout: float = _about("Dropout of the adapter", least=0, most=0.99)
    lora_targets: str = _about("all-linear, or modules: q_proj,v_proj")
    precision: str = _about("Numbers to train in", choices=("auto", "bfloat16", "float16", "float32"))
    attention: str | None = _about("transformers' attention implementation, e.g. flash_attention_2")
    gradient_checkpointing: bool = _about("Compute activations twice instead of keeping them")
    device: str | None = _about("cuda, cuda:1, mps, cpu")
    epochs: float = _about("Passes over the data", least=0)
    max_steps: int | None = _about("Stop after so many steps", least=1)
    learning_rate: float | None = _about("Highest learning rate", least=0)
    schedule: str = _about("Schedule of the learning rate, e.g. cosine, linear, constant")
    warmup: float = _about("Share of the steps in which the learning rate rises", least=0, most=0.99)
    weight_decay: float = _about("Weight decay", least=0)
    batch_size: int = _about("Sequences a step, over all GPUs", least=1)
    device_batch_size: int = _about("Sequences at a time on one GPU", least=1)
    batching: str = _about("How sequences become batches", choices=("length", "packing", "random"))
    log_steps: int = _about("Steps between two figures of the loss", least=1)
    eval_steps: int = _about("Steps between two evaluations of the held-out rows", least=1)
    save_steps: int = _about("Steps between two checkpoints", least=1)
    keep_checkpoints: int = _about("How many checkpoints to keep", least=1)
    report_to: str = _about("TRL's trackers: none, tensorboard, wandb, trackio")

    @property
    def rate(self) -> float:
        """The highest learning rate, by the method where none is set."""
        return self.learning_rate if self.learning_rate is not None else 1e-5 if self.full else 2e-4

    @property
    def identity(self) -> dict[str, object]:
        """What determines the result; two runs that differ in it cannot go on from each other's checkpoints."""
        kept = {key: value for key, value in asdict(self).items() if key not in MACHINE}
        return {**kept, "learning_rate": self.rate}

    def as_yaml(self, model: str) -> str:
        """The settings as a file for --config, and for people."""
        import yaml

        return f"# The settings of this run, of {model}; usable as --config.\n" + str(
            yaml.safe_dump(asdict(self), sort_keys=False, allow_unicode=True)
        )


def resolve(config: Path | None, options: Mapping[str, object]) -> Settings:
    """The defaults, then what the file `config` holds, then `options` that are not None.

    Raises UserError that names the setting, with the nearest for one that is unknown.
    """
    values = dict(defaults())
    if config is not None:
        values |= {key: _checked(key, value, str(config)) for key, value in _read(config).items()}
    values |= {
        key: _checked(key, value, f"--{key.replace('_', '-')}") for key, value in options.items() if value is not None
    }
    return Settings(**values)


@cache
def defaults() -> Mapping[str, Any]:
    """The contents of `defaults.yaml`."""
    import yaml

    text = (resources.files(__package__) / "defaults.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def kinds(name: str) -> tuple[type, ...]:
    """The types that a setting's value may have."""
    found = _KINDS[name]
    return get_args(found) if isinstance(found, types.UnionType) else (found,)


def about(name: str) -> str:
    """What a setting is, in a line, with its choices."""
    metadata = _FIELDS[name].metadata
    return str(metadata["help"]) + (f": {', '.join(metadata['choices'])}" if metadata["choices"] else "")


_FIELDS = {one.name: one for one in fields(Settings)}
_KINDS: dict[str, Any] = {name: one.type for name, one in _FIELDS.items()}


def _read(config: Path) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(config.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"{config}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise UserError(f"{config}{f' line {mark.line + 1}' if mark else ''}: not valid YAML") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise UserError(f"{config}: holds a {type(found).__name__}; needs settings, one a line, such as epochs: 3")
    return {str(key): value for key, value in found.items()}


def _checked(name: str, value: object, where: str) -> object:
    """The value as the setting's type; raises UserError that says what it should be."""
    at = where if where.startswith("--") else f"{where}: {name}"
    if name not in _FIELDS:
        near = get_close_matches(name, _FIELDS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_FIELDS)}"
        raise UserError(f"{where}: unknown setting {name[:40]!r}; {hint}")
    allowed, about = kinds(name), _FIELDS[name].metadata
    if float in allowed and not isinstance(value, bool | float):
        with suppress(TypeError, ValueError):
            value = float(value)  # type: ignore[arg-type]  # YAML reads 2e-4 as text.
    if not any(type(value) is kind for kind in allowed):
        wanted = " or ".join(
            {int: "a whole number", float: "a number", bool: "true or false", str: "text"}.get(k, "null")
            for k in allowed
        )
        raise UserError(f"{at} is {str(value)[:40]!r}; need {wanted}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = about["least"], about["most"]
        if not isfinite(value) or (least is not None and value < least) or (most is not None and value > most):
            raise UserError(f"{at} is {value}; need a number from {least:g}{'' if most is None else f' to {most:g}'}")
    if about["choices"] and value not in about["choices"]:
        raise UserError(f"{at} is {str(value)[:40]!r}; there are {', '.join(about['choices'])}")
    return value
