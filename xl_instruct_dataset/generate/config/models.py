"""A model in a role, and the client that asks it."""

from collections.abc import Mapping
from dataclasses import dataclass

from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities

PATIENCE = 180.0
"""Seconds within which an endpoint must answer its first request; it may be loading its model."""
PROBE_TOKENS = 1024
"""Token limit of the probe, which a model that reasons first needs."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model in a role.

    `spec` is BACKEND/MODEL; `base_url` is an endpoint's address, OPENAI_BASE_URL where it is empty.
    """

    spec: str
    base_url: str = ""

    @property
    def backend(self) -> str:
        return self.spec.partition("/")[0]

    @property
    def name(self) -> str:
        return self.spec.partition("/")[2]

    @property
    def served(self) -> bool:
        """Whether it is behind an endpoint, so that no task has to start a server for it."""
        return self.backend == "openai"

    def client(
        self, concurrency: int, timeout: float, base_url: str | None = None, capabilities: Capabilities | None = None
    ) -> OpenAIClient:
        """The client for its endpoint, or for the server that was started for it at `base_url`.

        With the `capabilities` that an earlier client found, the endpoint is not probed again.
        """
        return PortableClient(
            self.name,
            base_url=base_url or self.base_url or None,
            concurrency=concurrency,
            timeout=timeout,
            preflight_timeout=PATIENCE,
            probe_tokens=PROBE_TOKENS,
            capabilities=capabilities,
        )


class PortableClient(OpenAIClient):
    """A client whose cached replies are found again at any address.

    A server that is started again has another port, and the model behind it is the same.
    """

    @property
    def identity(self) -> Mapping[str, object]:
        return {"backend": "openai", "model": self._model}


KnownCapabilities = Mapping[Model, Capabilities | None]
"""Which parameters the endpoints take that were probed already; each task probes the others."""
