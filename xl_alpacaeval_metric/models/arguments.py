"""A backend's arguments, held against what it takes, before anything is loaded."""

import ast
import re
from collections.abc import Mapping
from difflib import get_close_matches

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import quantization, signatures
from xl_alpacaeval_metric.models.placement import HF
from xl_alpacaeval_metric.models.source import Source

ENDPOINTS = frozenset({"openai-completions", "openai-chat-completions", "local-completions", "local-chat-completions"})
"""Backends that send requests to a server."""
_ENGINES = {"vllm": ("vllm.engine.arg_utils", "EngineArgs"), "sglang": ("sglang.srt.server_args", "ServerArgs")}
"""Backends that hand arguments on to an engine, and the class with its fields."""
_MORE: Mapping[str, tuple[str, ...]] = {
    # Taken from the keywords in places that the source of from_pretrained does not show.
    "hf": ("attn_implementation", "experts_implementation", "low_cpu_mem_usage", "use_auth_token", "torch_dtype"),
    "sglang": ("enable_thinking", "chat_template_args"),
}
_ELSEWHERE = {
    "pretrained": "MODEL",
    "model": "MODEL",
    "batch_size": "--batch-size",
    "device": "--device",
    "max_gen_toks": "--max-tokens",
}
"""Arguments of the harness that an option of the command line stands for."""
_DTYPE = re.compile(r"(torch\.)?(auto|b?float16|float32|float64|half|float|double|float8_\w+)")


def check(backend: str, arguments: Mapping[str, object], source: Source, what: str = "--model-args") -> None:
    """Check the names of a backend's arguments, and their types where the backend states them.

    `what` is the option that they came from. Backends whose arguments are not known take any.
    Raises UserError.
    """
    known = _known(backend)
    if not known:
        return
    ours = what == "--model-args"
    taker = f"--backend {backend}" if ours else f"{backend}/"
    for name, value in arguments.items():
        if ours and name in _ELSEWHERE and name in known:
            raise UserError(f"{what} {name}: {_ELSEWHERE[name]} says that here; leave {name} out")
        if name not in known and name not in _further(backend, source):
            if name == "base_url":
                raise UserError(f"{what} base_url goes with --backend local-chat-completions, not with {taker}")
            if name in quantization.NAMES:
                hint = "; vLLM takes quantization=bitsandbytes" if backend == "vllm" else ""
                raise UserError(f"{what} {name} goes with --backend hf{hint}")
            close = get_close_matches(name, [*known, *_further(backend, source)], 1)
            instead = f"did you mean {close[0]}?" if close else f"it takes {_some(known)}"
            raise UserError(f"{what} {name} is unknown to {taker}; {instead}")
        if complaint := _wrong(name, value, known.get(name, "")):
            raise UserError(f"{what} {name}={value}: {complaint}")
    if backend in ENDPOINTS:
        _check_address(backend, arguments, what)


def unknown(backend: str, arguments: Mapping[str, object]) -> list[str]:
    """The names that a backend does not take; empty for one whose arguments are not known."""
    known = _known(backend)
    return [name for name in arguments if known and name not in known]


def _known(backend: str) -> Mapping[str, str]:
    from lm_eval.models import MODEL_MAPPING

    if backend not in HF | ENDPOINTS | _ENGINES.keys():
        return {}
    module, _, name = str(MODEL_MAPPING[backend]).partition(":")
    own = dict(signatures.of_class(module, name))
    if not own:
        return {}
    if backend in _ENGINES:
        engine = signatures.of_fields(*_ENGINES[backend])
        if not engine:  # Not installed, or arranged otherwise in this version.
            return {}
        # The harness takes texts for numbers; the engine's own types are its own matter.
        own = {**dict.fromkeys(engine, ""), **own}
    return {**own, **dict.fromkeys(_MORE.get("hf" if backend in HF else backend, ()), "")}


def _further(backend: str, source: Source) -> frozenset[str]:
    """What a model of transformers takes beside the harness's own arguments.

    Those of from_pretrained and of bitsandbytes, and the keys of the model's configuration.
    """
    if backend not in HF:
        return frozenset()
    loading = signatures.of_keywords("transformers.modeling_utils", "from_pretrained")
    return frozenset(
        [*loading, *quantization.NAMES, *source.config, *_config_keys(str(source.config.get("model_type")))]
    )


def _config_keys(model_type: str) -> frozenset[str]:
    from transformers import AutoConfig

    try:
        return frozenset(AutoConfig.for_model(model_type).to_dict())
    except (ValueError, KeyError, TypeError):  # A model with code of its own.
        return frozenset()


def _wrong(name: str, value: object, annotation: str) -> str:
    """What is wrong with a value; "" where nothing is known to be."""
    if name in ("dtype", "torch_dtype", "bnb_4bit_compute_dtype"):
        good = isinstance(value, str) and _DTYPE.fullmatch(value)
        return "" if good else "need auto, bfloat16, float16 or float32"
    choices = _choices(annotation)
    kinds = set(re.findall(r"\b(int|float|bool|str|dict|Path\w*|Any)\b", re.sub(r"Literal\[[^]]*\]", "", annotation)))
    if choices and not kinds and value not in choices:
        return f"need one of {', '.join(map(str, choices))}"
    if not kinds or kinds - {"int", "float", "bool"}:
        return ""
    if isinstance(value, bool):
        return "" if "bool" in kinds else "need a number"
    try:
        number = float(str(value))
    except ValueError:
        return "need true or false" if kinds == {"bool"} else "need a number"
    if kinds == {"bool"}:
        return "" if number in (0, 1) else "need true or false"
    return "" if "float" in kinds or number.is_integer() else "need a whole number"


def _choices(annotation: str) -> list[object]:
    found = re.search(r"Literal(\[[^]]*\])", annotation)
    return list(ast.literal_eval(found[1])) if found else []


def _check_address(backend: str, arguments: Mapping[str, object], what: str) -> None:
    address = arguments.get("base_url")
    if address is None and backend.startswith("local"):
        raise UserError(f"--backend {backend} needs the server's address: {what} base_url=http://HOST:PORT/v1")
    if address is not None and not re.match(r"https?://[^/\s]", str(address)):
        raise UserError(f"{what} base_url={address}: is no address; need http://HOST:PORT/v1")


def _some(names: Mapping[str, str]) -> str:
    listed = sorted(name for name in names if name not in _ELSEWHERE and not name.startswith("_"))
    return ", ".join(listed[:12]) + (", ..." if len(listed) > 12 else "")
