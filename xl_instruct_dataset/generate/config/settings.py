"""The settings of a generation job: what is generated, by which models, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.settings.fields import Option, setting
from xl_alpacaeval_metric.slurm import options as slurm_options
from xl_instruct_dataset.generate.config import form_of_address, server_arguments

BACKENDS = ("openai", "vllm", "sglang")
PER_LANGUAGE = 1000
MAX_CANDIDATES = 26
"""A judge selects among candidates by a letter."""

_URL = "An endpoint (default OPENAI_BASE_URL)"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a job depends on. Temperatures and lengths are this project's choices.

    `seeds` has passages in language `source`. `teacher` writes instructions and answers,
    `translators` make `candidates` translations of each answer, `judge` scores answers and, with
    `select` "judge", selects translations. `translator_temperatures` go to the candidates in turn.
    `base_urls` maps roles to addresses; that of the translator may hold one for each translator,
        gpus = slurm_options.site(self.slurm).gpus or self.gpus
        translated = [target for target in targets if target != source]
        forms = form_of_address.checked(self.form_of_address, translated)
        return replace(self, source=source, targets=targets, form_of_address=forms, gpus=gpus)
    """

    seeds: str = setting("Passages, e.g. uonlp/CulturaX", metavar="FILE|FOLDER|HUB_ID|sample")
    targets: tuple[str, ...] = setting("Response languages", metavar="fi,ga,...")
    teacher: str = setting("Writes instructions and answers: openai/MODEL, vllm/...", metavar="SPEC")
    translators: tuple[str, ...] = setting(
        "Translates; several share the candidates",
        default=(),
        option="translator",
        metavar="SPEC,...",
        default_text="the teacher",
    )
    translator_temperatures: tuple[float, ...] = setting(
        "Of the candidates in turn",
        default=(),
        option="translator_temperature",
        metavar="X,...",
        default_text="--temperature",
        at_least=0,
        at_most=2,
    )
    judge: str = setting("Scores, and selects; none: nobody", default="", metavar="SPEC", default_text="the teacher")
    base_urls: Mapping[str, str] = setting(
        "Addresses of the models by role",
        default={},
        affects_result=False,
        options=(
            Option("teacher_base_url", "URL", _URL, "teacher"),
            Option("translator_base_url", "URL,...", "One, or one a translator", "translator"),
            Option("judge_base_url", "URL", _URL, "judge"),
        ),
    )
    form_of_address: Mapping[str, Any] = setting(
        "Of the translations, by target: formal or informal", default={}, metavar="de=formal,..."
    )
    per_language: int | None = setting(
        "Rows wanted in each language", default=None, at_least=1, default_text=str(PER_LANGUAGE)
    )
    passages: int = setting("Passages that go in", default=0, at_least=0, default_text="a quarter more")
    candidates: int = setting("Translations of each response", default=3, at_least=1, at_most=MAX_CANDIDATES)
    select: str = setting(
        "What the best of them is selected by", default="chrf", choices=("chrf", "judge", "cometkiwi")
    )
    min_score: float | None = setting(
        "Mean score to keep",
        default=None,
        at_least=1,
        at_most=5,
        default_text="4, or none with --keep-best",
    )
    keep_best: int = setting(
        "Keep the K best-scored answers alone", default=0, at_least=0, metavar="K", default_text="all"
    )
    min_words: int = setting("Words of a passage, at least", default=60, at_least=1)
    max_words: int = setting("At most: longer ones are cut at a paragraph or sentence", default=400, at_least=1)
    source: str = setting("Language of passages and instructions", default="en", metavar="CODE")
    seed_column: str = setting("Column with the passage", default="text")
    seed_config: str = setting("Configuration of the Hub dataset, e.g. en", default="")
    seed_split: str = setting("Split of the Hub dataset", default="train")
    seed_license: str = setting(
        "Licence of the passages, such as cc-by-4.0: an open one keeps them in the rows", default="unknown"
    )
    license: str = setting("Licence of the result, for its card", default="unknown")
    benchmarks: tuple[str, ...] = setting(
        "Benchmarks that no row may overlap with",
        default=("all",),
        option="benchmark",
        metavar="mini,xl,...",
        default_text="all that can be loaded",
    )
    benchmark_path: str = setting("As for xl-alpacaeval", default="", affects_result=False)
    temperature: float = setting("Of teacher and translators", default=0.7, at_least=0, at_most=2)
    max_tokens: int = setting("Length of a response, at most", default=1024, at_least=1)
    reasoning_tokens: int = setting("Room for thoughts before each reply, for models that think", default=0, at_least=0)
    concurrency: int = setting("Requests in flight, at most", default=64, at_least=1, affects_result=False)
    timeout: float = setting("Seconds for an attempt of a request", default=600.0, above=0, affects_result=False)
    executor: str = setting(
        "Where the tasks run", default="local", choices=("local", "ray", "slurm"), affects_result=False
    )
    workers: int = setting("Tasks at a time", default=1, at_least=1, affects_result=False)
    shard: int = setting("Passages a task", default=1000, at_least=1)
    gpus: int = setting("GPUs of a server of vllm/... or sglang/...", default=1, at_least=1, affects_result=False)
    server_args: Mapping[str, Any] = setting(
        "Of a server of vllm/... or sglang/..., e.g. max_model_len=4096", default={}, affects_result=False
    )
    ray_address: str = setting("A cluster's address", default="", default_text="a local one", affects_result=False)
    slurm: Mapping[str, Any] = setting(
        "Options of sbatch, e.g. account=ab12,partition=gpu,time=10:00:00,gpus=4; beside them setup, launcher, python, "
        "and cpu.NAME for jobs without GPUs",
        default={},
        affects_result=False,
        parse=slurm_options.parse,
    )
    comet_python: str = setting(
        "Python of an environment with unbabel-comet", default="", metavar="PATH", affects_result=False
    )
    comet_model: str = setting(
        "COMET model for --select cometkiwi", default="Unbabel/wmt22-cometkiwi-da", file_only=True
    )
    seed: int = setting("Decides the phrasing of language instructions, and orders", default=0)
    output: str = setting("The Hub folder; the work folder lies beside it", default="xl-instruct", affects_result=False)

    @property
    def wanted_passages(self) -> int:
        """How many seeds go in."""
        return self.passages or -(-5 * self.most_rows // 4)

    @property
    def most_rows(self) -> int:
        """How many rows of a language are kept: what --per-language says, or its default."""
        return PER_LANGUAGE if self.per_language is None else self.per_language

    @property
    def wanted_rows(self) -> int:
        """Rows that a language should have; 0 where --passages alone says how much is made."""
        return 0 if self.per_language is None and self.passages else self.most_rows

    @property
    def judge_model(self) -> str:
        """The model that scores: the teacher where no judge is named."""
        return self.judge or self.teacher

    @property
    def scored(self) -> bool:
        """Whether answers are scored; with the judge "none" they are not, and all go on."""
        return self.judge != "none"

    @property
    def translator_models(self) -> tuple[str, ...]:
        """The models that translate: the teacher where no translator is named."""
        return self.translators or (self.teacher,)

    @property
    def threshold(self) -> float:
        """The mean score that an answer needs."""
        return (1.0 if self.keep_best else 4.0) if self.min_score is None else self.min_score

    def base_url(self, role: str, number: int = 0) -> str:
        """The address of the model in a role; of the translators, that of translator `number`.

        A teacher that stands in for a translator or judge keeps the teacher's address.
        """
        named = {"teacher": self.teacher, "judge": self.judge, "translator": self.translators}[role]
        addresses = [part.strip() for part in self.base_urls.get(role, "").split(",")]
        return addresses[number % len(addresses)] or ("" if named else self.base_urls.get("teacher", ""))

    def checked(self) -> "Settings":
        """With canonical language codes; raises UserError for settings that do not go together."""
        from xl_alpacaeval_metric.clients.openai.client import MAX_CONCURRENCY

        source = languages.get(self.source).code
        targets = tuple(dict.fromkeys(languages.get(code).code for code in self.targets))
        _check_models(self)
        _check_addresses(self)
        server_arguments.check(self.server_args)
        if self.concurrency > MAX_CONCURRENCY:
            raise UserError(f"concurrency is {self.concurrency}; at most {MAX_CONCURRENCY} requests go out at a time")
        if self.candidates < max(len(self.translator_models), len(self.translator_temperatures)):
            raise UserError(
                f"candidates is {self.candidates}, fewer than there are translators ({len(self.translator_models)}) or "
                f"translator temperatures ({len(self.translator_temperatures)}); give more candidates"
            )
        if self.max_words < self.min_words:
            raise UserError(f"max_words is {self.max_words}, less than min_words {self.min_words}")
        if self.select == "cometkiwi" and not self.comet_python:
            raise UserError("select cometkiwi needs --comet-python, the Python of an environment with unbabel-comet")
        gpus = slurm_options.site(self.slurm).gpus or self.gpus
        translated = [target for target in targets if target != source]
        forms = form_of_address.checked(self.form_of_address, translated)
        return replace(self, source=source, targets=targets, form_of_address=forms, gpus=gpus)


def _check_models(settings: Settings) -> None:
    if not settings.scored and (settings.keep_best or settings.select == "judge"):
        raise UserError("judge none: nobody scores, so there is no --keep-best, and no --select judge; take chrf")
    judges = [settings.judge_model] if settings.scored else []
    specs = dict.fromkeys((settings.teacher, *settings.translator_models, *judges))
    for spec in specs:
        backend, _, model = spec.partition("/")
        if backend not in BACKENDS or not model:
            raise UserError(
                f"model {spec!r} is not of the form BACKEND/MODEL with one of {', '.join(BACKENDS)}; "
                "a model in a folder is served first, e.g. by `transformers serve` or llama.cpp's server"
            )

    if settings.server_args and all(spec.startswith("openai/") for spec in specs):
        raise UserError("server_args: no server is started, every model is openai/...; leave --server-args out")


def _check_addresses(settings: Settings) -> None:
    models = settings.translator_models
    for role, address in settings.base_urls.items():
        if (count := address.count(",") + 1) > 1 and (role != "translator" or count != len(models)):
            raise UserError(
                f"base_urls: {count} addresses of the {role}; need one, or for translators one for each of "
                f"{', '.join(models)}"
            )
        if "@" in address or "?" in address:
            raise UserError(
                f"base_urls: the address of the {role} holds a password or a query, and settings are kept in a file; "
                "keys come from the environment"
            )
