"""The file of a sweep: YAML with models, benchmarks, languages and judges, read into records."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import NAMES, own
from xl_alpacaeval_metric.benchmark.written import references
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import file_names, yaml_file
from xl_alpacaeval_metric.settings import load
from xl_alpacaeval_metric.settings.fields import settings_of
from xl_alpacaeval_metric.sweep.settings import (
    BenchmarkSettings,
    JudgeSettings,
    JudgingSettings,
    ModelSettings,
    PlaceSettings,
    as_text,
)

LISTS = ("models", "benchmarks", "languages", "judges")
EVAL = "eval"
NO_JUDGE = "none"
RESERVED = ("tasks",)
"""Names below the output folder that no benchmark may have."""
Part = TypeVar("Part")
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One model on one benchmark, in a run folder of its own."""

    model: ModelSettings
    benchmark: BenchmarkSettings
    folder: Path

    @property
    def name(self) -> str:
        """Of its task: `answer-BENCHMARK-MODEL`."""
        return f"answer-{self.folder.parent.name}-{self.folder.name}"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep file says. What stands under `eval` is in each model, benchmark and judge.

    `judges` is empty where no judge is wanted; several are a panel.
    """

    models: tuple[ModelSettings, ...]
    benchmarks: tuple[BenchmarkSettings, ...]
    judges: tuple[JudgeSettings, ...]
    judging: JudgingSettings
    place: PlaceSettings

    @property
    def output(self) -> Path:
        return Path(self.place.output)

    @property
    def runs(self) -> Iterator[Run]:
        """Every run, model by model; run folders are OUTPUT/BENCHMARK/MODEL."""
        for model in self.models:
            for benchmark in self.benchmarks:
                yield Run(model, benchmark, self.output / folder_of(benchmark) / model.name)


def read(file: Path, executor: str | None = None, output: Path | None = None) -> Sweep:
    """The sweep in a YAML file; `executor` and `output` take the place of the file's.

    Raises UserError, in one line, for a file that cannot be read, an unknown key, a value of the
    wrong type, a sweep without a model or a benchmark, one whose judges are not said, a model that
    is there twice, and two run folders of one name.
    """
    content = yaml_file.read_mapping(file)
    shared, place = _mapping(content.get(EVAL), f"{file}: {EVAL}"), _own_keys(content, file)
    place |= {key: value for key, value in (("executor", executor), ("output", output and str(output))) if value}
    common = _split(shared, f"{file}: {EVAL}")
    models = tuple(_named(one, file) for one in _parts(content, "models", "model", ModelSettings, common, file))
    codes = _codes(content.get("languages"), str(file))
    benchmarks = tuple(
        _with_languages(one, codes, file)
        for one in _parts(content, "benchmarks", "benchmark", BenchmarkSettings, common, file)
    )
    found = Sweep(
        models,
        benchmarks,
        _judges(content, common, file),
        load.read(JudgingSettings, common[JudgingSettings], f"{file}: {EVAL}"),
        load.read(PlaceSettings, place, str(file)),
    )
    _refuse_equal_names(found, file)
    return found


def folder_of(benchmark: BenchmarkSettings) -> str:
    """The name of the folder that holds a benchmark's runs."""
    return benchmark.benchmark if benchmark.benchmark in NAMES else own.name_of(benchmark.benchmark)


def _own_keys(content: Content, file: Path) -> dict[str, Any]:
    """What stands beside the lists and `eval`: where the work is done."""
    known = settings_of(PlaceSettings)
    for key in content:
        if key not in (*LISTS, EVAL, *known):
            raise UserError(f"{file}: unknown key {key[:40]!r}; there are {', '.join((*LISTS, EVAL, *known))}")
    return {key: value for key, value in content.items() if key in known}


def _split(shared: Content, where: str) -> dict[type, dict[str, Any]]:
    """What stands under `eval`, for each record that has a setting of that name."""
    records: tuple[type, ...] = (ModelSettings, BenchmarkSettings, JudgeSettings, JudgingSettings)
    own_names = {"model", "name", "base", "benchmark", "languages", "judge", "base_url", "args"}
    # A judge's thought is another than the candidate's: `judge_thinking` under `eval`.
    shorter = {"judge_args": "args", "judge_thinking": "thinking", "judge_thinking_tokens": "thinking_tokens"}
    of_candidate = {"thinking", "thinking_tokens"}
    names: dict[str, dict[type, str]] = {}
    for record in records:
        for name in settings_of(record):
            if name not in own_names and not (record is JudgeSettings and name in of_candidate):
                names.setdefault(name, {})[record] = name
    names |= {name: {JudgeSettings: short} for name, short in shorter.items()}
    found: dict[type, dict[str, Any]] = {record: {} for record in records}
    for key, value in shared.items():
        if key not in names:
            raise UserError(f"{where}: unknown setting {key[:40]!r}; there are {', '.join(sorted(names))}")
        for record, name in names[key].items():
            found[record][name] = value
    return found


