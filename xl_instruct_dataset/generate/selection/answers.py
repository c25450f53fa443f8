"""Which answers are worth translating, by filters that compare all drafts with each other."""

import heapq
from itertools import count

from xl_alpacaeval_metric.files.jsonl import json_line
from xl_instruct_dataset.generate import checksums, documents
from xl_instruct_dataset.generate.config.work_folder import CHOSEN
from xl_instruct_dataset.generate.documents import Draft, Rejection
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.near_duplicates import earlier_texts
from xl_instruct_dataset.generate.near_duplicates.earlier_texts import EarlierTexts
from xl_instruct_dataset.generate.near_duplicates.signatures import ANSWERS, Compared
from xl_instruct_dataset.quality import filters
from xl_instruct_dataset.stages import score

STAGE = "choose"
"""The stage that these rejections are counted under."""


def select(job: Job, reads: str) -> None:
    """Filter the answers in the folder `reads`, keep the best, and write all drafts into CHOSEN.

    A draft that is dropped is written with its rejection. Each shard is in the order of ids, and
    one that would not change is left alone.
    """
    (job.work / CHOSEN).mkdir(parents=True, exist_ok=True)
    best = _best(job, reads)
    compared, numbers = Compared.answers(job, reads), count()
    earlier_texts.sign_all(compared, job.signatures)
    seen = EarlierTexts(compared, ANSWERS)
    for shard in range(job.shards):
        written = []
        for line, number in zip(documents.lines(job.shard(reads, shard)), numbers, strict=False):
            draft = documents.read(line["metadata"])
            if draft.rejection is None and (drop := _drop(job, draft, number, seen, best)):
                draft.rejection = Rejection(STAGE, drop.reason, draft.response, drop.detail)
                documents.write(draft, line["metadata"])
            written.append(json_line(line))
        checksums.replace(job.shard(CHOSEN, shard), "".join(written))
    earlier_texts.forget(compared)


def _best(job: Job, reads: str) -> set[str] | None:
    """The ids of the `keep_best` best-scored answers, of equal ones the first.

    None where all are kept.
    """
    if not job.settings.keep_best:
        return None
    scored = (
        (-score.mean(draft.scores or {}), draft.id)
        for draft in documents.drafts(job.shard_files(reads))
        if draft.rejection is None
    )
    return {id for _, id in heapq.nsmallest(job.settings.keep_best, scored)}


def _drop(job: Job, draft: Draft, number: int, seen: EarlierTexts, best: set[str] | None) -> filters.Drop | None:
    if found := filters.overlap(draft.instruction, draft.response, job.index):
        return found
    if best is not None and draft.id not in best:
        return filters.Drop("not among the best", f"{score.mean(draft.scores or {}):.2f}")
    twin = seen.seen(number, draft.id)
    return None if twin is None else filters.Drop("near-duplicate", f"of {twin}")
