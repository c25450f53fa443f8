"""Figures and lines of answers that are no run folder, as such a folder would hold them."""

from collections.abc import Iterator, Mapping
from typing import Any

from xl_alpacaeval_metric import correctness, scoring
from xl_alpacaeval_metric.figures import Figures, indices_of
from xl_alpacaeval_metric.judge import aggregate
from xl_alpacaeval_metric.judge.aggregate import ItemScores
from xl_alpacaeval_metric.languages import composition, identify
from xl_alpacaeval_metric.languages.fidelity import TextFidelity
from xl_alpacaeval_metric.languages.switches.spans import Span
from xl_alpacaeval_metric.records.judgements import flat
from xl_alpacaeval_metric.records.result import Result, Taste, Usage
from xl_alpacaeval_metric.runs.opened.records import Opened, OpenedItem
from xl_alpacaeval_metric.signature import package_version, parse, reference_hash, signature
from xl_alpacaeval_metric.stats.length_control.known_tastes import LengthControl


def results(opened: Opened) -> dict[str, Any]:
    """What results.json of a run with these answers would hold, as far as it is known."""
    scored = [_scores(one) for one in opened.items]
    unjudged = {one.key for one in opened.items if not (one.comparison.reference or one.verdicts)}
    tastes, markdown_tastes = (_tastes(opened, name) for name in ("length_taste", "markdown_taste"))
    control = LengthControl(tastes, markdown_tastes=markdown_tastes)
    figures = Figures(scored, [], None, opened.judged, frozenset(unjudged), control)
    places = indices_of([one.item.language for one in scored])
    found = Result(
        overall=figures.scores(range(len(scored))),
        by_language={code: figures.scores(some) for code, some in places.items()},
        usage=Usage(),
        signature=_signature(opened),
        warnings=(*opened.notes, *scoring.warnings(figures, opened.comparisons)),
    ).as_dict()
    del found["usage"]  # It is not known.
    if opened.setting.check:
        found["judge_check"] = {"verdict": opened.setting.check}
        by_language = found["by_language"]
        assert isinstance(by_language, dict)
        for code, part in by_language.items():
            part["judge_check"] = opened.checks.get(code) or found["judge_check"]
    return found


def item_row(item: OpenedItem) -> dict[str, Any]:
    """The line of items.jsonl of an item."""
    return {**aggregate.item_row(_scores(item)), "cut": item.cut}


def sample_row(item: OpenedItem) -> dict[str, Any]:
    """The line of samples.jsonl of an item."""
    return {**flat(item.comparison), "subset": item.subset, "cut": item.cut}


def verdict_rows(item: OpenedItem) -> Iterator[Mapping[str, object]]:
    """The lines of verdicts.jsonl on an item."""
    yield from map(flat, item.verdicts)


def _scores(one: OpenedItem) -> ItemScores:
    item = one.comparison
    return ItemScores(item, one.verdicts, one.preference, _fidelity(one.language), correctness.of_answer(item))


def _signature(opened: Opened) -> str:
    """That of the setting with the references of all answers; one of answers names no judge."""
    parts = parse(opened.setting.signature) or {"judge": "none", "lid": identify.identifier_name()}
    source = {
        "benchmark": str(opened.setting.settings.get("benchmark") or "pairs"),
        "reference": f"given@{reference_hash(opened.comparisons)}",
    }
    version = parts.pop("version", package_version())
    return signature({**parts, **source, "version": version})


def _tastes(opened: Opened, name: str) -> dict[str, Taste]:
    """A taste of the judge by language, where its check measured it."""
    return {
        code: Taste(check[name], check.get(f"{name}_stderr") or 0.0)
        for code, check in opened.checks.items()
        if check.get(name) is not None
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
