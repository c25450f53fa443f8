"""Entries of a leaderboard from the output folders of lm-evaluation-harness (--log_samples)."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.leaderboard import language_figures
from xl_alpacaeval_metric.leaderboard.entries import WIN_RATE, Entry, ItemTable, Texts
from xl_alpacaeval_metric.leaderboard.language_figures import LINE_PASS, WIN_RATE_IN_LANGUAGE, AnswerLanguage, number
from xl_alpacaeval_metric.runs.finished import Setting

_SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d\-.:]+)\.jsonl")


def is_log(folder: Path) -> bool:
    """Whether the harness wrote its results into this folder, or into one below it."""
    return folder.is_dir() and any(True for _ in _results(folder))


def read_logs(folder: Path, items: ItemTable, wanted: Sequence[str] | None = None) -> list[Entry]:
    """An entry for each model below an output folder of the harness; of each task the last samples.

    Raises UserError where there are no samples of this package's tasks (--log_samples was not
    given), for a damaged file, and for a figure that a log does not have.
    """
    by_model: dict[Path, list[Path]] = {}
    for file in sorted(_results(folder)):
        by_model.setdefault(file.parent, []).append(file)
    found = [_entry(place, files, items, wanted) for place, files in by_model.items()]
    return [replace(one, name=str(folder)) for one in found] if len(found) == 1 else found


def _results(folder: Path) -> Iterator[Path]:
    yield from folder.glob("results_*.json")
    yield from folder.glob("*/results_*.json")


def _entry(folder: Path, results: Sequence[Path], items: ItemTable, wanted: Sequence[str] | None) -> Entry:
    newest: dict[str, Path] = {}
    for file in sorted(folder.glob("samples_*.jsonl")):
        if found := _SAMPLES.fullmatch(file.name):
            newest[found["task"]] = file
    described: dict[str, Mapping[str, object]] = {}
    model = ""
    for file in results:
        content = jsonl.read_json(file)
        model = str(content.get("model_name") or model)
        configs = content.get("configs")
        for task, config in configs.items() if isinstance(configs, dict) else ():
            metadata = config.get("metadata") if isinstance(config, dict) else None
            if isinstance(metadata, dict) and isinstance(metadata.get("judged_by"), dict):
                described[task] = metadata["judged_by"]
    tasks = [task for task in newest if task in described]
    if not tasks:
        raise UserError(
            f"{folder}: the harness logged no samples of the tasks xl_alpacaeval...; run it with --log_samples"
        )
    signature = _common_signature(folder, {task: str(described[task].get("signature")) for task in tasks})
    figures: dict[str, dict[int, float]] = {
        name: {} for name in (WIN_RATE, *language_figures.FIGURES, WIN_RATE_IN_LANGUAGE)
    }
    hashes = Texts({}, {}, {}, {})
    for task in tasks:
        for line, row in enumerate(jsonl.read_lines(newest[task]), 1):
            try:
                _add(
                    row,
                    items,
                    figures,
                    hashes,
                    in_context="benchmark:context@" in str(described[task].get("signature")),
                )
            except (KeyError, TypeError, ValueError, IndexError):
                raise UserError(f"{newest[task]} line {line}: is no sample of this package's tasks") from None
    figures = {name: values for name, values in figures.items() if values}
    kept = {name: values for name, values in figures.items() if name in (wanted or (WIN_RATE, LINE_PASS))}
    for name in wanted or ():
        if name not in kept:
            raise UserError(f"{folder}: has no figure {name!r}; it has {', '.join(figures)}")
    checks = [described[task].get("judge_check") for task in tasks]
    verdicts = [str(check.get("verdict")) for check in checks if isinstance(check, dict)]
    check = next((worst for worst in ("no judge", "doubtful", "passed") if worst in verdicts), "")
    setting = Setting(str(folder), signature, {}, {"model": model}, check)
    return Entry(str(folder), folder, setting, kept, lambda: hashes)


def _common_signature(folder: Path, by_task: Mapping[str, str]) -> str:
    """One signature for all tasks, without the parts that name a task's rows."""
    found = {
        task: "|".join(part for part in line.split("|") if not part.startswith(("benchmark:", "reference:")))
        for task, line in by_task.items()
    }
    (first, mine), *others = found.items()
    for task, line in others:
        if line != mine:
            raise UserError(f"{folder}: {first} and {task} were judged in different settings: {mine} against {line}")
    return mine


def _add(
    row: Mapping[str, Any],
    items: ItemTable,
    figures: Mapping[str, dict[int, float]],
    hashes: Texts,
    *,
    in_context: bool,
) -> None:
    doc, judged = row["doc"], json.loads(row["filtered_resps"][0])
    at, language = items.number(doc["id"], doc["response_language"]), AnswerLanguage.of(judged["fidelity"])
    # The log of version 0.1 has the passes alone.
    for name in language_figures.FIGURES if "fidelity" in judged["fidelity"] else (LINE_PASS,):
        figures[name][at] = language.value(name)
    if judged["judged"]:
        figures[WIN_RATE][at] = number(judged["preference"])
        if figures[language_figures.FIDELITY]:
            figures[WIN_RATE_IN_LANGUAGE][at] = language.preference(number(judged["preference"]))
    hashes.instruction[at] = hash(doc["instruction"])
    hashes.prediction[at] = hash(judged["prediction"])
    hashes.reference[at] = hash(doc["reference"] or "")
    # The designs of one prompt have ids of their own, which end in the design.
    hashes.prompt[at] = str(doc["id"]).removesuffix(f"-{doc.get('subset')}" if in_context else "")
