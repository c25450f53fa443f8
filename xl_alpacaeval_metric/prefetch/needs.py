"""What a run, or many runs, will read: models, judges, benchmarks, references, identifier."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import benchmark, clients
from xl_alpacaeval_metric.benchmark.load import hub_files
from xl_alpacaeval_metric.benchmark.written import references as reference_models
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.hub import lid_model
from xl_alpacaeval_metric.models import sampling, source
from xl_alpacaeval_metric.models.arguments import ENDPOINTS
from xl_alpacaeval_metric.models.backend_choice import AUTO
from xl_alpacaeval_metric.runs.answers.candidate import check_backend


class Source(StrEnum):
    """Where something comes from, and so which of its files are read."""

    MODEL = "model"
    """A model of the Hub: its weights in one format, and what is beside them."""
    TOKENIZER = "tokenizer"
    """A model of the Hub, but its weights."""
    CODE = "code"
    """The Python files of a model of the Hub."""
    WHOLE = "whole"
    """All files of a model of the Hub."""
    FILES = "files"
    """Files of a model of the Hub, by patterns of their names."""
    DATASET = "dataset"
    """Files of a dataset of the Hub, by patterns of their names."""
    FOLDER = "folder"
    """A model's folder, or .gguf file, on this machine."""
    PATH = "path"
    """Any file or folder on this machine."""
    FILE = "file"
    """Any file on this machine."""
    REFERENCES = "references"
    """A file of references on this machine, or a run's folder."""
    PACKAGE = "package"
    """It comes with this package."""
    ENDPOINT = "endpoint"
    """A server; nothing is read from disk."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a run reads; `role` is what it is there for.

    `patterns` are those of the files that are read, for FILES and DATASET. `gguf` and `subfolder`
    say which files of a model's repository are read, where these are not the usual ones.
    `with_tokenizer` is false for a model whose tokenizer is another one's. `base` is the base model
    of an adapter, where that is not as the adapter says. `rows` are those of a benchmark that must
    be in its files.
    """

    role: str
    source: Source
    name: str
    revision: str | None = None
    patterns: tuple[str, ...] = ()
    gguf: str | None = None
    subfolder: str = ""
    with_tokenizer: bool = True
    base: str | None = None
    rows: "Rows | None" = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a benchmark in some languages, () for all; `path` is a local copy of its files."""

    benchmark: str
    languages: tuple[str, ...]
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model of lm-evaluation-harness: its backend with arguments, its base, how it samples."""

    name: str
    backend: str = "auto"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    base: str | None = None
    generation: Mapping[str, Any] = field(default_factory=dict)

    @property
    def at_endpoint(self) -> bool:
        """Whether it is asked at an address."""
        return self.backend in ENDPOINTS or "base_url" in self.arguments

    def check(self, *, named: bool = True) -> None:
        """Raises UserError for an unknown backend, an impossible name and a wrong sampling.

        The name may be any where the model is not `named` yet.
        """
        if self.backend != AUTO:
            check_backend(self.backend)
        if named and not self.at_endpoint:
            source.check_name(self.name)
        served = self.backend == AUTO and self.at_endpoint
        sampling.check("local-chat-completions" if served else self.backend, self.generation)


def needs_of(
    models: Iterable[Loaded] = (),
    judges: Iterable[tuple[str, Mapping[str, Any]]] = (),
    benchmarks: Iterable[tuple[str, Path | None, Sequence[str]]] = (),
    references: Iterable[str] = (),
    translators: Iterable[str] = (),
    lid: str | None = None,
    comet: str | None = None,
) -> list[Need]:
    """What is needed, each thing once, with all of its roles.

    Judges are specifications with the arguments of their backends; benchmarks are names, files,
    folders or Hub ids, with a local copy (`--benchmark-path`) and the languages of their rows,
    where it matters which; references are specifications, files or runs. Asks nobody and loads
    nothing; a path that is not there is a need, too. Raises UserError for an unknown benchmark or
    backend.
    """
    found = [
        *(need for model in models for need in _of_candidate(model)),
        *(need for spec, arguments in judges for need in _of_spec("judge", spec, arguments)),
        *(_of_benchmark(name, path, tuple(codes)) for name, path, codes in benchmarks),
        *(need for reference in references for need in _of_reference(reference)),
        *(need for spec in translators for need in _of_spec("translator", spec, {})),
        *([_of_lid(lid)] if lid else []),
        *([_of_comet(comet)] if comet else []),
    ]
    return once(found)


