"""GPUs and CPUs in the options of a Slurm site: which options name them, and how many there are."""

import re

from xl_alpacaeval_metric.errors import UserError

GPUS = ("gpus", "gpus-per-node", "gpus-per-task", "gpus-per-socket")
"""Options whose value is a number of GPUs, or TYPE:NUMBER."""
LISTS = ("gres", "tres-per-task")
"""Options whose value lists resources, GPUs among others: `gpu:a100:4`, `cpu=8,gres/gpu:a100=4`."""
_NUMBER = re.compile(r"(.*?[:=]|)(\d+)|.*")
"""What is before the number of GPUs, and that; no number in `gpu` and `gpu:a100`."""


def is_gpu(resource: str) -> bool:
    """Whether a part of a list is GPUs."""
    return re.match(r"\s*(gres[:/])?gpu([:=(]|\s*$)", resource) is not None


def is_cpu(resource: str) -> bool:
    """Whether a part of a list is CPUs."""
    return re.match(r"\s*cpu[:=]", resource) is not None


def at_least(option: str, value: str | None, gpus: int) -> str | None:
    """The value of an option, with a number of GPUs of `gpus` at least."""
    if value and option in LISTS:
        return ",".join(_raised(part, gpus) if is_gpu(part) else part for part in value.split(","))
    return _raised(value, gpus) if value and option in GPUS else value


def _raised(value: str, gpus: int) -> str:
    """`2`, `a100:2`, `gpu:a100:2` or `gres/gpu=2` for the same with 1, and 2 GPUs."""
    plain, bracket, sockets = value.partition("(")
    kind, number = _NUMBER.fullmatch(plain.strip()).groups()  # type: ignore[union-attr]
    if number is None:
        return f"{plain.strip()}:{gpus}" if gpus > 1 else value
    return value if int(number) >= gpus else f"{kind}{gpus}{bracket}{sockets}"


def count(option: str, value: str) -> int:
    """The number in `4`, `a100:4` or `gpu:a100:4`; raises UserError where there is none."""
    number = re.split("[:=]", value.partition("(")[0].strip())[-1]  # `gpu:4(S:0-1)` names sockets, too.
    if not number.isdecimal() or int(number) < 1:
        raise UserError(f"{option} is {value[:40]!r}; need a whole number from 1, or TYPE:NUMBER")
    return int(number)
