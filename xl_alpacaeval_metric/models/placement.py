"""Where a model runs: how many copies, on which GPUs, and the arguments of the backend for that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.machine import gpus
from xl_alpacaeval_metric.machine.gpus import Gpu
from xl_alpacaeval_metric.models.source import Source

HF = frozenset({"hf", "hf-auto", "huggingface"})
VLLM = frozenset({"vllm", "vllm-vlm"})
_WIDTHS: Mapping[str, tuple[str, str, str]] = {
    **dict.fromkeys(VLLM, ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size")),
    "sglang": ("tp_size", "pp_size", "dp_size"),
}
"""Backend -> its arguments for tensor, pipeline and data parallelism, which multiply."""
_SPREADING = ("parallelize", "device_map", "tp_plan")
"""Arguments of transformers that spread one copy over the GPUs."""
_NUMBER_BYTES = {"float32": 4, "float": 4, "float16": 2, "half": 2, "bfloat16": 2}
_QUANTISED = {"load_in_4bit": 4, "load_in_8bit": 2}
"""Argument -> by how much it divides the bytes of weights of 16 bits."""
_GROWTH, _BESIDES, _USABLE = 1.2, 2 * 2**30, 0.9
"""A copy takes this much more than its weights, for activations, keys and values, and this many
bytes besides; of a GPU's memory this share can be used."""
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Placement:
    """`copies` holds, for each copy of the model, the names of its GPUs; () leaves it all visible.

    `arguments` are what the backend gets beside its own.
    """

    copies: tuple[tuple[str, ...], ...] = ((),)
    arguments: Mapping[str, object] = field(default_factory=dict)

    def environment(self, copy: int) -> Mapping[str, str]:
        """What limits a copy's process to its GPUs."""
        return {gpus.VISIBLE: ",".join(self.copies[copy])} if self.copies[copy] else {}

    @property
    def line(self) -> str:
        """What is done with several GPUs, in a few words; "" where nothing is."""
        many, width = len(self.copies), len(self.copies[0])
        if many > 1:
            return f"{many} copies of the model" + (f" on {width} GPUs each" if width > 1 else ", one on each GPU")
        return f"one copy of the model over {width} GPUs" if width > 1 else ""