def once(needs: Sequence[Need]) -> list[Need]:
    """Each thing once, in the order of its first mention; its role is all that it is there for."""
    roles: dict[Need, dict[str, None]] = {}
    for need in needs:
        roles.setdefault(replace(need, role=""), {}).update(dict.fromkeys(need.role.split(", ")))
    return [replace(need, role=", ".join(names)) for need, names in roles.items()]


def _of_candidate(model: Loaded) -> Iterator[Need]:
    model.check()
    return _of_model("model", model)


def _of_model(role: str, model: Loaded) -> Iterator[Need]:
    """The needs of a model of lm-evaluation-harness."""
    arguments = model.arguments
    if model.at_endpoint:
        yield Need(role, Source.ENDPOINT, model.name)
        own = arguments.get("tokenizer_backend", "huggingface")
        if model.backend == "local-completions" and own in ("auto", "huggingface"):
            yield from _tokenizer(role, str(arguments.get("tokenizer") or model.name), arguments)
        return
    other = arguments.get("tokenizer")
    yield replace(_weights(role, model.name, arguments, with_tokenizer=not other), base=model.base)
    if other:
        yield from _tokenizer(role, str(other), arguments)
    for name, what in (("peft", "adapter"), ("lora_local_path", "adapter"), ("delta", "delta weights")):
        if arguments.get(name):
            yield _weights(f"{what} of {model.name}", str(arguments[name]), {}, with_tokenizer=False)


def _of_spec(role: str, spec: str, arguments: Mapping[str, Any]) -> Iterator[Need]:
    """The needs of a model `BACKEND/MODEL`; none for the judge `none`."""
    backend, _, name = spec.partition("/")
    if clients.is_endpoint(spec) and name:
        yield Need(role, Source.ENDPOINT, spec)
        return
    if clients.client_for(spec, role=role, args=arguments) is None:
        return
    yield from _of_model(role, Loaded(name, backend, arguments))


def _weights(role: str, name: str, arguments: Mapping[str, Any], *, with_tokenizer: bool) -> Need:
    path = Path(name)
    gguf, subfolder = arguments.get("gguf_file"), arguments.get("subfolder")
    revision = arguments.get("revision")
    if source.is_path(name) or path.suffix == ".gguf":
        inner = str(subfolder or "")
        # The tokenizer may lie in the folder around it.
        alone = with_tokenizer and not inner
        return Need(role, Source.FOLDER, name, gguf=gguf and str(gguf), subfolder=inner, with_tokenizer=alone)
    return Need(
        role,
        Source.MODEL,
        name,
        str(revision) if revision else None,
        gguf=str(gguf) if gguf else None,
        subfolder=str(subfolder or ""),
        with_tokenizer=with_tokenizer,
    )


def _tokenizer(role: str, name: str, arguments: Mapping[str, Any]) -> Iterator[Need]:
    revision = arguments.get("tokenizer_revision")
    if source.is_path(name):
        yield Need(f"tokenizer of the {role}", Source.PATH, name)
    else:
        yield Need(f"tokenizer of the {role}", Source.TOKENIZER, name, str(revision) if revision else None)


def _of_benchmark(name: str, path: Path | None, codes: tuple[str, ...]) -> Need:
    benchmark.check_name(name)
    rows = Rows(name, codes, path) if codes else None
    try:
        files = hub_files(name, path)
    except UserError:  # A path that is not there, which is one thing of all that are missing.
        return Need("benchmark", Source.PATH, str(path) if path and name in benchmark.NAMES else name)
    if files is not None:
        return Need("benchmark", Source.DATASET, files.repo, patterns=files.patterns, rows=rows)
    if name not in benchmark.NAMES:
        return Need("benchmark", Source.PATH, name, rows=Rows(name, codes))
    if path is not None:
        return Need("benchmark", Source.PATH, str(path), rows=rows)
    return Need("benchmark", Source.PACKAGE, name, rows=rows)


def _of_reference(reference: str) -> Iterator[Need]:
    if reference_models.is_model(reference):
        yield from _of_spec("reference model", reference, {})
    else:
        yield Need("references", Source.REFERENCES, reference)


def _of_lid(spec: str) -> Need:
    try:
        named = lid_model.hub_file(spec)
    except UserError:  # As for a benchmark.
        named = None
    if named is None:
        return Need("identifier", Source.FILE, spec)
    repo, file = named
    return Need("identifier", Source.FILES, repo, patterns=(file,))


def _of_comet(name: str) -> Need:
    if source.is_path(name) or name.count("/") != 1:
        return Need("COMET", Source.PATH, name)
    return Need("COMET", Source.WHOLE, name)
