"""What is to be generated, by which models, and where: one record, from the command line or a YAML file."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_origin

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.clients.openai import MOST_CONCURRENT
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.runfolder import replace_file

SELECTORS = ("chrf", "judge", "cometkiwi")
EXECUTORS = ("local", "ray", "slurm")
MOST_CANDIDATES = 26
BACKENDS = ("openai", "vllm", "sglang")
ROLES = ("teacher", "translator", "judge")
FLAGS = {"translator": "translators", "benchmark": "benchmarks"}
"""Flags of the command whose settings have another name; a file may use either."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a job depends on. Temperatures and lengths are this project's choices, not the paper's.

    `seeds` is a file, a folder or a Hub dataset with passages in language `source`; `teacher` writes instructions and
    answers, `translators` make `candidates` translations each, `judge` scores and, with `select` "judge", chooses.
    `passages` is how many seeds go in (by default a quarter more than `per_language` rows are wanted). `keep_best`
    keeps so many of the best-scored answers; `min_score` those whose mean score is at least that. `shard` passages
    make a task. `reasoning_tokens` are for the thoughts of models that think before they answer, added to the limit of every
    reply. `output` is the Hub folder. `timeout` is the seconds that one attempt of a request may take, `gpus` those of a
    server that a task starts.
    """

    seeds: str
    targets: tuple[str, ...]
    teacher: str
    translators: tuple[str, ...] = ()
    judge: str = ""
    base_urls: Mapping[str, str] = field(default_factory=dict)
    source: str = "en"
    per_language: int = 1000
    passages: int = 0
    candidates: int = 3
    select: str = "chrf"
    min_score: float = 4.0
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
    benchmarks: tuple[str, ...] = ("mini", "context")
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

    def base_url(self, role: str) -> str:
        """The address of the model in a role; where that is the teacher for want of another, the teacher's."""
        named = {"teacher": self.teacher, "judge": self.judge, "translator": self.translators}[role]
        return self.base_urls.get(role) or ("" if named else self.base_urls.get("teacher", ""))

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
        if self.concurrency > MOST_CONCURRENT:
            raise UserError(f"concurrency is {self.concurrency}; at most {MOST_CONCURRENT} requests go out at a time")
        if self.candidates > MOST_CANDIDATES:
            raise UserError(f"candidates is {self.candidates}; a judge can tell {MOST_CANDIDATES} apart, at most")
        if not 1 <= self.min_score <= 5:
            raise UserError(f"min_score is {self.min_score}; scores go from 1 to 5")
        if not 0 <= self.temperature <= 2:
            raise UserError(f"temperature is {self.temperature}; need a number from 0 to 2")
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


def load(file: Path | None, given: Mapping[str, Any]) -> Settings:
    """The settings of a YAML file with what was `given` on the command line (None: not given) put over them.

    Raises UserError for a file that cannot be read, an unknown key (naming the nearest) or a value of the wrong kind.
    """
    content = _by_setting(_yaml(file)) if file is not None else {}
    over = _by_setting({key: value for key, value in given.items() if value is not None})
    urls = [part["base_urls"] for part in (content, over) if "base_urls" in part]
    content |= over
    if urls and all(isinstance(part, dict) for part in urls):
        content["base_urls"] = {role: address for part in urls for role, address in part.items()}
    elif urls:
        content["base_urls"] = urls[0]  # Which is told of below.
    known = {part.name: part for part in fields(Settings)}
    for key in content:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            raise UserError(f"{file}: unknown setting {key!r}" + (f"; did you mean {near[0]}?" if near else ""))
    for key, flag in (("seeds", "--seeds FILE|HUB_ID"), ("targets", "--targets fi,ga"), ("teacher", "--teacher SPEC")):
        if not content.get(key):
            raise UserError(f"no {key}: give {flag}, or {key} in --config")
    return Settings(**{key: _value(key, value, known[key].type) for key, value in content.items()}).checked()


def _by_setting(content: dict[str, Any]) -> dict[str, Any]:
    """What is named as the command's flags are, under the settings' names."""
    found = {FLAGS.get(key, key): value for key, value in content.items()}
    urls = {role: found.pop(f"{role}_base_url") for role in ROLES if f"{role}_base_url" in found}
    known = found.get("base_urls", {})
    return found | {"base_urls": known | urls} if urls and isinstance(known, dict) else found


def save(settings: Settings, file: Path) -> None:
    """Write all settings, defaults too, as YAML that `load` reads."""
    import yaml

    content = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(settings).items()}
    replace_file(file, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _yaml(file: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{file}: no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{file}: not readable as YAML ({type(error).__name__})") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise UserError(f"{file}: not a YAML mapping of settings")
    return content


def _value(key: str, value: Any, kind: Any) -> Any:
    """The value as the field wants it; raises UserError where it is of another kind."""
    if get_origin(kind) is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
            return tuple(part.strip() for part in parts if part.strip())
        # YAML 1.1 reads the code of Norwegian as false.
        wanted = 'a list of texts; write "no" in quotes' if isinstance(parts, list) and False in parts else "a list"
    elif get_origin(kind) is Mapping:
        if isinstance(value, dict):
            return value
        wanted = "a mapping"
    elif kind is str:
        if isinstance(value, str):
            return value
        wanted = "text"
    else:
        whole = kind is int
        if isinstance(value, int if whole else int | float) and not isinstance(value, bool) and math.isfinite(value):
            return kind(value)
        wanted = "a whole number" if whole else "a number"
    raise UserError(f"setting {key} is {str(value)[:40]!r}; need {wanted}")
