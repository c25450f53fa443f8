"""The judges that have judged a run: what earlier ones said is kept, and counts for them again.

verdicts.jsonl and criteria.jsonl hold what the present judge was asked. What another judge said,
and verdicts in orders that the present command does not ask for, are below `judges/`, in a folder
for each judge, with the results of then.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import file_names, jsonl
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records.judgements import ItemKey, Rating, Verdict, flat
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.finished import determining
from xl_alpacaeval_metric.runs.folder import RunFolder

FOLDER = "judges"
KEY = "judges"
"""Key of run.json: each judge's label in verdicts.jsonl (empty for one alone) -> its folder."""
_OF_A_JUDGE = (run_folder.RESULTS, run_folder.ITEMS, run_folder.CHECK, run_folder.RUBRIC)


def settings_of(judge: Judge | None) -> Mapping[str, object]:
    """The settings of a run that depend on the judge."""
    if judge is None:
        return {"judge": "none"}
    return {**judge.settings, "judge_identity": dict(judge.client.identity)}


def folders_of(judge: Judge | None) -> dict[str, str]:
    """The judge's label in verdicts.jsonl, or the labels of a panel's judges -> their folders."""
    if judge is None:
        return {}
    if len(judge.members) == 1:
        return {"": _name(settings_of(judge))}
    return {label: _name(settings_of(member)) for label, member in judge.members.items()}


def folders_expected(folder: RunFolder, judge: Judge | None) -> dict[str, str]:
    """As `folders_of`, for a judge that has not been asked yet.

    What a probe would find of it is not known: by name and prompt it is taken for the judge that
    run.json names.
    """
    now, settings = folders_of(judge), folder.stored.get("settings") or {}
    if judge is None or any(settings.get(key) != judge.settings.get(key) for key in ("judge", "prompt")):
        return now
    return folders_in(folder)


def folders_in(folder: RunFolder) -> dict[str, str]:
    """As `folders_of`, for the judge that run.json names."""
    stored = folder.stored
    found, settings = stored.get(KEY), stored.get("settings") or {}
    if isinstance(found, dict):
        return {str(label): str(name) for label, name in found.items()}
    if settings.get("judge", "none") == "none":
        return {}
    identity = settings.get("judge_identity") or {}
    if "panel" not in identity:
        return {"": _name(settings)}
    # Of a run folder from before `judges` was written.
    labels = re.sub("@[^+]*", "", str(settings["judge"])).split("+")
    if len(labels) != len(identity["panel"]):
        raise UserError(f"{folder.path}: the names of its panel cannot be told apart; choose another --output")
    members = [
        {**settings, "judge": label, "judge_identity": one}
        for label, one in zip(labels, identity["panel"], strict=True)
    ]
    return {str(one["judge"]): _name(one) for one in members}


def judged(folder: RunFolder) -> set[ItemKey]:
    """The items that any judge has given a verdict on."""
    files = [run_folder.VERDICTS, *(f"{FOLDER}/{one.name}/{run_folder.VERDICTS}" for one in _places(folder))]
    return {
        (str(row.get("id")), str(row.get("language")))
        for file in files
        for row in folder.rows(file)
        if row.get("preference") is not None
    }


def _places(folder: RunFolder) -> list[Path]:
    places = folder.path / FOLDER
    return [one for one in places.iterdir() if one.is_dir()] if places.is_dir() else []


def put_away(folder: RunFolder, judges: Mapping[str, str]) -> bool:
    """Move what these judges said, and the results of it, below `judges/`; False if nothing.

    A kill on the way loses nothing: a file is removed when a copy is complete.
    """
    said = [folder.path / name for name in (run_folder.VERDICTS, run_folder.RATINGS)]
    if not any(file.is_file() for file in said):
        return False
    keep(folder, judges, folder.verdicts())
    for label, name in judges.items():
        place = folder.path / FOLDER / name
        if not label:
            _merge(place / run_folder.RATINGS, map(flat, folder.ratings()))
        for file in (folder.path / one for one in _OF_A_JUDGE):
            if file.is_file():
                shutil.copyfile(file, place / f".{file.name}.new")
                (place / f".{file.name}.new").replace(place / file.name)
    # The judgements last: while they are there, a later command puts the rest away as well.
    for file in (*(folder.path / one for one in _OF_A_JUDGE), *said):
        file.unlink(missing_ok=True)
    return True


