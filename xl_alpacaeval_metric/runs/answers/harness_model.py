"""The candidate as a model of lm-evaluation-harness: how it is loaded, and what its prompt is."""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.clients import endpoint_reply, harness_generation
from xl_alpacaeval_metric.clients.endpoints import requests as endpoint_requests
from xl_alpacaeval_metric.clients.local.device import best_device
from xl_alpacaeval_metric.errors import MissingExtra, UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.machine import hub_connection
from xl_alpacaeval_metric.models import adapter_base, checked_loading, quantization, source
from xl_alpacaeval_metric.models.arguments import ENDPOINTS
from xl_alpacaeval_metric.models.placement import HF
from xl_alpacaeval_metric.runs.answers import batch_size

PINNED = frozenset({*HF, "vllm"})
"""Backends that are given the commit of a model of the Hub."""
_NO_TEMPLATE = "has no chat template; for a base model give --no-chat-template"


def load(settings: Mapping[str, Any], resources: Mapping[str, Any]) -> Any:
    """The harness's model; by default on the best device there is.

    `settings` are those of run.json, `resources` the batch size, device and concurrency, and the
    arguments for several GPUs.
    """
    from lm_eval.api.registry import get_model

    arguments = {**resources["arguments"], **settings["model_args"]}
    backend = str(settings["backend"])
    model = str(settings["model"])
    size = resources["batch_size"]
    if str(size).startswith("auto"):
        size = batch_size.at_first(get_model(backend))
    extra = {"batch_size": size, "device": resources["device"]}
    loader = get_model(backend)
    if backend in ENDPOINTS:
        arguments = {"model": model, "num_concurrent": resources["concurrency"], **arguments}
        if "base_url" in arguments:
            arguments["base_url"] = endpoint_url(str(arguments["base_url"]), backend)
        extra["batch_size"] = 1
        by = arguments.get("tokenizer_backend", "huggingface") if backend == "local-completions" else None
        if by in ("auto", "huggingface") and not source.is_path(str(arguments.get("tokenizer") or model)):
            hub_connection.may_be_asked()
    else:
        of_adapter = adapter_arguments(model, backend, resources.get("base"))
        arguments = {"pretrained": os.path.expanduser(model), **of_adapter, **arguments}
        arguments = {**_revision(settings, arguments), **arguments}
        if backend in HF:
            if extra["device"] is None:  # The harness would assume CUDA.
                extra["device"] = best_device()
            arguments, quantised = quantization.split(arguments)
            allow_random = bool(resources.get("allow_random_weights"))
            loader = checked_loading.of_harness(loader, allow_random=allow_random, quantised=quantised)
    if arguments.get("pretrained", "").endswith(".gguf") and Path(arguments["pretrained"]).is_file():
        file = Path(arguments["pretrained"])
        arguments |= {"pretrained": str(file.parent), "gguf_file": file.name}
    # The thought is read from the whole reply, of which the harness would keep the end alone.
    arguments.pop("think_end_token", None)
    if arguments.get("enable_thinking") is True:
        # The harness takes this only together with think_end_token.
        arguments["chat_template_args"] = {
            **_template_arguments(arguments),
            "enable_thinking": arguments.pop("enable_thinking"),
        }
    lm = loader.create_from_arg_obj(arguments, extra)
    adjust(lm)
    return lm


def _revision(settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, object]:
    """The commit of the run, for a model of the Hub that is loaded at it.

    Not where an adapter or a tokenizer comes from the Hub, too: the harness takes the same revision
    for them.
    """
    commit = settings.get("model_commit")
    others = [str(arguments[name]) for name in ("peft", "delta", "tokenizer") if arguments.get(name)]
    if not commit or "revision" in arguments or settings["backend"] not in PINNED:
        return {}
    if any(not Path(os.path.expanduser(other)).exists() for other in others):
        return {}
    return {"revision": commit}


