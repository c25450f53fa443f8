"""The weights of a model, loaded onto a device."""

from typing import Any

from xl_alpacaeval_metric.clients.local import device as local_device
from xl_alpacaeval_metric.errors import ModelUnavailable, first_line


def load_network(model: str, spec: str, device: str | None, dtype: str) -> Any:
    """The network of `model` on `device`, by default the best one that torch finds.

    `spec` is what messages call it. Raises ModelUnavailable where it cannot be loaded or does not
    fit the device's memory.
    """
    import torch
    import transformers

    # The bar would overwrite the caller's own progress line.
    transformers.utils.logging.disable_progress_bar()
    device = device or local_device.best_device()
    # Half precision is slow on a CPU, so the weights' own dtype is not taken there.
    wanted: Any = torch.float32 if device == "cpu" and dtype == "auto" else dtype
    try:
        network = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=wanted, trust_remote_code=False)
        return network.to(device).eval()
    except (OSError, ValueError, KeyError) as error:
        raise ModelUnavailable(f"{spec}: cannot be loaded: {first_line(error)}") from None
    except RuntimeError as error:
        if not local_device.is_out_of_memory(error):
            raise
        raise ModelUnavailable(f"{spec}: does not fit the memory of {device}") from None
