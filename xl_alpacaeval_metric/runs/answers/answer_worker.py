"""The child process of a run: loads the model, generates the missing answers, and exits.

Its exit frees the GPU memory for the judge. `generation.py` starts it with two arguments: the run
folder, whose run.json and rows.jsonl it reads and to whose samples.jsonl it appends; and a JSON
object with the settings that are not in run.json, because they do not change the answers:
batch_size, device, concurrency, arguments (of the backend, for several GPUs), and share: [k, n] for
the k-th of n processes, each of which answers every n-th row that is left. Several append to a file
each (see `parts.part`).

It writes events as JSON lines to its standard output (see `main`). Everything that libraries print
goes to standard error, which the parent keeps as generation.log.
"""

import json
import logging
import os
import sys
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from xl_alpacaeval_metric.clients import harness_generation
from xl_alpacaeval_metric.clients.endpoint_reply import EndpointReply
from xl_alpacaeval_metric.clients.endpoints import thinking as endpoint_thinking
from xl_alpacaeval_metric.clients.endpoints.refusals import shortest
from xl_alpacaeval_metric.clients.endpoints.thinking import PROBE_TOKENS
from xl_alpacaeval_metric.errors import UserError, first_line
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.models import facts
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import parts
from xl_alpacaeval_metric.runs.answers import batch_size, harness_model
from xl_alpacaeval_metric.runs.answers.harness_model import prompt_key
from xl_alpacaeval_metric.runs.answers.thoughts import DEFAULT_TOKENS, Answer, Thoughts

SLICE = 512
"""Prompts given at a time to a backend that reports its answers at the end: a kill loses at most so
many."""


class AnswerHook:
    """Writes each answer to samples.jsonl as soon as the backend has it.

    It takes the place of the harness's response cache. `waiting` holds the rows without an answer
    by their prompt's key.
    """

    def __init__(
        self,
        waiting: dict[str, list[Mapping[str, object]]],
        samples: TextIO,
        events: TextIO,
        read: Callable[[str, str], Answer] = lambda _, reply: Answer(reply),
    ) -> None:
        """`read` takes a prompt and the reply to it apart into answer and thought."""
        self.waiting, self.samples, self.events, self.read = waiting, samples, events, read
        self.answered = 0

    def add_partial(self, _method: str, request: Sequence[Any], answer: object) -> None:
        """Write the answer under every row with this prompt."""
        key = prompt_key(request[0])
        rows = self.waiting.pop(key, ())
        if rows:
            new = self.read(key, answer if isinstance(answer, str) else "").columns
        for row in rows:
            self.samples.write(jsonl.json_line({**row, **new}))
            self.answered += 1
        self.samples.flush()
        say(self.events, event="progress", answered=self.answered)


class _Warnings(logging.Handler):
    """Sends warnings of ours to the parent, for the user."""

    def __init__(self, events: TextIO) -> None:
        super().__init__(logging.WARNING)
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        say(self._events, event="warning", message=record.getMessage())


def main() -> int:
    """Run the child; returns exit code 0 if every row has an answer, else 2 after an error event.

    Events: `loading`; `loaded` (device, at_once, model); `progress` (answered); `warning` and
    `error` (message).
    """
    events = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    logging.basicConfig(format="%(message)s")  # To standard error, which is the log.
    logging.getLogger(__name__.partition(".")[0]).addHandler(_Warnings(events))
    try:
        generate(Path(sys.argv[1]), json.loads(sys.argv[2]), events)
    except BrokenPipeError:
        return 2  # The parent has died. Another process that continues the run must be the only writer.
    except KeyboardInterrupt:
        return 130
    except UserError as error:
        say(events, event="error", message=str(error))
        return 2
    except Exception as error:  # A backend may raise anything. The parent shows one line, the log has the rest.
        traceback.print_exc()
        name, line = type(error).__name__, first_line(error)
        say(events, event="error", message=name if line == name else f"{name}: {line}")
        return 2
    return 0


