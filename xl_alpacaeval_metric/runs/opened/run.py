"""A run folder, opened."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.judge import aggregate
from xl_alpacaeval_metric.records.judgements import ItemKey
from xl_alpacaeval_metric.runs import finished
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import verdicts as run_verdicts
from xl_alpacaeval_metric.runs.opened.answers import model_in
from xl_alpacaeval_metric.runs.opened.records import Opened, OpenedItem, cut_off, why_withheld

LANGUAGE = ("line_pass", "word_pass", "fidelity", "answered_in", "switched", "spans")
"""Keys of items.jsonl about the language of an answer."""


def read_run(folder: Path) -> Opened:
    """The answers in a run folder, finished or not.

    Raises UserError for a folder without answers, and for a damaged file.
    """
    samples = folder / run_folder.SAMPLES
    if not samples.is_file():
        raise UserError(f"{folder}: holds no {run_folder.SAMPLES}; the command that made it goes on with it")
    rows = list(jsonl.read_lines(samples))
    answers = run_folder.read_samples(samples, rows)  # Read once: a run may be growing.
    if not answers:
        raise UserError(f"{samples}: is empty; the command that made the run goes on with it")
    stored = jsonl.read_json(folder / run_folder.RUN)
    settings = stored.get("settings")
    if not isinstance(settings, dict):
        raise UserError(f"{folder / run_folder.RUN}: damaged, has no settings")
    given = (folder / run_folder.VERDICTS).is_file() and any(
        True for _ in jsonl.read_lines(folder / run_folder.VERDICTS)
    )
    verdicts = run_verdicts.read(folder) if given else {}
    measured = _by_key(folder / run_folder.ITEMS)
    levels = _by_key(folder / run_folder.RATINGS)
    items = []
    for row, answer in zip(rows, answers, strict=True):
        found, scores = measured.get(answer.key), levels.get(answer.key, {}).get("scores")
        # Of another text, where the answer is new since.
        same = found is not None and found.get("length") == len(answer.prediction) and "answered_in" in found
        items.append(
            OpenedItem(
                comparison=answer,
                preference=aggregate.preference_of(verdicts.get(answer.key, ())),
                verdicts=tuple(verdicts.get(answer.key, ())),
                scores=scores if isinstance(scores, dict) else {},
                language={key: found.get(key) for key in LANGUAGE} if found is not None and same else {},
                cut=cut_off(row),
                withheld=why_withheld(row),
                subset=str(row.get("subset") or ""),
            )
        )
    results, check = (_content(folder / name) for name in (run_folder.RESULTS, run_folder.CHECK))
    identity = settings.get("judge_identity")
    return Opened(
        name=str(folder),
        path=folder,
        kind="run",
        model=model_in(folder, settings),
        setting=finished.Setting(
            name=str(folder),
            signature=str(results.get("signature") or ""),
            judge=identity if isinstance(identity, dict) else {},
            settings=settings,
            check=finished.check_verdict(results),
            no_judge_in=finished.languages_without_judge(results),
        ),
        items=items,
        results=results,
        check=check,
    )


def _by_key(file: Path) -> dict[ItemKey, Mapping[str, Any]]:
    """The lines of a file by item; none without the file."""
    return {(str(row.get("id")), str(row.get("language"))): row for row in jsonl.read_lines(file)}


def _content(file: Path) -> dict[str, Any]:
    return jsonl.read_json(file) if file.is_file() else {}
