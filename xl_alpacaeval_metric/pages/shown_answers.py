"""Answers that are no run folder, as a page shows them: their figures are worked out from them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.figures import Figures
from xl_alpacaeval_metric.judge.aggregate import ItemScores
from xl_alpacaeval_metric.languages import composition
from xl_alpacaeval_metric.languages.fidelity import TextFidelity
from xl_alpacaeval_metric.languages.switches.spans import Span
from xl_alpacaeval_metric.records.result import Result, Usage
from xl_alpacaeval_metric.runs.opened import Opened, OpenedItem
from xl_alpacaeval_metric.runs.opened.harness import logs


def results(opened: Opened) -> dict[str, Any]:
    """What results.json of a run with these answers would hold, as far as it is known."""
    scored = [ItemScores(one.comparison, one.verdicts, one.preference, _fidelity(one.language)) for one in opened.items]
    figures = Figures(scored, [], None, opened.judged)
    places: dict[str, list[int]] = {}
    for place, one in enumerate(scored):
        places.setdefault(one.item.language, []).append(place)
    found = Result(
        overall=figures.scores(range(len(scored))),
        by_language={code: figures.scores(some) for code, some in places.items()},
        usage=Usage(),
        signature=opened.setting.signature,
        warnings=opened.notes,
    ).as_dict()
    del found["usage"]  # It is not known.
    if opened.kind == "harness" and opened.setting.check:
        found["judge_check"] = {"verdict": opened.setting.check}
        checks = _checks(opened.path)
        by_language = found["by_language"]
        assert isinstance(by_language, dict)
        for code, part in by_language.items():
            part["judge_check"] = {"verdict": checks.get(code, opened.setting.check)}
    return found


def _checks(folder: Path) -> dict[str, str]:
    """What the check of the judge found, by language, in an output folder of the harness."""
    found = {}
    for log in logs(folder):
        for task, _, row in log.rows():
            check = log.described[task].get("judge_check")
            if isinstance(check, Mapping) and isinstance(row.get("doc"), dict):
                found[str(row["doc"].get("response_language"))] = str(check.get("verdict"))
    return found


def measured(item: OpenedItem) -> dict[str, Any]:
    """The keys of a line of items.jsonl."""
    return {**item.language, "preference": item.preference, "cut": item.cut}


def verdicts(item: OpenedItem) -> Iterator[Mapping[str, object]]:
    """The keys of lines of verdicts.jsonl that a page shows."""
    for one in item.verdicts:
        yield {
            "judge": one.judge,
            "order": one.order,
            "preference": one.preference,
            "raw": one.raw,
            "reason": one.reason,
        }


def _fidelity(row: Mapping[str, Any]) -> TextFidelity:
    line_pass = row.get("line_pass")
    return TextFidelity(
        line_pass=line_pass,
        word_pass=row.get("word_pass"),
        scored=line_pass is not None,
        fidelity=row.get("fidelity"),
        answered_in=row.get("answered_in") or composition.NONE,
        switched=row.get("switched"),
        spans=tuple(Span(*span) for span in row.get("spans") or ()),
    )
