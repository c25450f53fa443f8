"""Calls of OpenAI's Batch API: upload, create, retrieve, download; transient faults are retried."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from xl_alpacaeval_metric.clients.openai.body import BodyRefused
from xl_alpacaeval_metric.clients.openai.endpoint import Endpoint
from xl_alpacaeval_metric.clients.openai.protocol import Fault, status_fault
from xl_alpacaeval_metric.clients.openai.rate_limit import LONGEST_PAUSE, backoff, retry_after
from xl_alpacaeval_metric.clients.openai_batch import bounded_replies

if TYPE_CHECKING:
    from openai import OpenAI

TIMEOUT = 60.0
TRANSFER_TIMEOUT = 600.0
"""Seconds for a call, and for one that transfers a file."""
ENDED = ("completed", "failed", "expired", "cancelled")
NO_SUCH_CALL = (404, 405, 501)
"""HTTP statuses of a call that the endpoint does not have."""
T = TypeVar("T")


class _Unreadable(Exception):
    """A reply that is not the Batch API's: a proxy's page, say."""


class CallFailed(Exception):
    """A call failed: permanently, or with transient faults until the retries ran out."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """The state of a batch at the endpoint.

    `done` and `failed` count requests, `files` are the ids of the output and error files,
    `complaint` is why the batch failed as a whole.
    """

    batch: str
    file: str
    status: str
    done: int
    failed: int
    files: tuple[str, ...]
    complaint: str

    @property
    def too_many_tokens(self) -> bool:
        """Whether it failed because the account's batches together exceed its limit of tokens.

        It can be created again when another batch has ended.
        """
        complaint = self.complaint.lower()
        return self.status == "failed" and ("token_limit_exceeded" in complaint or "enqueued token" in complaint)


class BatchApi:
    """The files and batches of one endpoint.

    A call that meets a transient fault is retried for `patience` seconds, or for `long_patience`
    where a batch already runs and only has to be waited for; `on_retry` is called with the reason
    each time. Raises CallFailed when that time is over, and at once for other faults.
    """

    def __init__(
        self, endpoint: Endpoint, *, patience: float, long_patience: float, on_retry: Callable[[str], None]
    ) -> None:
        self._endpoint, self._on_retry = endpoint, on_retry
        self._patience, self._long_patience = patience, long_patience
        self._library: OpenAI | None = None

    def upload(self, name: str, content: IO[bytes]) -> str:
        """Upload a file of requests; returns its id."""
        files = self._openai().files.with_raw_response

        def call() -> str:
            content.seek(0)
            sent = files.create(file=(name, content), purpose="batch", timeout=TRANSFER_TIMEOUT)
            return str(_read(sent.http_response.text, "id"))

        return self._retry(call, self._patience)

    def create(self, file: str, *, tried: bool) -> BatchStatus:
        """Create a batch from a file; `tried` says that an earlier process may have created it."""
        batches = self._openai().batches.with_raw_response

        def call() -> BatchStatus:
            nonlocal tried
            # A call whose reply was lost may have created the batch, and a second one costs again.
            if tried and (found := self._find(file)) is not None:
                return found
            tried = True
            created = batches.create(input_file_id=file, endpoint="/v1/chat/completions", completion_window="24h")
            return _batch_status(_read(created.http_response.text))

        return self._retry(call, self._patience, new_file=file)

    def retrieve(self, batch: str) -> BatchStatus:
        """The state of a batch."""
        batches = self._openai().batches.with_raw_response
        return self._retry(
            lambda: _batch_status(_read(batches.retrieve(batch).http_response.text)), self._long_patience
        )

    def download(self, file: str) -> bytes:
        """The lines of a file, each with its line end."""
        files = self._openai().files.with_raw_response

        def call() -> bytes:
            content = files.content(file, timeout=TRANSFER_TIMEOUT).http_response.content
            if content.strip() and b'"custom_id"' not in content:
                raise _Unreadable
            return content if content.endswith(b"\n") or not content else content + b"\n"

        return self._retry(call, self._long_patience, new_file=file)

    def close(self) -> None:
        """Close the connections; they are opened again at the next call."""
        library, self._library = self._library, None
        if library is not None:
            library.close()

    def _find(self, file: str) -> BatchStatus | None:
        """The newest batch of a file that has not failed.

        None where there is none, and where the endpoint does not list its batches.
        """
        import openai

        try:
            listed = self._openai().batches.with_raw_response.list(limit=100).http_response.text
        except openai.APIStatusError as error:
            if error.status_code in NO_SUCH_CALL:
                return None
            raise
        found = (_batch_status(batch) for batch in _read(listed, "data"))
        return next((report for report in found if report.file == file and report.status != "failed"), None)

    def _retry(self, call: Callable[[], T], patience: float, new_file: str = "") -> T:
        """Make a call until it succeeds.

        A complaint that names the file `new_file` is transient too: not every server of the
        endpoint knows a new file at once.
        """
        began, attempt = time.monotonic(), 0
        while True:
            try:
                return call()
            except Exception as error:
                fault = self._fault(error)
            not_yet_known = new_file and new_file in fault.reason
            if fault.kind not in ("transient", "unreachable") and not not_yet_known:
                raise CallFailed(fault)
            if time.monotonic() - began >= (self._patience if not_yet_known else patience):
                raise CallFailed(fault)
            self._on_retry(fault.reason)
            time.sleep(max(min(fault.wait or 0.0, LONGEST_PAUSE), backoff(attempt)))
            attempt += 1

    def _fault(self, error: Exception) -> Fault:
        """The fault of a call's exception; one that does not come from the endpoint is raised."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return Fault("transient", "no answer in time")
        if isinstance(error, openai.APIStatusError):
            fault = status_fault(error.status_code, error.response.text, retry_after(error.response.headers))
            return Fault(
                fault.kind, self._endpoint.redacted_line(fault.reason), fault.status, fault.wait, fault.complaint
            )
        refused = error if isinstance(error, BodyRefused) else error.__cause__
        if isinstance(refused, BodyRefused):
            return Fault("transient", str(refused))
        if isinstance(error, openai.APIConnectionError):
            return Fault("unreachable", self._endpoint.redacted_line(f"no connection: {error.__cause__ or error}"))
        if isinstance(error, _Unreadable):
            return Fault("transient", "an answer that is not the Batch API's")
        raise error

    def _openai(self) -> "OpenAI":
        if self._library is None:
            from openai import DefaultHttpxClient, OpenAI

            endpoint = self._endpoint
            if endpoint.query:  # The library logs whole addresses.
                for name in ("httpx", "httpx2", "openai"):
                    logging.getLogger(name).addFilter(self._redact_record)
            self._library = OpenAI(
                api_key="in the headers",
                base_url=endpoint.url,
                default_headers={**endpoint.headers, **bounded_replies.UNPACKED},
                default_query=dict(parse_qsl(endpoint.query)),
                timeout=TIMEOUT,
                max_retries=0,
                http_client=DefaultHttpxClient(event_hooks={"response": [bounded_replies.bound]}),
            )
        return self._library

    def _redact_record(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._endpoint.redact(record.getMessage()), ()
        return True


def _read(text: str, key: str | None = None) -> Any:
    """The JSON of a reply, or its value of `key`."""
    try:
        return json.loads(text) if key is None else json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        raise _Unreadable from None


def _batch_status(batch: Any) -> BatchStatus:
    try:
        counts = batch.get("request_counts") or {}
        errors = (batch.get("errors") or {}).get("data") or []
        if not isinstance(batch["id"], str) or not batch["id"]:
            raise _Unreadable
        return BatchStatus(
            batch=batch["id"],
            file=str(batch.get("input_file_id")),
            status=str(batch["status"]).lower(),
            done=int(counts.get("completed") or 0),
            failed=int(counts.get("failed") or 0),
            files=tuple(file for key in ("output_file_id", "error_file_id") if (file := batch.get(key))),
            complaint="; ".join(f"{e.get('message')} ({e.get('code')})" for e in errors[:3]),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _Unreadable from None
