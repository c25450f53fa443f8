"""The last filters, which compare all selected translations with each other, and the tally."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict

from xl_alpacaeval_metric.benchmark import contamination
from xl_alpacaeval_metric.files.jsonl import json_line
from xl_instruct_dataset.generate import documents
from xl_instruct_dataset.generate.config.work_folder import REJECTS
from xl_instruct_dataset.generate.documents import Candidate, Draft, Rejection
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.near_duplicates import earlier_texts
from xl_instruct_dataset.generate.near_duplicates.earlier_texts import EarlierTexts
from xl_instruct_dataset.generate.near_duplicates.signatures import Compared
from xl_instruct_dataset.generate.selection import rows
from xl_instruct_dataset.generate.selection.rows import Row
from xl_instruct_dataset.generate.selection.tally import Tally
from xl_instruct_dataset.quality import filters
from xl_instruct_dataset.records import Selection

WRITTEN = Selection("written", candidates=1, chosen=0, scores=None)
"""The selection of a response in the source language, which has no other candidate."""


def finish_rows(job: Job, reads: str) -> Tally:
    """Filter the drafts in the folder `reads`; write the rows of each language, and the rejects."""
    with ExitStack() as stack:
        finisher = _Finisher(job, reads, stack)
        for number, draft in enumerate(documents.drafts(job.shard_files(reads))):
            finisher.add(number, draft)
        earlier_texts.forget(finisher.compared)
    return finisher.tally


class _Finisher:
    """The files that rows and rejects go into, and what is remembered of earlier rows."""

    def __init__(self, job: Job, reads: str, stack: ExitStack) -> None:
        targets = job.settings.targets
        self.job = job
        self.tally = Tally(benchmarks=job.index.benchmarks, not_checked=tuple(contamination.not_checked(job.index)))
        self.rejects = stack.enter_context((job.work / REJECTS).open("w", encoding="utf-8"))
        self.files = {
            target: stack.enter_context(rows.file(job.work, target).open("w", encoding="utf-8")) for target in targets
        }
        self.compared = Compared.responses(job, reads)
        earlier_texts.sign_all(self.compared, job.signatures)
        self.seen = {target: EarlierTexts(self.compared, target) for target in targets}

    def add(self, number: int, draft: Draft) -> None:
        """Write the draft's row in each language, or why there is none."""
        self.tally.passages += 1
        documents.add_usage(self.tally.usage, draft.usage)
        if draft.rejection is not None:
            self._reject(draft, draft.rejection, "")
            return
        for target in self.job.settings.targets:
            selection = draft.selections.get(target)
            if selection is not None and selection.method == "chrf" and self.job.settings.select == "judge":
                self.tally.fallen_back += 1
            row = self._row(number, draft, target)
            if isinstance(row, Rejection):
                self._reject(draft, row, target)
                continue
            self.tally.rows[target] += 1
            self.files[target].write(rows.line(row))

    def _row(self, number: int, draft: Draft, target: str) -> Row | Rejection:
        if target == self.job.settings.source:
            response, selection, translator = draft.response, WRITTEN, None
        elif (best := draft.selected(target)) is None:
            return _no_candidate(draft.candidates.get(target, []))
        else:
            response, selection, translator = best.text, draft.selections[target], best.model
        if drop := self._drop(number, draft, target, response):
            return Rejection("filter", drop.reason, response, drop.detail)
        return Row(
            draft.id,
            draft.seed,
            draft.instruction,
            draft.scores,
            response,
            selection,
            translator,
            draft.passage,
            draft.response,
        )

    def _drop(self, number: int, draft: Draft, target: str, response: str) -> filters.Drop | None:
        # Instruction and response in the source language were compared before they were translated.
        if target != self.job.settings.source and (found := filters.overlap("", response, self.job.index)):
            return found
        if (twin := self.seen[target].seen(number, draft.id)) is not None:
            return filters.Drop("near-duplicate", f"of {twin}")
        if self.tally.rows[target] >= self.job.settings.most_rows:
            return filters.Drop("more than were wanted", "")
        return None

    def _reject(self, draft: Draft, rejection: Rejection, target: str) -> None:
        self.tally.drop(rejection, target)
        reject = {"id": draft.id, "language": target, **asdict(rejection), "instruction": draft.instruction or None}
        self.rejects.write(json_line(reject))


def _no_candidate(candidates: Sequence[Candidate]) -> Rejection:
    """Why no candidate could be selected: the commonest fault, and in detail all of them."""
    faults = [candidate.fault for candidate in candidates if candidate.fault is not None]
    reasons = Counter(fault.reason for fault in faults)
    reason = reasons.most_common(1)[0][0] if reasons else "no candidate"
    text = candidates[0].text if candidates else ""
    return Rejection("translate", reason, text, "; ".join(dict.fromkeys(map(str, faults))))