def generate(folder: Path, resources: Mapping[str, Any], events: TextIO) -> None:
    """Generate answers for the rows that have none yet."""
    run: dict[str, Any] = jsonl.read_json(folder / run_folder.RUN)
    settings: dict[str, Any] = run["settings"]
    rows = list(jsonl.read_lines(folder / run_folder.ROWS))
    samples_file = folder / run_folder.SAMPLES
    done = {(row["id"], row["language"]) for row in jsonl.read_lines(samples_file)}
    copy, copies = resources["share"]
    waiting_rows = [row for row in rows if (row["id"], row["language"]) not in done][copy::copies]
    if not waiting_rows:
        return
    say(events, event="loading")
    lm = harness_model.load(settings, resources)
    found = facts.facts(lm)
    facts.check_same(found, run.get(run_folder.MODEL) or {})
    mode, max_tokens = str(settings.get("thinking", "auto")), int(settings["max_tokens"])
    thoughts = Thoughts.of(lm, settings["model_args"].get("think_end_token"))
    thoughts.keep_marks(lm)
    is_endpoint = harness_model.is_chat_endpoint(settings)
    switch = {} if is_endpoint or not settings["chat_template"] else thoughts.arguments(mode)
    prompts = [harness_model.prompt_of(lm, str(row["instruction"]), settings, switch) for row in waiting_rows]
    waiting: dict[str, list[Mapping[str, object]]] = defaultdict(list)
    for row, prompt in zip(waiting_rows, prompts, strict=True):
        waiting[prompt_key(prompt)].append(row)
    arguments = {
        "until": [],
        "do_sample": False,
        **settings["generation"],
    }
    short = prompts[:1]
    if (refusals := vars(lm).get("refusals")) is not None:
        # Also those that were answered before.
        every = (harness_model.prompt_of(lm, str(row["instruction"]), settings) for row in rows)
        short = refusals.prompts = shortest(every)
    if is_endpoint and mode != "auto":
        own_template = not str(settings["backend"]).startswith("openai")
        found_switch = endpoint_thinking.switch_for(lm, short, arguments, mode, own_template=own_template)
        arguments = {**found_switch, **arguments}
    longest = max(len(lm.tok_encode(prompt)) for prompt in prompts) if thoughts.tokenizer is not None else 0
    if is_endpoint:
        room = endpoint_room(lm, short, arguments, settings)
    else:
        window = getattr(lm, "max_length", None)
        left = window - longest - max_tokens if isinstance(window, int) and thoughts.tokenizer is not None else None
        room = thoughts.room(mode, settings.get("thinking_tokens"), prompt_key(prompts[0]), left)
    arguments["max_gen_toks"] = max_tokens + room
    if str(resources["batch_size"]).startswith("auto") and batch_size.is_of_transformers(type(lm)):
        lm.batch_size_per_gpu = batch_size.size(lm, longest + max_tokens + room)
    at_once = getattr(lm, "batch_size_per_gpu", None)
    say(events, event="loaded", device=str(getattr(lm, "device", "") or ""), at_once=at_once, model=found)

    def read(prompt: str, reply: str) -> Answer:
        return thoughts.read(prompt, reply, max_tokens, room)

    own_file = samples_file if copies == 1 else folder / parts.part(copy)
    with jsonl.open_for_append(own_file) as samples:
        lm.set_cache_hook(AnswerHook(waiting, samples, events, read))
        distinct = {prompt_key(prompt): prompt for prompt in prompts}
        until = arguments["until"] if isinstance(arguments["until"], list) else [str(arguments["until"])]
        size = len(distinct) if harness_generation.reports_each(lm, list(distinct.values()), until) else SLICE
        for start in range(0, len(distinct), size):
            answer(lm, list(distinct.values())[start : start + size], arguments, waiting)


def endpoint_room(lm: Any, prompts: Sequence[Any], arguments: Mapping[str, Any], settings: Mapping[str, Any]) -> int:
    """Tokens for a thought behind an endpoint: one short request shows whether its model thinks.

    Another of the `prompts` is taken where one is refused.
    """
    if settings.get("thinking") == "off":
        return 0
    if settings.get("thinking_tokens") is not None:
        return int(settings["thinking_tokens"])
    if settings.get("thinking") == "on":
        return DEFAULT_TOKENS
    reply = ""
    for prompt in prompts:
        (reply,) = generated(lm, [prompt], {**arguments, "max_gen_toks": PROBE_TOKENS})
        if not (isinstance(reply, EndpointReply) and (reply.refused or reply.filtered)):
            break
    found = Thoughts.of(None).read("", reply or "", PROBE_TOKENS, 0)
    return DEFAULT_TOKENS if found.thinking or found.thinking_tokens or found.unfinished else 0


def generated(lm: Any, prompts: Sequence[Any], arguments: Mapping[str, Any]) -> list[Any]:
    """The harness's replies to these prompts."""
    from lm_eval.api.instance import Instance

    return list(
        lm.generate_until(
            [Instance("generate_until", {}, (prompt, dict(arguments)), i) for i, prompt in enumerate(prompts)]
        )
    )


def answer(lm: Any, prompts: Sequence[Any], arguments: Mapping[str, Any], waiting: Mapping[str, object]) -> None:
    """Have the harness answer these prompts; halves the batch size when GPU memory runs out."""
    while left := [prompt for prompt in prompts if prompt_key(prompt) in waiting]:
        try:
            answers = generated(lm, left, arguments)
        except RuntimeError as error:
            size = getattr(lm, "batch_size_per_gpu", None)
            if "out of memory" not in str(error).lower() or not isinstance(size, int) or size <= 1:
                raise
            lm.batch_size_per_gpu = size // 2
            logging.getLogger(__name__).warning("out of memory: batch size %d -> %d", size, size // 2)
            continue
        for prompt, text in zip(left, answers, strict=True):
            # Some backends never call the hook, and none does for an answer that is null, which
            # counts as empty.
            if prompt_key(prompt) in waiting:
                lm.cache_hook.add_partial("generate_until", (prompt,), text or "")


def say(events: TextIO, **event: object) -> None:
    """Send an event to the parent."""
    events.write(jsonl.json_line(event))
    events.flush()
