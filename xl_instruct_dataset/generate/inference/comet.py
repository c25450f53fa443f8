"""Selection by CometKiwi, as a pipeline step; the model runs under another Python interpreter."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datatrove.data import Document

from xl_instruct_dataset.generate import documents
from xl_instruct_dataset.generate.documents import Draft
from xl_instruct_dataset.generate.inference.task_progress import TaskCounter
from xl_instruct_dataset.generate.selection import candidates as selection
from xl_instruct_dataset.stages.cometkiwi import CometKiwi


@dataclass(frozen=True)
class SelectByComet:
    """Selects the candidate that CometKiwi scores highest, and counts the documents of `phase`."""

    python: str
    model: str
    phase: str
    progress: Path

    def __call__(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        with TaskCounter(self.progress, self.phase, rank) as counter:
            for document in data:
                draft = documents.read(document.metadata)
                if draft.rejection is None:
                    self._select(draft)
                    documents.write(draft, document.metadata)
                counter.add()
                yield document

    def _select(self, draft: Draft) -> None:
        scorer = process_scorer(self.python, self.model)
        for target, candidates in draft.candidates.items():
            texts = [candidates[index].text for index in selection.usable(candidates)]
            scores = scorer.scores([(draft.response, text) for text in texts])
            draft.selections[target] = selection.by_scores("cometkiwi", candidates, scores)


def process_scorer(python: str, model: str) -> CometKiwi:
    """The one CometKiwi of this process, for all its shards: it takes long to load."""
    return _scorer(python, model, os.getpid())


@cache
def _scorer(python: str, model: str, _process: int) -> CometKiwi:
    # By process, since a forked one must not write into the pipes of its parent's.
    return CometKiwi(python, model)
