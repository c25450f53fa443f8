"""The child process of a run: loads the model through lm-evaluation-harness, answers, and exits, freeing its memory.

`python -m xl_alpacaeval_metric.generate FOLDER MACHINE` reads run.json and rows.jsonl of the run folder and appends to
samples.jsonl. MACHINE is a JSON object of what does not change the answers: batch_size, device, concurrency. What it
has to say goes as JSON lines to its standard output; everything that libraries print goes to standard error, which the
parent keeps as generation.log.
"""

import importlib.util
import json
import logging
import os
import sys
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from xl_alpacaeval_metric.clients.local.device import best_device
from xl_alpacaeval_metric.errors import MissingExtra, UserError, first_line
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.runs import batch_size
from xl_alpacaeval_metric.runs import folder as run_folder

# Requests handed to the harness at a time. Most backends report each answer as it is made; for one that reports
# only at the end, this bounds what a kill loses.
SLICE = 512

NEARLY = 0.97
"""Of the tokens allowed: an answer of so many counts as cut off."""

ADAPTER = "adapter_config.json"

ENDPOINTS = {"openai-completions", "openai-chat-completions", "local-completions", "local-chat-completions"}


class AnswerHook:
    """Stands where the harness has its response cache: hears of each answer as soon as the backend has it."""

    def __init__(
        self,
        waiting: dict[str, list[Mapping[str, object]]],
        samples: TextIO,
        events: TextIO,
        done: int,
        is_cut: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.waiting, self.samples, self.events, self.done, self.is_cut = waiting, samples, events, done, is_cut

    def add_partial(self, _method: str, request: Sequence[Any], answer: object) -> None:
        """Write the answer under every row that was asked with this prompt."""
        prediction = answer if isinstance(answer, str) else ""
        made = {"prediction": prediction, **({"cut": True} if self.is_cut(prediction) else {})}
        for row in self.waiting.pop(prompt_key(request[0]), ()):
            self.samples.write(jsonl.json_line({**row, **made}))
            self.done += 1
        self.samples.flush()
        say(self.events, event="progress", done=self.done)


def main() -> int:
    """Run the child; exit code 0 when every row has an answer, else 2 after an event that says why."""
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        generate(Path(sys.argv[1]), json.loads(sys.argv[2]), events)
    except BrokenPipeError:
        return 2  # The parent is gone: whoever continues the run must be the only writer.
    except KeyboardInterrupt:
        return 130
    except UserError as error:
        say(events, event="error", message=str(error))
        return 2
    except Exception as error:  # Any backend may raise anything; the parent shows one line, the log has the rest.
        traceback.print_exc()
        name, line = type(error).__name__, first_line(error)
        say(events, event="error", message=name if line == name else f"{name}: {line}")
        return 2
    return 0


def generate(folder: Path, machine: Mapping[str, Any], events: TextIO) -> None:
    """Answer the rows that have no answer yet."""
    settings: dict[str, Any] = jsonl.read_json(folder / run_folder.RUN)["settings"]  # type: ignore[assignment]
    rows = list(jsonl.read_lines(folder / run_folder.ROWS))
    samples_file = folder / run_folder.SAMPLES
    done = {(row["id"], row["language"]) for row in jsonl.read_lines(samples_file)}
    waiting_rows = [row for row in rows if (row["id"], row["language"]) not in done]
    if not waiting_rows:
        return
    say(events, event="loading")
    lm = load_model(settings, machine)
    prompts = [prompt_of(lm, str(row["instruction"]), settings) for row in waiting_rows]
    waiting: dict[str, list[Mapping[str, object]]] = defaultdict(list)
    for row, prompt in zip(waiting_rows, prompts, strict=True):
        waiting[prompt_key(prompt)].append(row)
    if str(machine["batch_size"]).startswith("auto") and batch_size.is_of_transformers(type(lm)):
        longest = max(len(lm.tok_encode(prompt)) for prompt in prompts) + settings["max_tokens"]
        lm.batch_size_per_gpu = batch_size.size(lm, longest)
    at_once = getattr(lm, "batch_size_per_gpu", None)
    say(events, event="loaded", device=str(getattr(lm, "device", "") or ""), at_once=at_once, done=len(done))
    with jsonl.open_for_append(samples_file) as samples:
        lm.set_cache_hook(AnswerHook(waiting, samples, events, len(done), cut_test(lm, settings["max_tokens"])))
        distinct = {prompt_key(prompt): prompt for prompt in prompts}
        for start in range(0, len(distinct), SLICE):
            answer(lm, list(distinct.values())[start : start + SLICE], settings, waiting)


def answer(lm: Any, prompts: Sequence[Any], settings: Mapping[str, Any], waiting: Mapping[str, object]) -> None:
    """Have the harness answer these prompts; with half the batch where the GPU's memory is too small for it."""
    from lm_eval.api.instance import Instance

    arguments = {"until": [], "max_gen_toks": settings["max_tokens"], "do_sample": False, **settings["generation"]}
    while left := [prompt for prompt in prompts if prompt_key(prompt) in waiting]:
        instances = [Instance("generate_until", {}, (prompt, dict(arguments)), i) for i, prompt in enumerate(left)]
        try:
            answers = lm.generate_until(instances)
        except RuntimeError as error:
            size = getattr(lm, "batch_size_per_gpu", None)
            if "out of memory" not in str(error).lower() or not isinstance(size, int) or size <= 1:
                raise
            lm.batch_size_per_gpu = size // 2
            logging.getLogger(__name__).warning("out of memory: batch size %d -> %d", size, size // 2)
            continue
        for prompt, text in zip(left, answers, strict=True):
            # Not every backend tells the hook, and none does of an answer that is null, which counts as empty.
            if prompt_key(prompt) in waiting:
                lm.cache_hook.add_partial("generate_until", (prompt,), text or "")


def load_model(settings: Mapping[str, Any], machine: Mapping[str, Any]) -> Any:
    """The harness's model, on the device given or the best one it finds."""
    from lm_eval.api.registry import get_model

    arguments = dict(settings["model_args"])
    backend = str(settings["backend"])
    model = str(settings["model"])
    size = machine["batch_size"]
    if str(size).startswith("auto"):
        size = batch_size.at_first(get_model(backend))
    extra = {"batch_size": size, "device": machine["device"]}
    if backend in ENDPOINTS:
        arguments = {"model": model, "num_concurrent": machine["concurrency"], **arguments}
        if "base_url" in arguments:
            arguments["base_url"] = endpoint_url(str(arguments["base_url"]), backend)
        extra["batch_size"] = 1
    else:
        arguments = {"pretrained": os.path.expanduser(model), **adapter_arguments(model, backend), **arguments}
        if backend == "hf" and extra["device"] is None:
            # The harness takes CUDA for granted where it is told nothing.
            extra["device"] = best_device()
    if arguments.get("pretrained", "").endswith(".gguf") and Path(arguments["pretrained"]).is_file():
        file = Path(arguments["pretrained"])
        arguments |= {"pretrained": str(file.parent), "gguf_file": file.name}
    return get_model(backend).create_from_arg_obj(arguments, extra)


def adapter_arguments(model: str, backend: str) -> dict[str, object]:
    """What the backend needs for a folder that holds a PEFT adapter alone; empty for other models.

    Raises UserError where the adapter's base is not there or the backend takes no adapter, MissingExtra without peft.
    """
    folder = Path(os.path.expanduser(model))
    if not (folder / ADAPTER).is_file() or (folder / "config.json").is_file():
        return {}
    settings = jsonl.read_json(folder / ADAPTER)
    base = str(settings.get("base_model_name_or_path") or "")
    if not base or (base.startswith((".", "/")) and not Path(base).is_dir()):
        raise UserError(
            f"{folder / ADAPTER}: its base model {base or 'has no name'} is not there; merge the adapter instead"
        )
    arguments: dict[str, object] = {"pretrained": base}
    if (folder / "tokenizer_config.json").is_file():  # Its chat template may be another than the base's.
        arguments["tokenizer"] = str(folder)
    if backend == "vllm":
        return {**arguments, "lora_local_path": str(folder), "max_lora_rank": settings.get("r") or 16}
    if backend != "hf":
        raise UserError(f"{model}: holds an adapter, which goes with --backend hf or vllm; merge it for {backend}")
    if importlib.util.find_spec("peft") is None:
        raise MissingExtra("peft", "train")
    return {**arguments, "peft": str(folder)}


def endpoint_url(base_url: str, backend: str) -> str:
    """The full address the harness wants, from a base URL as OpenAI's clients take it (http://host/v1)."""
    if base_url.rstrip("/").endswith("completions"):
        return base_url
    return base_url.rstrip("/") + ("/chat/completions" if "chat" in backend else "/completions")


def prompt_of(lm: Any, instruction: str, settings: Mapping[str, Any]) -> Any:
    """The prompt as the model wants it: through its chat template, or the bare instruction for a base model."""
    chat_endpoint = "chat" in str(settings["backend"])
    if not settings["chat_template"] and not chat_endpoint:
        return instruction
    tokenizer = getattr(lm, "tokenizer", None)
    if not chat_endpoint and getattr(tokenizer, "chat_template", "") is None:
        raise UserError(f"{settings['model']} has no chat template; for a base model give --no-chat-template")
    return lm.apply_chat_template([{"role": "user", "content": instruction}])


def prompt_key(prompt: Any) -> str:
    """The text of a prompt, which for chat endpoints is wrapped."""
    return str(getattr(prompt, "prompt", prompt))


def cut_test(lm: Any, max_tokens: int) -> Callable[[str], bool]:
    """Whether an answer is as long as `max_tokens` allows; never, for a backend that has no tokenizer here.

    The harness hands out texts alone, and a text may have a few tokens less than it was made with.
    """
    tokenizer = getattr(lm, "tokenizer", None)
    if not callable(tokenizer):
        return lambda _: False

    def is_cut(text: str) -> bool:
        whole = text.encode("utf-8", "replace").decode()  # An endpoint may send half a character.
        return len(tokenizer(whole, add_special_tokens=False)["input_ids"]) >= NEARLY * max_tokens

    return is_cut


def say(events: TextIO, **event: object) -> None:
    """Tell the parent."""
    events.write(json.dumps(event) + "\n")
    events.flush()


if __name__ == "__main__":
    sys.exit(main())
