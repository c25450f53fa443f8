"""Between answers and translations: which of the answers are worth translating. Looks at all of them together."""

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.benchmark import contamination
from xl_alpacaeval_metric.files.jsonl import json_line, read_lines, replace_file
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.inference import rollouts
from xl_instruct_dataset.generate.inference.prompter import rejection
from xl_instruct_dataset.quality import filters
from xl_instruct_dataset.stages import score


def choose(settings: Settings, read: Path, write: Path, shards: int, index: contamination.Index) -> None:
    """Filter the answers, keep the best-scored, and write each shard in the order of ids; what goes no further says why."""
    write.mkdir(parents=True, exist_ok=True)
    best = _best(settings, read, shards)
    with filters.NearDuplicates() as seen:
        for rank in range(shards):
            lines = []
            for document in ordered(read / f"{rank:05d}.jsonl"):
                metadata = document["metadata"]
                if "rejected" not in metadata and (drop := _drop(settings, metadata, seen, best, index)):
                    metadata["rejected"] = rejection("choose", drop.reason, metadata["response"], drop.detail)
                lines.append(json_line(document))
            file, text = write / f"{rank:05d}.jsonl", "".join(lines)
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                replace_file(file, text)


def ordered(file: Path) -> Iterator[dict[str, Any]]:
    """The documents of a shard in the order of their ids, whatever order the replies came in."""
    yield from sorted(read_lines(file), key=lambda document: str(document["id"]))


def _best(settings: Settings, read: Path, shards: int) -> set[str] | None:
    """The ids of the best-scored answers, None for all; of equal ones those that come first."""
    if not settings.keep_best:
        return None
    scored = (
        (score.mean(document["metadata"]["scores"]), str(document["id"]))
        for rank in range(shards)
        for document in ordered(read / f"{rank:05d}.jsonl")
        if "rejected" not in document["metadata"]
    )
    return {key for _, key in heapq.nsmallest(settings.keep_best, ((-mean, key) for mean, key in scored))}


def _drop(
    settings: Settings,
    metadata: dict[str, Any],
    seen: filters.NearDuplicates,
    best: set[str] | None,
    index: contamination.Index,
) -> filters.Drop | None:
    if found := filters.overlap(metadata["instruction"], metadata["response"], index):
        return found
    if best is not None and metadata["id"] not in best:
        return filters.Drop("not among the best", f"{score.mean(metadata['scores']):.2f}")
    twin = seen.seen(metadata["id"], rollouts.written(metadata))
    return None if twin is None else filters.Drop("near-duplicate", f"of {twin}")
