"""What a datatrove inference server is here: a client of this project behind a cache on disk.

datatrove's own endpoint client ends a task at the first page of HTML, and stores a reply only after
its use. The clients here are those that judge (`xl_alpacaeval_metric.clients`): they keep to the
endpoint's rate limits, retry passing faults, and have a cache file for each task.
"""

from typing import Any

from datatrove.pipeline.inference.run_inference import InferenceConfig
from datatrove.pipeline.inference.servers.base import InferenceServer

from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.cache import CachedAsyncClient
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate.inference.errors import ServerError, of_failure
from xl_instruct_dataset.generate.inference.spec import InferenceSpec
from xl_instruct_dataset.quality.sanitise import plain


class CachedServer:
    """A server whose requests go through a client of this project, cached on disk."""

    config: InferenceConfig
    spec: InferenceSpec
    _client: CachedAsyncClient | None = None

    def use(self, spec: InferenceSpec, rank: int) -> None:
        """Ask as the spec says, with the cache of the task `rank`."""
        self.spec, self._cache_file = spec, spec.cache / f"{rank:05d}.sqlite"

    async def answer(self, payload: dict[str, Any], base_url: str | None) -> dict[str, Any]:
        """The reply in the form that InferenceRunner reads.

        Raises Refused or Unanswered for this request, and ServerError, which ends the task, where
        no request can succeed.
        """
        request = Request(
            messages=tuple(payload["messages"]),
            max_tokens=payload["max_tokens"],
            temperature=payload["temperature"],
            json_schema=payload["schema"],
            sample=payload["sample"],
        )
        try:
            if self._client is None:
                spec = self.spec
                client = spec.model.client(spec.concurrency, spec.timeout, base_url, spec.capabilities)
                self._client = CachedAsyncClient(client, self._cache_file)
            reply = await self._client.answer(request)
        except UserError as error:
            raise ServerError(str(error)) from None
        if not isinstance(reply, Completion):
            raise of_failure(reply)
        usage = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
        choice = {"message": {"content": plain(reply.text)}, "finish_reason": "length" if reply.cut else "stop"}
        return {"choices": [choice], "usage": usage}

    def end(self) -> None:
        """Close connections and the cache, without waiting for replies under way."""
        if self._client is not None:
            self._client.close()


class CachedEndpoint(CachedServer, InferenceServer):  # type: ignore[misc]
    """An endpoint that is running already."""

    def __init__(self, config: InferenceConfig, rank: int, spec: InferenceSpec) -> None:
        InferenceServer.__init__(self, config, rank)
        self.use(spec, rank)

    async def __aenter__(self) -> "CachedEndpoint":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end()

    async def make_request(self, payload: dict[str, Any]) -> dict[str, Any]:
        return await self.answer(payload, None)

    async def start_server(self) -> None: ...

    async def monitor_health(self) -> None: ...

    def get_base_url(self) -> str:
        return self.spec.model.base_url
