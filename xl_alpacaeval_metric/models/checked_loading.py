"""Loading by transformers that refuses a model whose files do not hold all of its weights."""

import warnings
from typing import Any

from xl_alpacaeval_metric.errors import UserError


def load(auto_class: Any, model: str, *, allow_random: bool, name: str = "", **arguments: Any) -> Any:
    """`auto_class.from_pretrained(model, **arguments)`.

    Raises UserError where weights are missing in the model's files, which transformers fills at
    random and only logs, unless `allow_random`. `name` is what the message calls the model; without
    one it begins with the weights. Their number becomes the attribute `random_weights`.
    """
    network, report = auto_class.from_pretrained(model, output_loading_info=True, **arguments)
    random = sorted({*report["missing_keys"], *(entry[0] for entry in report["mismatched_keys"])})
    if random and not allow_random:
        raise UserError((f"{name}: " if name else "") + _complaint(random))
    network.random_weights = len(random)
    return network


def of_harness(hflm: Any, *, allow_random: bool, quantised: Any = None) -> Any:
    """A subclass of the harness's HFLM that loads by `load`, and quantises as `quantised` says.

    HFLM itself passes the quantisation of the checkpoint's configuration on, and no other.
    """

    class Checked(hflm):  # type: ignore[misc]
        AUTO_MODEL_CLASS: Any

        def _create_model(self, *args: Any, quantization_config: Any = None, **kwargs: Any) -> None:
            auto_class = self.AUTO_MODEL_CLASS
            # HFLM compares the class later on, so that it is put back.
            self.AUTO_MODEL_CLASS = _Loader(auto_class, allow_random)
            try:
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    super()._create_model(*args, quantization_config=quantised or quantization_config, **kwargs)
            finally:
                self.AUTO_MODEL_CLASS = auto_class
            for warning in caught:
                # PEFT warns about weights of an adapter that its files lack.
                if "missing adapter keys" in str(warning.message) and not allow_random:
                    raise UserError(f"{kwargs.get('peft')}: {str(warning.message)[:200]}; {_WAY_OUT}")
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)

    return Checked


class _Loader:
    def __init__(self, auto_class: Any, allow_random: bool) -> None:
        self._auto_class, self._allow_random = auto_class, allow_random

    def from_pretrained(self, model: str, **arguments: Any) -> Any:
        return load(self._auto_class, model, allow_random=self._allow_random, **arguments)


_WAY_OUT = "use complete files, or go on with --allow-random-weights"


def _complaint(names: list[str]) -> str:
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"weights that its files lack would be random: {len(names)} ({shown}); {_WAY_OUT}"
