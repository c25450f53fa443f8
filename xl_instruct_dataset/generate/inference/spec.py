"""How an inference phase asks its model, and what datatrove has to know of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datatrove.pipeline.inference.run_inference import InferenceConfig

from xl_alpacaeval_metric.clients.openai.protocol import Capabilities
from xl_instruct_dataset.generate.config import server_arguments
from xl_instruct_dataset.generate.config.models import Model
from xl_instruct_dataset.generate.inference.prompter import Rollout

READY = 3
"""Requests at the client for each in flight: the next one goes out while a reply is looked at."""


@dataclass(frozen=True)
class InferenceSpec:
    """How one inference phase asks its model; small and picklable, to be sent to other machines.

    `timeout` is the seconds that one attempt of a request may take; `gpus` those of a server that
    is started for a task. `capabilities` are those of the endpoint; each task probes them where
    they are None. `options` are further arguments of datatrove's InferenceConfig.
    """

    rollout: Rollout
    model: Model
    cache: Path
    progress: Path
    logs: Path
    concurrency: int
    temperature: float
    max_tokens: int
    reasoning_tokens: int = 0
    timeout: float = 600.0
    gpus: int = 1
    capabilities: Capabilities | None = None
    server_args: Mapping[str, object] = field(default_factory=dict)

    def config(self) -> InferenceConfig:
        """datatrove's configuration."""
        started = not self.model.served
        replies = self.max_tokens + self.reasoning_tokens
        own = server_arguments.of(self.model.backend, self.model.name, self.server_args, replies) if started else {}
        return InferenceConfig(
            server_type=self.model.backend if started else "endpoint",
            model_name_or_path=self.model.name,
            endpoint_url="unused",
            max_concurrent_generations=READY * self.concurrency,
            max_concurrent_documents=READY * self.concurrency,
            metric_interval=3600,
            server_ready_delay_sec=1.0,
            server_ready_max_attempts=3600,
            server_log_folder=str(self.logs) if started else None,
            tp=max(1, self.gpus) if started else 1,
            **own,
        )
