"""A model as transformers loads it: configuration, tokenizer, and weights on one GPU or several."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.clients.local import device as local_device
from xl_alpacaeval_metric.errors import ModelUnavailable, UserError, first_line
from xl_alpacaeval_metric.machine import gpus as machine_gpus
from xl_alpacaeval_metric.models import checked_loading, placement, quantization, source
from xl_alpacaeval_metric.models.source import Source


@dataclass(frozen=True, slots=True)
class Loading:
    """How the weights are loaded.

    `device` is the only one to use; without it the best there is, and several GPUs (`gpus`: their
    number, or auto) where one is too small, as `device_map` arranges them. `load_in_4bit` and
    `load_in_8bit` quantise with bitsandbytes. Weights that the files lack are refused, unless
    `allow_random_weights`.
    """

    device: str | None = None
    dtype: str = "auto"
    gpus: str = placement.AUTO
    device_map: str | None = None
    load_in_4bit: bool = False
    load_in_8bit: bool = False
    revision: str | None = None
    attn_implementation: str | None = None
    allow_random_weights: bool = False

    @property
    def bits(self) -> Mapping[str, bool]:
        """The arguments that quantise while loading."""
        given = {"load_in_4bit": self.load_in_4bit, "load_in_8bit": self.load_in_8bit}
        return {name: True for name, value in given.items() if value}

    @property
    def settings(self) -> dict[str, object]:
        """What it adds to the identity of a client, beside the dtype: nothing for the defaults."""
        attention = {"attn_implementation": self.attn_implementation} if self.attn_implementation else {}
        return {**self.bits, **attention}

    def check(self, model: str) -> Source:
        """The model's files.

        Raises UserError for a device or dtype that torch does not have here, more GPUs than there
        are, and a quantisation without its packages.
        """
        local_device.check(self.device, self.dtype)
        found = source.find(model, self.revision)
        quantization.check(found, self.bits, what="judge argument")
        self.placed(found)
        return found

    def placed(self, found: Source) -> dict[str, object]:
        """The arguments of from_pretrained that spread the model, empty for one device."""
        given = {**self.bits, "dtype": self.dtype}
        if self.device_map is not None:
            if self.device is not None:
                raise UserError(f"device_map={self.device_map} contradicts --device {self.device}; leave one out")
            return {"device_map": self.device_map}
        place = placement.place(found, "hf", given, self.gpus, device=self.device)
        if not place.arguments:
            return {}
        names = [gpu.name for gpu in machine_gpus.available()]
        wanted = [names.index(name) for name in place.copies[0]]
        return {"device_map": "auto", **_memory_of(wanted, len(names))}

    def configuration(self, model: str, spec: str) -> tuple[Any, Any]:
        """The configuration and the tokenizer; raises ModelUnavailable."""
        import transformers

        folder, arguments = _place_of(model)
        # Without an explicit trust_remote_code, transformers asks on the terminal.
        arguments |= {"trust_remote_code": False, **({"revision": self.revision} if self.revision else {})}
        try:
            config = transformers.AutoConfig.from_pretrained(folder, **arguments)
            return config, transformers.AutoTokenizer.from_pretrained(folder, **arguments)
        except (OSError, ValueError, KeyError) as error:
            raise ModelUnavailable(f"{spec}: cannot be loaded: {first_line(error)}") from None

    def network(self, model: str, spec: str) -> Any:
        """The network of `model`, ready to answer; `spec` is what messages call it.

        Raises ModelUnavailable where it cannot be loaded or does not fit the memory.
        """
        import torch
        import transformers

        # The bar would overwrite the caller's own progress line.
        transformers.utils.logging.disable_progress_bar()
        device = self.device or local_device.best_device()
        spread = self.placed(source.find(model, self.revision))
        folder, arguments = _place_of(model)
        _, quantised = quantization.split(self.bits)
        # Half precision is slow on a CPU, so the weights' own dtype is not taken there.
        slow = device == "cpu" and self.dtype == "auto" and quantised is None
        dtype: Any = torch.float32 if slow else self.dtype
        if quantised is not None and not spread:
            spread = {"device_map": {"": device}}
        optional = {
            "quantization_config": quantised,
            "revision": self.revision,
            "attn_implementation": self.attn_implementation,
        }
        arguments |= {**spread, **{name: value for name, value in optional.items() if value is not None}}
        try:
            network = checked_loading.load(
                transformers.AutoModelForCausalLM,
                folder,
                name=spec,
                allow_random=self.allow_random_weights,
                dtype=dtype,
                trust_remote_code=False,
                **arguments,
            )
            return (network if spread else network.to(device)).eval()
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise ModelUnavailable(f"{spec}: cannot be loaded: {first_line(error)}") from None
        except RuntimeError as error:
            if not local_device.is_out_of_memory(error):
                raise
            raise ModelUnavailable(f"{spec}: does not fit the memory of {device}") from None


def _place_of(model: str) -> tuple[str, dict[str, Any]]:
    """The folder of the model, and the name of its .gguf file in there as an argument."""
    path = Path(os.path.expanduser(model))
    return (str(path.parent), {"gguf_file": path.name}) if path.is_file() else (str(model), {})


def _memory_of(wanted: list[int], count: int) -> dict[str, object]:
    """The argument that keeps the model off other GPUs; none where it may use all."""
    if len(wanted) == count:
        return {}
    import torch

    # All the memory of each, less what its context takes; accelerate leaves a part of it free.
    return {"max_memory": {index: torch.cuda.mem_get_info(index)[0] for index in wanted}}
