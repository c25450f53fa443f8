"""Output folders of lm-evaluation-harness (--log_samples), opened."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.records.judge_check import NO_JUDGE
from xl_alpacaeval_metric.records.judgements import Comparison, Verdict
from xl_alpacaeval_metric.runs.finished import Setting, check_verdict
from xl_alpacaeval_metric.runs.opened.answers import model_of
from xl_alpacaeval_metric.runs.opened.records import Opened, OpenedItem
from xl_alpacaeval_metric.signature import parse, signature

_SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d\-.:]+)\.jsonl")


@dataclass(frozen=True, slots=True)
class Log:
    """The newest samples of each of this package's tasks that one model was given.

    `described` is what the tasks say of their judge, by task; `date` is when the harness wrote them
    down, in ISO 8601, empty where that is not known.
    """

    folder: Path
    model: str
    samples: Mapping[str, Path]
    described: Mapping[str, Mapping[str, Any]]
    date: str = ""

    @property
    def setting(self) -> Setting:
        """The setting that all tasks share; raises UserError where they differ."""
        signature = _common_signature(self.folder, self._signatures)
        verdicts = {task: check_verdict(self.described[task]) for task in self.samples}
        without_judge = [self._language(task) for task, verdict in verdicts.items() if verdict == NO_JUDGE]
        if len(without_judge) < len(verdicts):  # As in a run folder: it is a judge in other languages.
            verdicts = {task: "doubtful" if verdict == NO_JUDGE else verdict for task, verdict in verdicts.items()}
        check = next((worst for worst in (NO_JUDGE, "doubtful", "passed") if worst in verdicts.values()), "")
        one_order = [code for task in self.samples for code in self.described[task].get("one_order") or ()]
        benchmarks = dict.fromkeys(
            parse(line).get("benchmark", "").partition("@")[0] for line in self._signatures.values()
        )
        settings = {"model": self.model, "benchmark": "+".join(filter(None, benchmarks))}
        return Setting(
            str(self.folder), signature, {}, settings, check, tuple(dict.fromkeys(without_judge)), tuple(one_order)
        )

    def _language(self, task: str) -> str:
        """The language of a task's first answer."""
        row = next(iter(jsonl.read_lines(self.samples[task])), {})
        return str((row.get("doc") or {}).get("response_language") or task)

    @property
    def _signatures(self) -> dict[str, str]:
        return {task: str(self.described[task].get("signature")) for task in self.samples}

    def rows(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Each sample, with its task and where it is."""
        for task, file in self.samples.items():
            for line, row in enumerate(jsonl.read_lines(file), 1):
                yield task, f"{file} line {line}", row

    def in_context(self, task: str) -> bool:
        """Whether a task is of the benchmark `context`."""
        return "benchmark:context@" in self._signatures[task]


def is_log(folder: Path) -> bool:
    """Whether the harness wrote its results into this folder, or into one below it."""
    return folder.is_dir() and any(True for _ in _results(folder))


def logs(folder: Path) -> list[Log]:
    """The logs below an output folder of the harness, one a model.

    Raises UserError where there are no samples of this package's tasks (--log_samples was not
    given), and for a damaged file.
    """
    by_model: dict[Path, list[Path]] = {}
    for file in sorted(_results(folder)):
        by_model.setdefault(file.parent, []).append(file)
    return [_log(place, files) for place, files in by_model.items()]


def read_logs(folder: Path, mixed: bool) -> list[Opened]:
    """The answers of each model below an output folder.

    Raises UserError as `logs` does, and unless `mixed` for tasks judged in different settings.
    """
    return [_opened(log, mixed) for log in logs(folder)]


def _opened(log: Log, mixed: bool) -> Opened:
    items = []
    checks: dict[str, Mapping[str, Any]] = {}
    for task, where, row in log.rows():
        try:
            judged = json.loads(row["filtered_resps"][0])
            items.append(_item(row["doc"], judged, log.in_context(task)))
            checks.setdefault(items[-1].comparison.language, _check(log.described[task], judged))
        except (KeyError, TypeError, ValueError, IndexError):
            raise UserError(f"{where}: is no sample of this package's tasks") from None
    notes: tuple[str, ...] = ()
    try:
        setting = log.setting
    except UserError as error:
        if not mixed:
            raise
        setting, notes = Setting(str(log.folder), "", {}, {"model": log.model}), (str(error),)
    return Opened(
        str(log.folder),
        log.folder,
        "harness",
        model_of({"model": log.model}),
        setting,
        items,
        check={"by_language": {code: check for code, check in checks.items() if check}},
        date=log.date,
        notes=notes,
    )


def _check(described: Mapping[str, Any], judged: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a task, and an answer in it, say of the check of the judge, as in check.json."""
    check = described.get("judge_check")
    found = {key: check.get(key) for key in ("verdict", "accuracy", "resolution", "ci95")} if check else {}
    for name in ("length_taste", "markdown_taste"):
        if judged.get(name) is not None:
            found[name], found[f"{name}_stderr"] = judged[name]
    return found