def _template_arguments(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    given = arguments.get("chat_template_args")
    return given if isinstance(given, dict) else {}


def adjust(lm: Any) -> None:
    """Have a model of the harness report an endpoint's thoughts, and keep to the length asked for.

    The harness reads nothing but the text from a reply. transformers prefers the max_new_tokens of
    the model's own generation settings to the harness's length, so it is removed there.
    """
    if type(lm).__module__ == "lm_eval.models.openai_completions":
        lm.parse_generations = endpoint_reply.parse_generations
        endpoint_requests.bound_replies(lm)
        endpoint_requests.use_key_header(lm)
    config: Any = getattr(getattr(lm, "model", None), "generation_config", None)
    if getattr(config, "max_new_tokens", None) is not None:
        config.max_new_tokens = None
    harness_generation.end_by_token(lm)


def adapter_arguments(model: str, backend: str, base: str | None = None) -> dict[str, object]:
    """The model arguments for a model that is only a PEFT adapter; empty for other models.

    `base` is a folder or Hub id in the place of the base model that the adapter names. Raises
    UserError if the base model does not exist, if `base` is given and there is no adapter, or if
    the backend takes none, and MissingExtra without peft.
    """
    folder = source.adapter_folder(model)
    if folder is None:
        if base is not None:
            raise UserError(f"--base {base}: {model} is no adapter ({source.ADAPTER} alone); leave out --base")
        return {}
    settings = jsonl.read_json(folder / source.ADAPTER)
    named = str(settings.get("base_model_name_or_path") or "")
    if fault := adapter_base.malformed(named if base is None else base):
        raise _unusable(folder, named, base, fault)
    arguments: dict[str, object] = {"pretrained": os.path.expanduser(base or named)}
    if (folder / "tokenizer_config.json").is_file():  # Its chat template may differ from the base's.
        arguments["tokenizer"] = str(folder)
    if backend == "vllm":
        return {**arguments, "lora_local_path": str(folder), "max_lora_rank": settings.get("r") or 16}
    if backend != "hf":
        raise UserError(f"{model}: holds an adapter, which goes with --backend hf or vllm; merge it for {backend}")
    if importlib.util.find_spec("peft") is None:
        raise MissingExtra("peft", "train")
    return {**arguments, "peft": str(folder)}


def check_base(model: str, base: str | None) -> None:
    """Raises UserError where the base model of an adapter is not to be had, or does not fit it.

    Asks the Hub about a base model that is no folder.
    """
    folder = source.adapter_folder(model)
    if folder is None:
        return
    named = source.base_of(folder) or ""
    if fault := adapter_base.unusable(named if base is None else base, folder):
        raise _unusable(folder, named, base, fault)


def _unusable(folder: Path, named: str, base: str | None, fault: str) -> UserError:
    if base is not None:
        return UserError(f"--base {base}: {fault}; give the folder or the Hub id of the adapter's base model")
    return UserError(
        f"{folder / source.ADAPTER}: its base model {named}: {fault}; give --base with its folder or Hub id"
    )


def check_template(model: str, backend: str, arguments: Mapping[str, object]) -> None:
    """Raises UserError where a model's tokenizer is known to have no chat template.

    `arguments` are those of its backend, with an adapter's. Loads the tokenizer alone, and that
    only where its files do not show a template.
    """
    name = str(arguments.get("tokenizer") or arguments.get("pretrained") or os.path.expanduser(model))
    if backend not in PINNED | {"sglang"} or "gguf_file" in arguments or name.endswith(".gguf"):
        return
    revision = str(arguments["revision"]) if arguments.get("revision") else None
    if source.chat_template_in(name, revision) is not False:
        return
    from transformers import AutoTokenizer

    given = {key: arguments[key] for key in ("subfolder", "trust_remote_code") if key in arguments}
    given = {"trust_remote_code": False, "local_files_only": not source.is_on_hub(name, revision), **given}
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, revision=revision, **given)
    except Exception:  # Of many classes; loading the model says best what is wrong.
        return
    if getattr(tokenizer, "chat_template", "") is None:
        raise UserError(f"{model} {_NO_TEMPLATE}")


def endpoint_url(base_url: str, backend: str) -> str:
    """The full URL that the harness needs, from a base URL as OpenAI's clients take it.

    http://host/v1 becomes http://host/v1/chat/completions or http://host/v1/completions.
    """
    if base_url.rstrip("/").endswith("completions"):
        return base_url
    return base_url.rstrip("/") + ("/chat/completions" if "chat" in backend else "/completions")


def is_chat_endpoint(settings: Mapping[str, Any]) -> bool:
    """Whether the backend is a server that applies its own chat template."""
    return "chat" in str(settings["backend"])


def prompt_of(
    lm: Any, instruction: str, settings: Mapping[str, Any], switch: Mapping[str, object] | None = None
) -> Any:
    """The instruction in the model's chat template; for a base model the instruction alone.

    `switch` holds variables of the template. Raises UserError for a model without a chat template
    that is not run as a base model.
    """
    if not settings["chat_template"] and not is_chat_endpoint(settings):
        return instruction
    tokenizer = getattr(lm, "tokenizer", None)
    if not is_chat_endpoint(settings) and getattr(tokenizer, "chat_template", "") is None:
        raise UserError(f"{settings['model']} {_NO_TEMPLATE}")
    turns = [{"role": "user", "content": instruction}]
    if switch and tokenizer is not None:
        given = {**_template_arguments(vars(lm)), **switch}
        return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **given)
    return lm.apply_chat_template(turns)


def prompt_key(prompt: Any) -> str:
    """The text of a prompt, which is wrapped in an object for chat endpoints."""
    return str(getattr(prompt, "prompt", prompt))