def keep(folder: RunFolder, judges: Mapping[str, str], verdicts: Iterable[Verdict]) -> None:
    """Put verdicts with a preference below `judges/`, each in its judge's folder."""
    for label, name in judges.items():
        found = [replace(one, judge="") for one in verdicts if one.judge == label and one.preference is not None]
        _merge(folder.path / FOLDER / name / run_folder.VERDICTS, map(flat, found))


def verdicts(folder: RunFolder, judges: Mapping[str, str]) -> list[Verdict]:
    """All verdicts of these judges, the latest on a question last.

    Those in verdicts.jsonl are the verdicts of the judge that run.json names.
    """
    found = []
    for label, name in judges.items():
        rows = folder.rows(f"{FOLDER}/{name}/{run_folder.VERDICTS}")
        found += [replace(Verdict(**row), judge=label) for row in rows]
    labels, present = {name: label for label, name in judges.items()}, folders_in(folder)
    for one in folder.verdicts():
        label_now = labels.get(present.get(one.judge, ""))
        if label_now is not None:
            found.append(replace(one, judge=label_now))
    return found


def ratings(folder: RunFolder, judges: Mapping[str, str]) -> list[Rating]:
    """All ratings by this judge, the latest of an item last."""
    if "" not in judges:
        return []
    rows = folder.rows(f"{FOLDER}/{judges['']}/{run_folder.RATINGS}")
    present = folder.ratings() if folders_in(folder).get("") == judges[""] else []
    return [*(Rating(**row) for row in rows), *present]


def arrange(folder: RunFolder, judges: Mapping[str, str], task: JudgingTask) -> None:
    """Have verdicts.jsonl hold the task's verdicts, each once; others go below `judges/`.

    Verdicts without a preference are dropped: their questions are asked again.
    """
    before = folder.verdicts()
    counted = {one.key: one for one in (*task.verdicts.values(), *task.new_verdicts)}
    if not task.pending and len(before) == len(counted) and all(one.key in counted for one in before):
        return
    others = [one for one in before if one.key not in counted and one.preference is not None]
    if others:
        keep(folder, judges, others)
    folder.write_rows(run_folder.VERDICTS, map(flat, counted.values()))


def forget(folder: RunFolder, items: Collection[ItemKey]) -> None:
    """Drop what any judge said on these items, whose answers will be others."""
    if not items:
        return
    for place in ("", *(f"{FOLDER}/{one.name}/" for one in _places(folder))):
        for name in (f"{place}{run_folder.VERDICTS}", f"{place}{run_folder.RATINGS}"):
            rows = folder.rows(name)
            kept = [row for row in rows if (str(row.get("id")), str(row.get("language"))) not in items]
            if len(kept) < len(rows):
                folder.write_rows(name, kept)


def _merge(file: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Add rows to those in a file, completely or not at all; a later row replaces an equal one."""
    found = {json.dumps(_question(row)): row for row in (*jsonl.read_lines(file), *rows)}
    file.parent.mkdir(parents=True, exist_ok=True)
    jsonl.replace_file(file, "".join(map(jsonl.json_line, found.values())))


def _question(row: Mapping[str, object]) -> Sequence[object]:
    return [row.get(key) for key in ("id", "language", "order", "vote", "rubric")]


def _name(settings: Mapping[str, Any]) -> str:
    """The folder of a judge alone: its name and a hash of what determines its verdicts."""
    identity = settings.get("judge_identity") or {}
    content = json.dumps([determining(identity), settings.get("prompt")], sort_keys=True, default=str)
    spec = str(settings.get("judge", "")).partition("@")[0]
    readable = file_names.plain(spec)[-60:].strip(".-")
    return f"{readable}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
