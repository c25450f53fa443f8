"""Which answers are worth translating, by filters that compare all drafts with each other."""

import heapq

from xl_alpacaeval_metric.files.jsonl import json_line
from xl_instruct_dataset.generate import checksums, documents
from xl_instruct_dataset.generate.config.work_folder import CHOSEN
from xl_instruct_dataset.generate.documents import Draft, Rejection
from xl_instruct_dataset.generate.job import Job
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
    with filters.NearDuplicates(signatures=job.signatures) as seen:
        for number in range(job.shards):
            written = []
            for line in documents.lines(job.shard(reads, number)):
                draft = documents.read(line["metadata"])
                if draft.rejection is None and (drop := _drop(job, draft, seen, best)):
                    draft.rejection = Rejection(STAGE, drop.reason, draft.response, drop.detail)
                    documents.write(draft, line["metadata"])
                written.append(json_line(line))
            checksums.replace(job.shard(CHOSEN, number), "".join(written))


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


def _drop(job: Job, draft: Draft, seen: filters.NearDuplicates, best: set[str] | None) -> filters.Drop | None:
    if found := filters.overlap(draft.instruction, draft.response, job.index):
        return found
    if best is not None and draft.id not in best:
        return filters.Drop("not among the best", f"{score.mean(draft.scores or {}):.2f}")
    twin = seen.seen(draft.id, draft.instruction_and_response)
    return None if twin is None else filters.Drop("near-duplicate", f"of {twin}")
