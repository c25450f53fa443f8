"""After the last model has answered: translations are filtered, and everything that was kept or dropped is counted."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from xl_alpacaeval_metric.benchmark import contamination
from xl_alpacaeval_metric.files.jsonl import json_line
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.inference.prompter import rejection
from xl_instruct_dataset.generate.selection.answers import ordered
from xl_instruct_dataset.quality import filters

REJECTS = "rejects.jsonl"


@dataclass(slots=True)
class Tally:
    """What came of the job: passages in, rows by language, drops by stage and reason and language, and usage by stage.

    `fallen_back` is how many choices the judge could not make, so that they were made by chrF. `usage_by_language` has what was
    asked for one language alone, by stage and language. `benchmarks` are those that overlap was looked for with, `not_looked_at` lines
    about the others.
    """

    passages: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    usage: dict[str, Counter[str]] = field(default_factory=dict)
    fallen_back: int = 0
    usage_by_language: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    benchmarks: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()


def collect(settings: Settings, work: Path, shards: int, index: contamination.Index, read: Path) -> Tally:
    """Filter and finish the rows of all shards into `work/rows-LANGUAGE.jsonl`, and write the rejects; returns the tally."""
    tally = Tally(benchmarks=index.benchmarks, not_looked_at=tuple(contamination.not_checked(index)))
    with ExitStack() as stack:
        rejects = stack.enter_context((work / REJECTS).open("w", encoding="utf-8"))
        outputs = {
            target: stack.enter_context(rows_file(work, target).open("w", encoding="utf-8"))
            for target in settings.targets
        }
        seen = {target: stack.enter_context(filters.NearDuplicates()) for target in settings.targets}
        for rank in range(shards):
            for document in ordered(read / f"{rank:05d}.jsonl"):
                metadata = document["metadata"]
                tally.passages += 1
                for key, used in metadata.get("usage", {}).items():
                    stage, _, language = key.partition(" ")
                    tally.usage.setdefault(stage, Counter()).update(used)
                    if language:
                        tally.usage_by_language.setdefault((stage, language), Counter()).update(used)
                if "rejected" in metadata:
                    _reject(metadata, metadata["rejected"], "", rejects, tally)
                    continue
                for target in settings.targets:
                    _one(settings, metadata, target, seen[target], index, outputs[target], rejects, tally)
    return tally


def rows_file(work: Path, target: str) -> Path:
    """Where the finished rows of one language lie until the Hub folder is written."""
    return work / f"rows-{target}.jsonl"


def _one(
    settings: Settings,
    metadata: dict[str, Any],
    target: str,
    seen: filters.NearDuplicates,
    index: contamination.Index,
    output: TextIO,
    rejects: TextIO,
    tally: Tally,
) -> None:
    chosen = metadata.get("chosen", {}).get(target)
    tally.fallen_back += chosen is not None and settings.select == "judge" and chosen["method"] == "chrf"
    translator = None
    if target == settings.source:
        response, chosen = metadata["response"], {"method": "written", "candidates": 1, "chosen": 0, "scores": None}
    elif chosen is None or chosen["chosen"] is None:
        _reject(metadata, _no_candidate(metadata["candidates"].get(target, [])), target, rejects, tally)
        return
    else:
        best = metadata["candidates"][target][chosen["chosen"]]
        response, translator = best["text"], best["model"]
    # Instruction and English response were held to the benchmarks before they were translated.
    drop = None if target == settings.source else filters.overlap("", response, index)
    if drop is None and (twin := seen.seen(metadata["id"], response)) is not None:
        drop = filters.Drop("near-duplicate", f"of {twin}")
    if drop is None and tally.rows[target] >= settings.per_language:
        drop = filters.Drop("more than were wanted", "")
    if drop is not None:
        _reject(
            metadata,
            rejection("filter", drop.reason, response, drop.detail),
            target,
            rejects,
            tally,
        )
        return
    tally.rows[target] += 1
    row = {key: metadata.get(key) for key in ("id", "seed", "instruction", "scores")}
    output.write(json_line({**row, "response": response, "chosen": chosen, "translator": translator}))


def _no_candidate(candidates: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Why none of the candidates could be chosen: what is wrong with most of them, and all that is wrong with each."""
    faults = [str(candidate["fault"]) for candidate in candidates]
    kinds = Counter(fault.partition(": ")[0] for fault in faults)
    reason = kinds.most_common(1)[0][0] if kinds else "no candidate"
    text = candidates[0]["text"] if candidates else ""
    return rejection("translate", reason, text, "; ".join(dict.fromkeys(faults)))


def _reject(metadata: dict[str, Any], why: dict[str, str], target: str, rejects: TextIO, tally: Tally) -> None:
    tally.dropped[(why["stage"], why["reason"], target)] += 1
    kept = {"id": metadata["id"], "language": target, **why, "instruction": metadata.get("instruction")}
    rejects.write(json_line(kept))


def tally_as_dict(tally: Tally) -> dict[str, object]:
    """For report.json."""
    return {
        "passages": tally.passages,
        "rows": dict(tally.rows),
        "dropped": [
            {"stage": stage, "reason": reason, "language": language or None, "count": count}
            for (stage, reason, language), count in tally.dropped.most_common()
        ],
        "fallen_back_to_chrf": tally.fallen_back,
        "usage": {stage: dict(used) for stage, used in tally.usage.items()},
        "usage_by_language": [
            {"stage": stage, "language": language, **used}
            for (stage, language), used in tally.usage_by_language.items()
        ],
        "benchmarks": list(tally.benchmarks),
        "not_looked_at": list(tally.not_looked_at),
    }
