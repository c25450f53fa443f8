"""The end of the job: translations are filtered, rows finished, and the Hub folder put in place with its rejects and report."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from xl_alpacaeval_metric import contamination, hubfolder, templates
from xl_alpacaeval_metric.parquet import Written
from xl_alpacaeval_metric.runfolder import json_line, read_lines
from xl_instruct_dataset import card, filters, parquet
from xl_instruct_dataset.generate.choosing import ordered
from xl_instruct_dataset.generate.settings import Settings
from xl_instruct_dataset.records import Provenance, Selection, TrainingRow
from xl_instruct_dataset.stages import PACKAGE, finish

REJECTS = "rejects.jsonl"


@dataclass(slots=True)
class Tally:
    """What came of the job: passages in, rows by language, drops by stage and reason and language, and usage by stage."""

    passages: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    usage: dict[str, Counter[str]] = field(default_factory=dict)


def collect(settings: Settings, work: Path, shards: int, index: contamination.Index, read: Path) -> Tally:
    """Filter and finish the rows of all shards into `work/rows-LANGUAGE.jsonl`, and write the rejects; returns the tally."""
    tally = Tally()
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
                for stage, used in metadata.get("usage", {}).items():
                    tally.usage.setdefault(stage, Counter()).update(used)
                if "rejected" in metadata:
                    _reject(metadata, metadata["rejected"], "", rejects, tally)
                    continue
                for target in settings.targets:
                    _one(settings, metadata, target, seen[target], index, outputs[target], rejects, tally)
    return tally


def rows_file(work: Path, target: str) -> Path:
    """Where the finished rows of one language lie until the Hub folder is written."""
    return work / f"rows-{target}.jsonl"


def export(settings: Settings, work: Path, output: Path, tally: Tally) -> dict[str, Written]:
    """Write the Hub folder, with a configuration for each language that has rows."""
    pairs = {f"{settings.source}-{target}": target for target in settings.targets if tally.rows[target]}
    if not pairs:
        return {}
    with hubfolder.replaced(output) as folder:
        written = {pair: parquet.write(_rows(settings, work, target), folder / pair) for pair, target in pairs.items()}
        (folder / hubfolder.CARD).write_text(card.text(about(settings, output, tally), written), encoding="utf-8")
        hubfolder.verified(folder)
    return written


def about(settings: Settings, output: Path, tally: Tally) -> card.About:
    """How the data was made, for its card."""
    translators = ", ".join(f"`{spec}`" for spec in settings.translator_models)
    restricted = finish.non_commercial([settings.teacher, settings.judge_model, *settings.translator_models])
    origin = (
        f"From {tally.passages:,} passages of `{Path(settings.seeds).name if Path(settings.seeds).exists() else settings.seeds}` "
        f"(licence: {settings.seed_license}). `{settings.teacher}` wrote an instruction for each passage and the response to it; "
        f"`{settings.judge_model}` scored the responses by precision, informativeness, naturalness and objectivity, and those "
        f"with a mean of at least {settings.min_score:g} went on; {translators} made {settings.candidates} translations of each, of "
        f"which one was chosen by {settings.select}. Rows in a wrong language, of odd length, repeating themselves, with the model's "
        "talk in them, near-duplicates, and rows that overlap with a benchmark were dropped."
    )
    limits = "Written and translated by models; no person has read all rows."
    if restricted:
        limits += (
            f" Made with {', '.join(f'`{name}`' for name in restricted)}, whose terms do not allow commercial use."
        )
    return card.About(output.resolve().name, "XL-Instruct, generated", settings.license, origin, limits)


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
    if target == settings.source:
        response, chosen = metadata["response"], {"method": "written", "candidates": 1, "chosen": 0, "scores": None}
    elif chosen is None or chosen["chosen"] is None:
        faults = [candidate["fault"] or "not in the language" for candidate in metadata["candidates"].get(target, [])]
        text = metadata["candidates"][target][0]["text"] if faults else ""
        reason = Counter(faults).most_common(1)[0][0] if faults else "no candidate"
        _reject(
            metadata,
            {"stage": "select", "reason": f"no usable candidate: {reason}", "text": text},
            target,
            rejects,
            tally,
        )
        return
    else:
        response = metadata["candidates"][target][chosen["chosen"]]["text"]
    drop = (
        filters.wrong_language(response, target)
        or filters.length_ratio(metadata["response"], response, settings.source, target)
        or filters.repetition(response)
        or filters.leaked(response)
        or filters.overlap(metadata["instruction"], response, index)
    )
    if drop is None and (twin := seen.seen(metadata["id"], response)) is not None:
        drop = filters.Drop("near-duplicate", f"of {twin}")
    if drop is None and tally.rows[target] >= settings.per_language:
        drop = filters.Drop("more than were wanted", "")
    if drop is not None:
        _reject(
            metadata,
            {"stage": "filter", "reason": drop.reason, "text": response, "detail": drop.detail},
            target,
            rejects,
            tally,
        )
        return
    tally.rows[target] += 1
    output.write(json_line({"metadata": metadata, "response": response, "chosen": chosen}))


def _reject(metadata: dict[str, Any], why: dict[str, str], target: str, rejects: TextIO, tally: Tally) -> None:
    tally.dropped[(why["stage"], why["reason"], target)] += 1
    kept = {"id": metadata["id"], "language": target, **why, "instruction": metadata.get("instruction")}
    rejects.write(json_line(kept))


def _rows(settings: Settings, work: Path, target: str) -> Iterator[TrainingRow]:
    for line in read_lines(rows_file(work, target)):
        metadata: dict[str, Any] = line["metadata"]
        chosen: dict[str, Any] = line["chosen"]
        models = {"instruct": settings.teacher, "answer": settings.teacher, "score": settings.judge_model}
        stages = ["instruct", "answer", "score"]
        if target != settings.source:
            models["translate"] = metadata["candidates"][target][chosen["chosen"]]["model"]
            stages.append("translate")
            if settings.select != "chrf":
                models["select"] = settings.judge_model if settings.select == "judge" else settings.comet_model
        yield TrainingRow(
            id=f"{metadata['id']}-{target}",
            instruction=(
                metadata["instruction"]
                if target == settings.source
                else finish.instruction(
                    metadata["instruction"], settings.source, target, item=metadata["id"], seed=settings.seed
                )
            ),
            response=str(line["response"]),
            instruction_language=settings.source,
            response_language=target,
            provenance=Provenance(
                dataset="xl-instruct generate",
                license=settings.license,
                seed_source=f"{settings.seeds}: {metadata['seed']}",
                seed_license=settings.seed_license,
                models=models,
                prompts={stage: prompt_hash(stage) for stage in stages},
                non_commercial=bool(finish.non_commercial(models.values())),
            ),
            scores=metadata["scores"],
            selection=Selection(chosen["method"], chosen["candidates"], chosen["chosen"], _scores(chosen["scores"])),
        )


def prompt_hash(stage: str) -> str:
    """The hash of the prompt that a stage asks with."""
    match stage:
        case "translate":
            return templates.load("translate").sha
        case "score":
            return templates.load("criteria").sha
        case _:
            return templates.load(stage, PACKAGE).sha


def _scores(scores: list[float | None] | None) -> list[float] | None:
    """A candidate that could not be used has no score: nan, which Parquet has and JSON has not."""
    return None if scores is None else [float("nan") if value is None else value for value in scores]


def tally_as_dict(tally: Tally) -> dict[str, object]:
    """For report.json."""
    return {
        "passages": tally.passages,
        "rows": dict(tally.rows),
        "dropped": [
            {"stage": stage, "reason": reason, "language": language or None, "count": count}
            for (stage, reason, language), count in tally.dropped.most_common()
        ],
        "usage": {stage: dict(used) for stage, used in tally.usage.items()},
    }
