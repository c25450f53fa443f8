"""A file of answers, opened; and the name of the model that gave them."""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from xl_alpacaeval_metric import correctness
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl, tables
from xl_alpacaeval_metric.machine import shareable
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import pairs
from xl_alpacaeval_metric.runs.finished import Setting
from xl_alpacaeval_metric.runs.opened.records import Opened, OpenedItem, cut_off, why_withheld

MODEL = ("model", "generator")
"""Columns that name the model of an answer; the second is AlpacaEval's."""


class AnswersOfFile:
    """The answers in a JSONL, JSON, CSV or Parquet file, with or without references, one by one.

    Columns: prediction and language; instruction, reference, id, model and those of a run's
    samples.jsonl where they are. Iterating raises UserError with the row that is wrong.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._models: set[str] = set()

    def __iter__(self) -> Iterator[OpenedItem]:
        number = 0
        for number, (where, row) in enumerate(tables.rows(self._file), 1):
            self._models.update(_models_of(row))
            yield _item(row, where, number)
        if not number:
            raise UserError(f"{self._file}: is empty; it needs rows with prediction, language")

    @property
    def settings(self) -> dict[str, Any]:
        """What is known of the answers that were iterated over."""
        return {**_of_folder(self._file), **_named(self._models)}


def read_answers(file: Path) -> Opened:
    """All the answers of `AnswersOfFile`, with its errors."""
    answers = AnswersOfFile(file)
    items = list(answers)
    settings = answers.settings
    return Opened(str(file), file, "answers", model_of(settings), Setting(str(file), "", {}, settings), items)


def _item(row: Mapping[str, Any], where: str, number: int) -> OpenedItem:
    prediction, reference, instruction = (row.get(key) for key in ("prediction", "reference", "instruction"))
    if not isinstance(prediction, str):
        kind = f'{type(prediction).__name__}, not text, in "prediction"'
        what = tables.lacks(row, "prediction") if prediction is None else kind
        raise UserError(f"{where}: {what}; need the answer as text")
    thought, tokens = row.get("thinking"), row.get("thinking_tokens")
    return OpenedItem(
        Comparison(
            id=tables.identifier_of(row, where) or str(number),
            language=pairs.language_of(row, where),
            instruction=instruction if isinstance(instruction, str) else "",
            prediction=prediction,
            reference=reference if isinstance(reference, str) else "",
            prompt=str(row.get("prompt") or ""),
            design=str(row.get("design") or ""),
            thinking=thought if isinstance(thought, str) else "",
            thinking_tokens=tokens if isinstance(tokens, int) else None,
            unfinished=row.get("unfinished") is True,
            expected=correctness.as_json(row.get("expected")),
        ),
        cut=cut_off(row),
        withheld=why_withheld(row),
        subset=str(row.get("subset") or ""),
    )


def about_of(file: Path) -> dict[str, Any]:
    """What is known of the answers in a file, such as their `model` and `benchmark`.

    From run.json beside a run's samples.jsonl, or from a column that names one model.
    """
    models = {model for _, row in tables.rows(file) for model in _models_of(row)}
    found = {**_of_folder(file), **_named(models)}
    return {**found, **({"model": model_of(found)} if found.get("model") else {})}


def model_of(settings: Mapping[str, Any]) -> str:
    """The name of the model in a run's settings: that of its folder for a model of files."""
    model = str(settings.get("model") or "")
    path = Path(model).expanduser()
    if model and os.path.exists(path):
        return path.resolve().name
    name = shareable.text(" ".join(model.split()))
    # Made elsewhere. A model of the Hub has a commit beside the fingerprint of an adapter.
    of_files = "model_fingerprint" in settings and "model_commit" not in settings
    return PurePath(model).name if of_files or model.startswith(("/", "./", "../", "~")) else name


def model_in(folder: Path, settings: Mapping[str, Any]) -> str:
    """The name of the model in a run folder, as its answers have it: they go to other machines."""
    first = next(jsonl.read_lines(folder / run_folder.SAMPLES), {})
    return str(first.get("model") or "") or model_of(settings)


def _of_folder(file: Path) -> dict[str, Any]:
    """What a run's settings say of its answers, where the file is its samples.jsonl."""
    run = file.parent / run_folder.RUN
    if file.name != run_folder.SAMPLES or not run.is_file():
        return {}
    settings = jsonl.read_json(run).get("settings")
    found = settings if isinstance(settings, dict) else {}
    return {key: value for key, value in found.items() if not key.startswith("judge")}


def _models_of(row: Mapping[str, object]) -> list[str]:
    """The models that a row names."""
    return [str(row[key]) for key in MODEL if isinstance(row.get(key), str)]


def _named(models: Collection[str]) -> dict[str, str]:
    """The model, where the rows name one and the same."""
    return {"model": next(iter(models))} if len(models) == 1 else {}