def _parts(
    content: Content, key: str, main: str, record: type[Part], common: Mapping[type, Content], file: Path
) -> list[Part]:
    """The members of a list: a text is the setting `main`, a mapping has further settings."""
    given = content.get(key)
    members: Sequence[object] = given.split(",") if isinstance(given, str) else given  # type: ignore[assignment]
    if members is not None and not isinstance(members, list | tuple):
        raise UserError(f"{file}: {key} is {str(members)[:40]!r}; need a list, as in {key}: [{main.upper()}]")
    if not members:
        raise UserError(f"{file}: no {key}; give a list of at least one")
    found = []
    for number, member in enumerate(members, 1):
        where = f"{file}: {key} {number}"
        own_settings = {main: member.strip()} if isinstance(member, str) else _mapping(member, where)
        found.append(load.read(record, as_text(record, {**common[record], **own_settings}), where))
    return found


def _judges(content: Content, common: Mapping[type, Content], file: Path) -> tuple[JudgeSettings, ...]:
    if content.get("judges") in (NO_JUDGE, [NO_JUDGE]):
        return ()
    if "judges" not in content:
        raise UserError(f"{file}: no judges; give a list of them, or judges: none for language fidelity alone")
    found = _parts(content, "judges", "judge", JudgeSettings, common, file)
    seen = set()
    for one in found:
        if one.judge == NO_JUDGE:
            raise UserError(f"{file}: judge none cannot be on a panel; leave it out, or leave the other judges out")
        if one.judge in seen:
            raise UserError(f"{file}: judge {one.judge!r} is there twice; a panel needs different judges")
        seen.add(one.judge)
    return tuple(found)


def _named(model: ModelSettings, file: Path) -> ModelSettings:
    """The model with the name of its run folders: its own, or the last part of the model's.

    Raises UserError for a name of its own that no folder can have.
    """
    path = Path(model.model).expanduser()
    name = model.name or (path.resolve().name if path.exists() else path.name)
    plain = file_names.plain(name, 80).strip(".-")
    if model.name and file_names.comparable(model.name) != file_names.comparable(plain):
        raise UserError(
            f"{file}: model {model.model}: name is {model.name[:40]!r}; need at most 80 letters (120 bytes), "
            "digits, '.', '_' and '-', of which '.' and '-' are not at an end"
        )
    return replace(model, name=plain or "model")


def _with_languages(benchmark: BenchmarkSettings, codes: tuple[str, ...], file: Path) -> BenchmarkSettings:
    if benchmark.reference is not None and references.is_model(benchmark.reference):
        raise UserError(
            f"{file}: reference {benchmark.reference!r} is a model; write the references first "
            "(xl-alpacaeval references), and give their file"
        )
    return replace(benchmark, languages=_codes(list(benchmark.languages), str(file)) or codes)


def _codes(given: object, where: str) -> tuple[str, ...]:
    """Language codes in a list or a text with commas; raises UserError for an unknown language."""
    if given is None:
        return ()
    checked = load.read(BenchmarkSettings, {"benchmark": "mini", "languages": given}, where).languages
    try:
        found = [one.code for one in languages.parse(",".join(checked))] if checked else []
    except UserError as error:
        raise UserError(f"{where}: languages: {error}") from None
    if len(found) < len(checked):
        twice = next(code for code, count in Counter(languages.get(one).code for one in checked).items() if count > 1)
        raise UserError(f"{where}: languages: {twice} is there twice; name each language once")
    return tuple(found)


def _refuse_equal_names(sweep: Sweep, file: Path) -> None:
    seen: dict[str, ModelSettings] = {}
    for model in sweep.models:
        other = seen.setdefault(file_names.comparable(model.name), model)
        if other is not model and replace(other, name="") == replace(model, name=""):
            raise UserError(f"{file}: model {model.model!r} is there twice")
        if other is not model:
            raise UserError(
                f"{file}: {other.model} and {model.model} would both be in folders named {model.name}; "
                "give one of them another name (name: ...)"
            )
    folders: dict[str, BenchmarkSettings] = {}
    for benchmark in sweep.benchmarks:
        name = folder_of(benchmark)
        other_one = folders.setdefault(file_names.comparable(name), benchmark)
        if other_one is not benchmark and other_one.benchmark == benchmark.benchmark:
            raise UserError(f"{file}: benchmark {name} is there twice; name it once, with all its languages")
        if other_one is not benchmark:
            raise UserError(
                f"{file}: {other_one.benchmark} and {benchmark.benchmark} would both be in the folder {name}"
            )
        if file_names.comparable(name) in RESERVED:
            raise UserError(f"{file}: benchmark {benchmark.benchmark} has the name of the folder {name}; rename it")


def _mapping(given: object, where: str) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise UserError(f"{where} is {str(given)[:40]!r}; need a mapping, as in NAME: VALUE")
    return {str(key): value for key, value in given.items()}