def _item(doc: Mapping[str, Any], judged: Mapping[str, Any], in_context: bool) -> OpenedItem:
    identifier, subset = str(doc["id"]), str(doc.get("subset") or "")
    # Logs of earlier versions do not say which language an answer is in.
    language = dict(judged["fidelity"]) if "answered_in" in judged["fidelity"] else {}
    if language:
        language["spans"] = [[span["start"], span["end"], span["language"]] for span in language.get("spans") or ()]
    return OpenedItem(
        comparison=Comparison(
            id=identifier,
            language=str(doc["response_language"]),
            instruction=str(doc["instruction"]),
            prediction=str(judged["prediction"]),
            reference=str(doc["reference"] or ""),
            # The designs of one prompt have ids of their own, which end in the design.
            prompt=identifier.removesuffix(f"-{subset}") if in_context else "",
            design=subset if in_context else "",
            expected=str(doc.get("expected") or ""),
            thinking=str(judged.get("thinking") or ""),
            unfinished=judged.get("unfinished") is True,
        ),
        preference=judged["preference"],
        verdicts=tuple(Verdict(**verdict) for verdict in judged.get("verdicts") or ()),
        language=language,
        subset=subset,
    )


def _results(folder: Path) -> Iterator[Path]:
    yield from folder.glob("results_*.json")
    yield from folder.glob("*/results_*.json")


def _log(folder: Path, results: Sequence[Path]) -> Log:
    newest: dict[str, Path] = {}
    for file in sorted(folder.glob("samples_*.jsonl")):
        if found := _SAMPLES.fullmatch(file.name):
            newest[found["task"]] = file
    described: dict[str, Mapping[str, Any]] = {}
    model = date = ""
    for file in results:
        content = jsonl.read_json(file)
        model = str(content.get("model_name") or model)
        if isinstance(seconds := content.get("date"), int | float):
            date = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
        configs = content.get("configs")
        for task, config in configs.items() if isinstance(configs, dict) else ():
            metadata = config.get("metadata") if isinstance(config, dict) else None
            if isinstance(metadata, dict) and isinstance(metadata.get("judged_by"), dict):
                described[task] = metadata["judged_by"]
    samples = {task: file for task, file in newest.items() if task in described}
    if not samples:
        raise UserError(
            f"{folder}: the harness logged no samples of the tasks xl_alpacaeval...; run it with --log_samples"
        )
    return Log(folder, model, samples, described, date)


def _common_signature(folder: Path, by_task: Mapping[str, str]) -> str:
    """One signature for all tasks, without the parts that name a task's rows.

    The pairs that a judge was checked on are such a part where tasks were checked on their own.
    """
    checks = {parse(line).get("check") for line in by_task.values()}
    of_rows = ("benchmark", "reference", *(["check"] if len(checks) > 1 else []))
    found = {
        task: signature({name: value for name, value in parse(line).items() if name not in of_rows})
        for task, line in by_task.items()
    }
    (first, mine), *others = found.items()
    for task, line in others:
        if line != mine:
            raise UserError(f"{folder}: {first} and {task} were judged in different settings: {mine} against {line}")
    return mine
