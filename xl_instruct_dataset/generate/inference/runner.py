"""The step of a pipeline that asks: datatrove's InferenceRunner over the documents of a task."""

import sys
import threading
from collections.abc import Callable, Iterable

import multiprocess
from datatrove.data import Document
from datatrove.pipeline.inference.run_inference import InferenceRunner
from datatrove.pipeline.inference.servers.base import InferenceServer
from datatrove.pipeline.inference.types import ServerError
from datatrove.pipeline.writers.jsonl import JsonlWriter

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate import collect_rarely
from xl_instruct_dataset.generate.inference.prompter import (
    Generate,
    Prompter,
    Refused,
    Unanswered,
    Unreadable,
    rejection,
)
from xl_instruct_dataset.generate.inference.servers import SERVERS, Plan
from xl_instruct_dataset.generate.inference.task_progress import Counter, reason_of

SWITCH = 0.0005
"""Seconds for which a thread may keep the others waiting, a tenth of Python's own: a reply that waits is a slot that waits."""


class StageRunner(InferenceRunner):  # type: ignore[misc]
    """One model's part in making the data: documents in, the same documents with what it added out.

    Raises UserError when documents are left without an answer, so that their task is not taken for finished.
    """

    def __init__(self, plan: Plan, writer: JsonlWriter) -> None:
        self.plan = plan
        self.unanswered: list[str] = []
        self.failed: Callable[[], None] | None = None
        """Called when the model will not answer at all: datatrove looks at what went wrong only when it has read enough."""
        super().__init__(self._roll_out, plan.config(), writer, metadata_key="done")

    def _init_server(self, rank: int) -> InferenceServer:
        return SERVERS[self.plan.model.backend](self.config, rank, self.plan)

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        end_with_parent()
        sys.setswitchinterval(SWITCH)
        collect_rarely()
        with Counter(self.plan.progress, self.plan.work.name, rank) as self.counter:
            try:
                super().run(data, rank, world_size)
            except Exception as error:
                # In words alone: not every exception survives the way back to the process that waits for this one.
                raise UserError(reason_of(error)) from error
            self._check()

    def _check(self) -> None:
        failed = self.stats.stats["failed_documents"].total if "failed_documents" in self.stats.stats else 0
        if failed:
            raise UserError(f"{failed} documents could not be written")
        if self.unanswered:
            raise UserError(
                f"{len(self.unanswered)} documents have no answer from {self.plan.model.spec} "
                f"({self.unanswered[0]}); the same command asks for these alone"
            )

    async def _roll_out(self, document: Document, generate: Generate) -> bool:
        plan = self.plan
        asker = Prompter(generate, plan.temperature, plan.max_tokens, plan.reasoning_tokens, plan.work.name)
        metadata = document.metadata
        if "rejected" not in metadata:
            try:
                await self.plan.work(metadata, asker)
            except Unreadable as error:
                metadata["rejected"] = rejection(asker.stage, error.reason, error.text)
            except Refused as error:
                metadata["rejected"] = rejection(asker.stage, "refused by the model's server", "", str(error))
            except Unanswered as error:
                self.unanswered.append(str(error))
            except ServerError:
                if self.failed:
                    self.failed()
                raise
        usage = metadata.setdefault("usage", {})
        for stage, used in asker.usage.items():
            # Several translators are one stage.
            earlier = usage.get(stage, {})
            usage[stage] = {name: count + earlier.get(name, 0) for name, count in used.items()}
        self.counter.add()
        return True


_watching = False


def end_with_parent() -> None:
    """Have this process end when the one that started it does: a worker whose command was killed asks nothing more."""
    global _watching
    parent = multiprocess.parent_process()
    if parent is None or _watching:
        return
    _watching = True
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: "multiprocess.process.BaseProcess") -> None:
    import os

    parent.join()
    os._exit(1)
