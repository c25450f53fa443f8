"""What is to be generated, by which models, and where: one record, from the command line or a YAML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.clients.openai.client import MAX_CONCURRENCY
from xl_alpacaeval_metric.errors import UserError

SELECTORS = ("chrf", "judge", "cometkiwi")
EXECUTORS = ("local", "ray", "slurm")
MOST_CANDIDATES = 26
BACKENDS = ("openai", "vllm", "sglang")
ROLES = ("teacher", "translator", "judge")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a job depends on. Temperatures and lengths are this project's choices, not the paper's.

    `seeds` is a file, a folder or a Hub dataset with passages in language `source`; `teacher` writes instructions and
    answers, `translators` make `candidates` translations each, `judge` scores and, with `select` "judge", chooses.
    `translator_temperatures` go to the candidates in turn; without them all have `temperature`. `base_urls` has an address a
    role, for the translator also one for each, with commas between. `passages` is how many seeds go in (by default a quarter
    more than `per_language` rows are wanted). `keep_best` keeps so many of the best-scored answers; `min_score` those whose
    mean score is at least that (None: 4, or all with `keep_best`). `shard` passages make a task. `reasoning_tokens` are for
    the thoughts of models that think before they answer, added to the limit of every reply. `output` is the Hub folder.
    `timeout` is the seconds that one attempt of a request may take, `gpus` those of a server that a task starts.
    """

    seeds: str
    targets: tuple[str, ...]
    teacher: str
    translators: tuple[str, ...] = ()
    translator_temperatures: tuple[float, ...] = ()
    judge: str = ""
    base_urls: Mapping[str, str] = field(default_factory=dict)
    source: str = "en"
    per_language: int = 1000
    passages: int = 0
    candidates: int = 3
    select: str = "chrf"
    min_score: float | None = None
    keep_best: int = 0
    min_words: int = 60
    max_words: int = 400
    seed_column: str = "text"
    seed_config: str = ""
    seed_split: str = "train"
    seed_license: str = "unknown"
    license: str = "unknown"
    temperature: float = 0.7
    max_tokens: int = 1024
    reasoning_tokens: int = 0
    timeout: float = 600.0
    concurrency: int = 64
    shard: int = 1000
    seed: int = 0
    benchmarks: tuple[str, ...] = ("all",)
    benchmark_path: str = ""
    comet_python: str = ""
    comet_model: str = "Unbabel/wmt22-cometkiwi-da"
    executor: str = "local"
    workers: int = 1
    gpus: int = 1
    ray_address: str = ""
    slurm: Mapping[str, Any] = field(default_factory=dict)
    output: str = "xl-instruct"

    @property
    def wanted_passages(self) -> int:
        """How many seeds go in."""
        return self.passages or -(-5 * self.per_language // 4)

    @property
    def judge_model(self) -> str:
        """Who scores: the teacher where no judge is named."""
        return self.judge or self.teacher

    @property
    def scored(self) -> bool:
        """Whether responses are scored; with the judge "none" they are not, and all go on."""
        return self.judge != "none"

    @property
    def translator_models(self) -> tuple[str, ...]:
        """Who translates: the teacher where no translator is named."""
        return self.translators or (self.teacher,)

    @property
    def threshold(self) -> float:
        """The mean score that an answer needs."""
        return (1.0 if self.keep_best else 4.0) if self.min_score is None else self.min_score

    def base_url(self, role: str, number: int = 0) -> str:
        """The address of the model in a role, of the translators that with this number; a teacher in another role keeps its own."""
        named = {"teacher": self.teacher, "judge": self.judge, "translator": self.translators}[role]
        addresses = [part.strip() for part in self.base_urls.get(role, "").split(",")]
        return addresses[number % len(addresses)] or ("" if named else self.base_urls.get("teacher", ""))

    def checked(self) -> "Settings":
        """With canonical language codes; raises UserError for what cannot be done."""
        if not self.targets:
            raise UserError("no target language; give --targets fi,ga,...")
        source = languages.get(self.source).code
        targets = tuple(dict.fromkeys(languages.get(code).code for code in self.targets))
        if not self.scored and (self.keep_best or self.select == "judge"):
            raise UserError("judge none: nobody scores, so there is no --keep-best, and no --select judge; take chrf")
        for spec in {self.teacher, *self.translator_models, *([self.judge_model] if self.scored else [])}:
            backend, _, model = spec.partition("/")
            if backend not in BACKENDS or not model:
                raise UserError(
                    f"model {spec!r} is not of the form BACKEND/MODEL with one of {', '.join(BACKENDS)}; "
                    "a model in a folder is served first, e.g. by `transformers serve` or llama.cpp's server"
                )
        for role, address in self.base_urls.items():
            if role not in ROLES:
                raise UserError(f"base_urls: unknown role {role!r}; there are {', '.join(ROLES)}")
            if not isinstance(address, str):
                raise UserError(f"base_urls: the address of the {role} is {str(address)[:40]!r}; need text")
            if (count := address.count(",") + 1) > 1 and (role != "translator" or count != len(self.translator_models)):
                raise UserError(
                    f"base_urls: {count} addresses of the {role}; need one, or for translators one for each of "
                    f"{', '.join(self.translator_models)}"
                )
            if "@" in address or "?" in address:
                raise UserError(
                    f"base_urls: the address of the {role} holds a password or a query, and settings are kept in a file; "
                    "keys come from the environment"
                )
        for name, allowed in (("select", SELECTORS), ("executor", EXECUTORS)):
            if getattr(self, name) not in allowed:
                raise UserError(f"{name} {getattr(self, name)!r} is unknown; there are {', '.join(allowed)}")
        for name in ("per_language", "candidates", "shard", "workers", "concurrency", "max_tokens", "min_words"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}; need a number from 1")
        for name in ("passages", "keep_best", "reasoning_tokens"):
            if getattr(self, name) < 0:
                raise UserError(f"{name} is {getattr(self, name)}; need a number from 1")
        if not self.timeout > 0:
            raise UserError(f"timeout is {self.timeout}; need seconds above 0")
        if self.concurrency > MAX_CONCURRENCY:
            raise UserError(f"concurrency is {self.concurrency}; at most {MAX_CONCURRENCY} requests go out at a time")
        if self.candidates > MOST_CANDIDATES:
            raise UserError(f"candidates is {self.candidates}; a judge can tell {MOST_CANDIDATES} apart, at most")
        if self.min_score is not None and not 1 <= self.min_score <= 5:
            raise UserError(f"min_score is {self.min_score}; scores go from 1 to 5")
        for temperature in (self.temperature, *self.translator_temperatures):
            if not 0 <= temperature <= 2:
                raise UserError(f"temperature is {temperature}; need a number from 0 to 2")
        if self.candidates < max(len(self.translator_models), len(self.translator_temperatures)):
            raise UserError(
                f"candidates is {self.candidates}, fewer than there are translators ({len(self.translator_models)}) or "
                f"translator temperatures ({len(self.translator_temperatures)}); give more candidates"
            )
        if self.max_words < self.min_words:
            raise UserError(f"max_words is {self.max_words}, less than min_words {self.min_words}")
        if isinstance(self.slurm.get("time"), int | float):
            # YAML 1.1 reads 10:00:00 as 36000, and Slurm would take that for minutes.
            raise UserError(f"slurm time is {self.slurm['time']}; write it as text, in quotes: '10:00:00'")
        if self.select == "cometkiwi" and not self.comet_python:
            raise UserError("select cometkiwi needs --comet-python, the Python of an environment with unbabel-comet")
        gpus = self.slurm.get("gpus", self.gpus)
        if not isinstance(gpus, int) or isinstance(gpus, bool) or gpus < 1:
            raise UserError(f"gpus is {str(gpus)[:40]!r}; need a number from 1")
        return replace(self, source=source, targets=targets, gpus=gpus)
