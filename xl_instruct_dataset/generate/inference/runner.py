"""The pipeline step that asks a model: datatrove's InferenceRunner over the documents of a task."""

from collections.abc import Callable, Iterable

from datatrove.data import Document
from datatrove.pipeline.inference.run_inference import InferenceRunner
from datatrove.pipeline.inference.servers.base import InferenceServer
from datatrove.pipeline.writers.jsonl import JsonlWriter

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import counted
from xl_instruct_dataset.generate import documents
from xl_instruct_dataset.generate.documents import Draft, Rejection
from xl_instruct_dataset.generate.inference.errors import Refused, ServerError, Unanswered, Unreadable, reason_of
from xl_instruct_dataset.generate.inference.prompter import Generate, Prompter
from xl_instruct_dataset.generate.inference.rollouts import REFUSED
from xl_instruct_dataset.generate.inference.servers import SERVERS
from xl_instruct_dataset.generate.inference.spec import InferenceSpec
from xl_instruct_dataset.generate.inference.task_progress import TaskCounter


class StageRunner(InferenceRunner):  # type: ignore[misc]
    """Takes documents through the spec's rollout, and writes them with what it added.

    In the command's own process there may be two callbacks, which run in the event loop.
    `on_rollout` is called with each draft after its rollout, while others wait for replies.
    `on_server_error` is called when no request can succeed any more, since datatrove looks at
    errors only after it has read enough documents.
    """

    def __init__(
        self,
        spec: InferenceSpec,
        writer: JsonlWriter,
        on_rollout: Callable[[Draft], None] | None = None,
        on_server_error: Callable[[], None] | None = None,
    ) -> None:
        self.spec = spec
        self.unanswered: list[str] = []
        self._on_rollout, self._on_server_error = on_rollout, on_server_error
        super().__init__(self._roll_out, spec.config(), writer, metadata_key="done")

    def _init_server(self, rank: int) -> InferenceServer:
        return SERVERS[self.spec.model.backend](self.config, rank, self.spec)

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        """Run the task.

        Raises UserError, so that it does not count as finished, where documents are left
        unanswered.
        """
        with TaskCounter(self.spec.progress, self.spec.rollout.name, rank) as self.counter:
            try:
                super().run(data, rank, world_size)
            except Exception as error:
                # Not every exception can be pickled, and sent to the waiting process.
                raise UserError(reason_of(error)) from error
            self._check()

    def _check(self) -> None:
        failed = self.stats.stats["failed_documents"].total if "failed_documents" in self.stats.stats else 0
        if failed:
            raise UserError(f"{counted(int(failed), 'document')} could not be written")
        if self.unanswered:
            raise UserError(
                f"{counted(len(self.unanswered), 'document has', 'documents have')} no answer from {self.spec.model.spec} "
                f"({self.unanswered[0]}); the same command asks for these alone"
            )

    async def _roll_out(self, document: Document, generate: Generate) -> bool:
        spec = self.spec
        draft = documents.read(document.metadata)
        prompter = Prompter(generate, spec.temperature, spec.max_tokens, spec.reasoning_tokens, spec.rollout.name)
        if draft.rejection is None:
            try:
                await spec.rollout(draft, prompter)
            except Unreadable as error:
                draft.rejection = Rejection(prompter.stage, error.reason, error.text)
            except Refused as error:
                draft.rejection = Rejection(prompter.stage, REFUSED, "", error.reason)
            except Unanswered as error:
                self.unanswered.append(error.reason)
            except ServerError:
                if self._on_server_error:
                    self._on_server_error()
                raise
        documents.add_usage(draft.usage, prompter.usage)
        documents.write(draft, document.metadata)
        if self._on_rollout:
            self._on_rollout(draft)
        self.counter.add()
        return True
