"""The page of a job for reviewers: each passage with what was made of it, and why, in a browser."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.files.jsonl import read_lines
from xl_alpacaeval_metric.pages import document
from xl_alpacaeval_metric.pages.document import Head, Put, RecordList
from xl_alpacaeval_metric.pages.packing import Parts, packed
from xl_alpacaeval_metric.pages.section import Section, Table
from xl_alpacaeval_metric.signature import package_version
from xl_alpacaeval_metric.terminal import counted
from xl_instruct_dataset.generate import documents, report
from xl_instruct_dataset.generate.config.work_folder import REJECTS
from xl_instruct_dataset.generate.documents import Draft
from xl_instruct_dataset.generate.selection.tally import Outcome

FILE = "report.html"


@dataclass
class _Rows:
    """Columns of the list: a line for each draft and target, one for a draft dropped as a whole."""

    draft: list[int] = field(default_factory=list)
    language: list[str] = field(default_factory=list)
    stage: list[str] = field(default_factory=list)
    reason: list[str] = field(default_factory=list)
    method: list[str] = field(default_factory=list)


def file(work: Path) -> Path:
    """Where the page of a job lies, by its work folder."""
    return work / FILE


def write(outcome: Outcome, shards: Sequence[Path]) -> None:
    """Write the page into the work folder; the drafts lie in `shards`, their drops in the rejects.

    Raises UserError where it cannot be written.
    """
    work, targets = outcome.job.work, outcome.job.settings.targets
    title = outcome.job.output.name
    head = Head(
        title=f"{title}: {counted(sum(outcome.tally.rows.values()), 'row', form=',')} "
        f"from {counted(outcome.tally.passages, 'passage', form=',')}",
        subtitle=[", ".join(languages.get(target).name for target in targets)],
        notices=report.remarks(outcome),
        footer=f"Written by xl-suite {package_version()}. This page loads nothing from the network.",
    )
    records = RecordList(
        title="Passages and rows",
        search="Search in passages, instructions, responses, translations and ids",
        script="drafts.js",
        put=lambda put: _put(put, work, shards, targets),
    )
    document.write(file(work), head, _sections(outcome), records)


def _sections(outcome: Outcome) -> list[Section]:
    rows = [
        [languages.get(target).name, target, f"{outcome.tally.rows[target]:,}"]
        for target in outcome.job.settings.targets
    ]
    used = [
        [stage, _name(language), *(f"{count:,}" for count in asdict(usage).values())]
        for stage, language, usage in report.usage(outcome)
    ]
    dropped = [[stage, _name(language), reason, count] for stage, language, reason, count in report.drops(outcome)]
    columns = ("Stage", "Language", "Requests", "Prompt tokens", "Completion tokens")
    found = [
        Section("rows", "Rows", "", table=Table(("Language", "Code", "Rows"), rows, frozenset({2}))),
        Section(
            "dropped",
            "Dropped",
            "This was dropped, at these stages and for these reasons.",
            table=Table(("Stage", "Language", "Reason", "Count"), dropped, frozenset({3})),
        ),
        Section("requests", "Requests", "", table=Table(columns, used, frozenset({2, 3, 4}))),
    ]
    return [section for section in found if section.table is not None and section.table.rows]


def _name(language: str) -> str:
    return languages.get(language).name if language else "all"


def _put(put: Put, work: Path, shards: Sequence[Path], targets: Sequence[str]) -> int:
    """Pack the drafts and the index of the list; returns the number of lines in it."""
    drops = {(str(line["id"]), str(line["language"])): line for line in read_lines(work / REJECTS)}
    rows, parts, ids = _Rows(), Parts("d", put), []
    for number, draft in enumerate(documents.drafts(shards)):
        record, size = _record(draft)
        parts.add(record, size)
        ids.append(draft.id)
        for target in ("",) if (draft.id, "") in drops else targets:
            drop = drops.get((draft.id, target), {})
            selection = draft.selections.get(target)
            rows.draft.append(number)
            rows.language.append(target)
            rows.stage.append(str(drop.get("stage") or ""))
            rows.reason.append(_why(str(drop.get("reason") or ""), str(drop.get("detail") or "")))
            rows.method.append(selection.method if selection is not None else "")
    parts.close()
    names = {target: languages.get(target).name for target in targets}
    index = {"ids": ids, "languages": names, "rows": vars(rows), "starts": parts.starts}
    put("index", packed(index))
    return len(rows.draft)


def _why(reason: str, detail: str) -> str:
    return detail if detail.startswith(reason) else f"{reason}: {detail}".removesuffix(": ")


def _record(draft: Draft) -> tuple[Mapping[str, object], int]:
    """What is shown of a draft, and its size in characters."""
    candidates = {
        target: [
            {"text": one.text, "model": one.model, "fault": None if one.fault is None else str(one.fault)}
            for one in found
        ]
        for target, found in draft.candidates.items()
    }
    record = {
        "passage": draft.passage,
        "seed": draft.seed,
        "instruction": draft.instruction,
        "response": draft.response,
        "scores": draft.scores,
        "candidates": candidates,
        "selections": {target: asdict(found) for target, found in draft.selections.items()},
        "found": None if draft.rejection is None else draft.rejection.text,
    }
    texts = [draft.passage, draft.instruction, draft.response]
    texts += [one.text for found in draft.candidates.values() for one in found]
    return record, sum(map(len, texts))
