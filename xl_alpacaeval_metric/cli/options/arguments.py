"""Options for the model that is evaluated, how it is loaded and answers; `k=v,k=v` in one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xl_alpacaeval_metric.errors import UserError

if TYPE_CHECKING:
    from xl_alpacaeval_metric.runs.answers.candidate import Candidate

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Hub id, folder, .gguf file, or an endpoint's model name")]
Backend = Annotated[
    str,
    typer.Option(
        help="A model type of lm-evaluation-harness: hf, vllm, sglang, local-chat-completions, ...; "
        "auto: an endpoint if --model-args has a base_url, vllm where it and a GPU are, else hf"
    ),
]
ModelArgs = Annotated[
    str, typer.Option(metavar="K=V,...", help="Passed to the backend, e.g. dtype=bfloat16 or base_url=http://host/v1")
]
Base = Annotated[
    str | None,
    typer.Option(metavar="FOLDER|HUB_ID", help="Of an adapter: its base model, where that is not as the adapter says"),
]
ChatTemplate = Annotated[bool, typer.Option("--chat-template/--no-chat-template", help="Off for base models")]
MaxTokens = Annotated[int, typer.Option(min=1, help="Length of an answer, at most")]
Thinking = Annotated[
    str, typer.Option(metavar="auto|on|off", help="Thought before the answer, through the chat template's switch")
]
ThinkingTokens = Annotated[
    int | None,
    typer.Option(
        min=0, metavar="N", help="Room for the thought, beside --max-tokens  [default: 4096 where the model thinks]"
    ),
]
GenerationKwargs = Annotated[
    str, typer.Option("--generation-kwargs", metavar="K=V,...", help="Sampling, e.g. do_sample=true,temperature=0.7")
]
BatchSize = Annotated[
    str,
    typer.Option(metavar="N|auto", help="Answers generated at a time; auto: up to 128, as fits the GPU; 8 without one"),
]
Gpus = Annotated[
    str,
    typer.Option(
        metavar="N|auto",
        help="GPUs for the model, and then for the judge: copies of a small model, one large model over several",
    ),
]
AllowRandomWeights = Annotated[
    bool,
    typer.Option("--allow-random-weights", help="Go on where a model's files lack weights, which are random then"),
]
RetryRefused = Annotated[
    bool,
    typer.Option("--retry-refused", help="Ask again the prompts that an endpoint refused, or did not answer by policy"),
]


def arguments(text: str) -> dict[str, Any]:
    """`k=v,k=v` as a dictionary, its values as text, numbers or booleans.

    Raises UserError for a part of another form, and for a key that is there twice.
    """
    from xl_alpacaeval_metric.files import yaml_file

    found: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise UserError(f"argument {part!r} is not of the form key=value")
        if key.strip() in found:
            raise UserError(f"argument {key.strip()!r} is given twice; give it once")
        try:
            # YAML reads 10:00:00 as 36,000.
            parsed = value if ":" in value else yaml_file.parse(value) if value else ""
        except yaml_file.NotYaml:  # Such as "[" and 2024-13-45, which are text here.
            parsed = value
        found[key.strip()] = parsed if isinstance(parsed, str | int | float | bool) else value
    return found


def candidate(given: Mapping[str, Any]) -> "Candidate":
    """The candidate that options of `eval` describe, by their names; raises UserError."""
    from xl_alpacaeval_metric.runs.answers.candidate import Candidate, with_backend

    same = (
        *("model", "backend", "base", "chat_template", "max_tokens", "thinking", "thinking_tokens"),
        *("batch_size", "device", "concurrency", "gpus", "allow_random_weights", "retry_refused"),
    )
    texts: dict[str, Any] = {"model_args": arguments(given["model_args"]), "generation": arguments(given["generation"])}
    return with_backend(Candidate(**{name: given[name] for name in same}, **texts), given["output"])