def place(
    source: Source,
    backend: str,
    arguments: Mapping[str, object],
    wanted: str = AUTO,
    *,
    device: str | None = None,
    most_copies: int = 1,
) -> Placement:
    """Where a model goes on the GPUs of this machine.

    `wanted` is their number, or auto for all there are. A copy gets as few GPUs as hold it, and
    there are as many copies as GPUs are left for, at most `most_copies`. Where only one copy is to
    be, a number is what that copy gets. `arguments` are the backend's own, which win. Raises
    UserError for a number that this machine does not have, or that contradicts the arguments.
    """
    number = _number(wanted)
    own = own_width(backend, arguments)
    if number is not None and backend not in HF and backend not in _WIDTHS:
        raise UserError(f"--gpus {number} goes with --backend hf, vllm and sglang; {backend} places its model itself")
    if device is not None:
        if number is not None and (number > 1 or not device.startswith("cuda")):
            raise UserError(f"--gpus {number} contradicts --device {device}; leave one of them out")
        return Placement()
    if number is None and backend not in HF and backend not in _WIDTHS:
        return Placement()
    found = gpus.available()
    if number is not None and number > len(found):
        have = f"finds {len(found)}" if found else "finds none"
        raise UserError(f"--gpus {number}: torch {have} on this machine; leave it out for what there is")
    chosen = found[:number]
    if not chosen or (own is None and len(found) == 1):
        return Placement()
    if own is not None:
        return _as_told(own, found, chosen, number, most_copies, _all_at_once(backend, arguments))
    width, extra = _width(source, backend, arguments, chosen, number is not None, most_copies)
    copies = max(1, min(len(chosen) // width, most_copies))
    return Placement(tuple(_groups(chosen, width, copies)), extra)


def check_number(wanted: str) -> None:
    """Raise UserError for a number of GPUs that is none."""
    _number(wanted)


def _number(wanted: str) -> int | None:
    if wanted == AUTO:
        return None
    if not wanted.isascii() or not wanted.isdigit() or not 0 < int(wanted) < 10_000:
        raise UserError(f"--gpus {wanted!r} is neither a number from 1 nor auto; --device cpu runs without GPUs")
    return int(wanted)


def own_width(backend: str, arguments: Mapping[str, object]) -> int | None:
    """The GPUs that the arguments ask for; 0 for all that are visible, None where they do not."""
    if backend in HF:
        spread = any(arguments.get(name) not in (None, False, "") for name in _SPREADING)
        return 0 if spread else None
    given = [arguments[name] for name in _WIDTHS.get(backend, ()) if name in arguments]
    if not given:
        return None
    width = 1
    for value in given:
        if isinstance(value, bool) or not str(value).isdigit() or int(str(value)) < 1:
            return None  # The check of arguments says so.
        width *= int(str(value))
    return width


def _all_at_once(backend: str, arguments: Mapping[str, object]) -> bool:
    """Whether the backend makes copies of its own."""
    return int(str(arguments.get(_WIDTHS[backend][2]) or 1)) > 1 if backend in _WIDTHS else True


def _as_told(
    own: int, found: Sequence[Gpu], chosen: Sequence[Gpu], number: int | None, most_copies: int, one: bool
) -> Placement:
    """The placement for a width that the arguments say."""
    width = own or len(chosen)
    if width > len(chosen) or (number is not None and number % width) or (one and number not in (None, width)):
        have = f"--gpus {number}" if number is not None else f"torch finds {len(found)} on this machine"
        raise UserError(f"the model's arguments ask for {width} GPUs, but {have}")
    copies = 1 if one else max(1, min(len(chosen) // width, most_copies))
    return Placement(tuple(_groups(chosen, width, copies)))


def _width(
    source: Source,
    backend: str,
    arguments: Mapping[str, object],
    chosen: Sequence[Gpu],
    exact: bool,
    most_copies: int,
) -> tuple[int, dict[str, object]]:
    """The GPUs of one copy, and the backend's arguments for them."""
    all_of_them = len(chosen)
    needed = bytes_needed(source, arguments)
    memory = min((gpu.memory or 0 for gpu in chosen), default=0)
    # Where the size of either is not known, a copy over all of them is sure to fit if any does.
    known = needed is not None and memory > 0
    divisors = [width for width in range(1, all_of_them + 1) if all_of_them % width == 0]
    enough = [width for width in divisors if known and (needed or 0) <= width * memory * _USABLE] or [all_of_them]
    if exact and most_copies == 1:
        enough = [all_of_them]
    if backend in HF:
        return enough[0], {"parallelize": True} if enough[0] > 1 else {}
    # Tensor parallelism where it divides the heads, since it is faster than a pipeline.
    plain = [width for width in enough if _tensor(width, source.heads) == width]
    width = (plain or enough)[0]
    tensor = _tensor(width, source.heads)
    names = _WIDTHS[backend]
    extra: dict[str, object] = {names[0]: tensor} if tensor > 1 else {}
    return width, extra if tensor == width else {**extra, names[1]: width // tensor}


def _tensor(width: int, heads: int | None) -> int:
    """The largest part of `width` that divides the attention heads."""
    return max(part for part in range(1, width + 1) if width % part == 0 and (heads is None or heads % part == 0))


def bytes_needed(source: Source, arguments: Mapping[str, object]) -> int | None:
    """The memory that one copy takes, roughly; None where the size of the weights is not known."""
    stored = source.weight_bytes
    if stored is None:
        return None
    if source.folder is not None and source.folder.suffix == ".gguf":
        stored *= 4  # Some are expanded from 4 bits to 16.
    has = _NUMBER_BYTES.get(str(source.config.get("dtype") or source.config.get("torch_dtype")).rpartition(".")[2], 2)
    wants = _NUMBER_BYTES.get(str(arguments.get("dtype", "auto")), has)
    weights = stored * wants / has if "quantization_config" not in source.config else stored
    for name, share in _QUANTISED.items():
        if arguments.get(name) is True:
            weights = stored * 2 / has / share
    return int(weights * _GROWTH) + _BESIDES


def _groups(chosen: Sequence[Gpu], width: int, copies: int) -> Iterator[tuple[str, ...]]:
    for copy in range(copies):
        yield tuple(gpu.name for gpu in chosen[copy * width : (copy + 1) * width])
