"""The settings of a sweep's parts: its models, benchmarks and judges, and how all are judged.

A setting that is None is left to the command `eval`, whose options they are named after.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xl_alpacaeval_metric.settings.fields import setting, settings_of

EXECUTORS = ("local", "ray", "slurm")


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """A model to evaluate, and how it answers; `name` is that of its run folders."""

    model: str = setting("Hub id, folder, .gguf file, or an endpoint's model name", metavar="MODEL")
    name: str = setting("Of its run folders", default="", default_text="the last part of the model's")
    backend: str | None = setting("A model type of lm-evaluation-harness, or auto", default=None)
    model_args: Mapping[str, Any] = setting("Passed to the backend", default={})
    base: str | None = setting("Of an adapter: its base model, where that is not as the adapter says", default=None)
    chat_template: bool | None = setting("Whether prompts go through the chat template", default=None)
    max_tokens: int | None = setting("Length of an answer, at most", default=None, at_least=1)
    thinking: str | None = setting("Thought before the answer", default=None, choices=("auto", "on", "off"))
    thinking_tokens: int | None = setting("Room for the thought", default=None, at_least=0)
    generation_kwargs: Mapping[str, Any] = setting("Sampling", default={})
    batch_size: str | None = setting("Answers generated at a time, or auto", default=None)
    device: str | None = setting("cuda, cuda:1, mps, cpu", default=None)
    concurrency: int | None = setting("Requests in flight at an endpoint, at most", default=None, at_least=1)
    gpus: str | None = setting("GPUs for the model, or auto", default=None)
    allow_random_weights: bool | None = setting("Go on where weights are missing", default=None)


@dataclass(frozen=True, slots=True)
class BenchmarkSettings:
    """A benchmark, which of its rows are answered, and what the answers are compared with."""

    benchmark: str = setting("xl, m, en, mini, context, or rows of your own", metavar="NAME|FILE|FOLDER|HUB_ID")
    languages: tuple[str, ...] = setting("Response languages", default=(), default_text="the sweep's")
    limit: int | None = setting("The first N instructions a language", default=None, at_least=1)
    benchmark_path: str | None = setting("Local copy of the benchmark's Hub files", default=None)
    exclusion: str | None = setting("Which requests are left out", default=None, choices=("strict", "broad"))
    reference: str | None = setting("References: a file, or a run whose answers they are", default=None)


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """A judge: its model, where it is, and what it gets."""

    judge: str = setting("openai/MODEL, hf/ORG/MODEL, hf/./folder, vllm/..., sglang/...", metavar="SPEC")
    base_url: str | None = setting("An OpenAI-compatible endpoint", default=None)
    args: Mapping[str, Any] = setting("Passed to the judge's backend", default={})
    thinking: str | None = setting("Thought before the verdict", default=None, choices=("auto", "on", "off"))
    thinking_tokens: int | None = setting("Room for the thought", default=None, at_least=1)
    device: str | None = setting("cuda, cuda:1, mps, cpu", default=None)
    concurrency: int | None = setting("Requests in flight at an endpoint, at most", default=None, at_least=1)
    gpus: str | None = setting("GPUs for a judge that is loaded here, or auto", default=None)
    allow_random_weights: bool | None = setting("Go on where weights are missing", default=None)

    @property
    def is_endpoint(self) -> bool:
        """Whether it is asked at an address, and not loaded."""
        return self.judge.startswith("openai/")


@dataclass(frozen=True, slots=True)
class JudgingSettings:
    """How the answers are judged, by every judge."""

    seed: int | None = setting("Of orders and phrasings", default=None)
    both_orders: bool | None = setting("Of the two answers", default=None)
    judge_prompt: str | None = setting("A prompt of your own for the judge", default=None)
    judge_votes: int | None = setting("Ask each question N times", default=None, at_least=1)
    judge_check: bool | None = setting("Check the judge first", default=None)
    criteria: bool | None = setting("Rate each answer, too", default=None)
    criteria_file: str | None = setting("Rate by the criteria in this file", default=None)
    assume_gpt4_taste: bool | None = setting("Control length by GPT-4's taste", default=None)
    cache: str | None = setting("A file for the judges' replies", default=None)


@dataclass(frozen=True, slots=True)
class PlaceSettings:
    """Where the work is done, and where its results go."""

    output: str = setting("Folder of the run folders, rankings and pages", metavar="FOLDER")
    executor: str = setting("Where the tasks run", default="local", choices=EXECUTORS)
    workers: int = setting("Models that answer at a time, where their GPUs are free", default=1, at_least=1)
    ray_address: str = setting("Of a Ray cluster", default="")
    slurm: Mapping[str, Any] = setting("Options of sbatch, and `setup`: lines before the command", default={})


def as_text(record: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as texts where texts are needed: `batch_size: 8`, and `thinking: on`.

    YAML reads these as a number and as true.
    """
    texts = {name: one.about.choices for name, one in settings_of(record).items() if one.kind is str}

    def text(key: str, value: Any) -> Any:
        if isinstance(value, bool) and "on" in texts.get(key, ()):
            return "on" if value else "off"
        return str(value) if key in texts and type(value) is int else value

    return {key: text(key, value) for key, value in given.items()}
