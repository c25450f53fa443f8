"""OpenAI's Batch API: files go up, batches are made and looked at, files come down; passing faults are sat out."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from xl_alpacaeval_metric.clients.openai.endpoint import Endpoint
from xl_alpacaeval_metric.clients.openai.protocol import Fault, status_fault
from xl_alpacaeval_metric.clients.openai.rate_limit import backoff, retry_after

if TYPE_CHECKING:
    from openai import OpenAI

TIMEOUT = 60.0
TRANSFER_TIMEOUT = 600.0
ENDED = ("completed", "failed", "expired", "cancelled")
NO_SUCH_CALL = (404, 405, 501)
"""Statuses of a call that the endpoint does not have."""
T = TypeVar("T")


class _Unreadable(Exception):
    """An answer that is not what was asked for: a proxy's page, say."""


class Stuck(Exception):
    """A call that came to nothing: for good, or because its passing faults did not pass."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Report:
    """What the endpoint says of a batch; `files` hold what its requests came to, `complaint` why all of it failed."""

    batch: str
    file: str
    status: str
    done: int
    failed: int
    files: tuple[str, ...]
    complaint: str

    @property
    def too_many_tokens(self) -> bool:
        """Failed, for now: with the account's other batches it holds more tokens than may wait at a time."""
        said = self.complaint.lower()
        return self.status == "failed" and ("token_limit_exceeded" in said or "enqueued token" in said)


class BatchApi:
    """The files and batches of one endpoint.

    A call that meets a passing fault is made again for `patience` seconds, or for `long_patience` where a batch is
    under way and only has to be waited for; `notice` is told each time. Raises Stuck when that is over, and at once for
    other faults.
    """

    def __init__(
        self, endpoint: Endpoint, *, patience: float, long_patience: float, notice: Callable[[str], None]
    ) -> None:
        self._endpoint, self._notice = endpoint, notice
        self._patience, self._long_patience = patience, long_patience
        self._library: OpenAI | None = None

    def upload(self, name: str, content: IO[bytes]) -> str:
        """Upload a file of requests; returns its id."""
        files = self._openai().files.with_raw_response

        def call() -> str:
            content.seek(0)
            sent = files.create(file=(name, content), purpose="batch", timeout=TRANSFER_TIMEOUT)
            return str(_read(sent.http_response.text, "id"))

        return self._persist(call, self._patience)

    def create(self, file: str, *, tried: bool) -> Report:
        """Make a batch of a file. `tried` says that a process that is no more may have done so."""
        batches = self._openai().batches.with_raw_response

        def call() -> Report:
            nonlocal tried
            # A call whose answer was lost may have made the batch, and another one would be paid for too.
            if tried and (found := self._find(file)) is not None:
                return found
            tried = True
            made = batches.create(input_file_id=file, endpoint="/v1/chat/completions", completion_window="24h")
            return _report(_read(made.http_response.text))

        return self._persist(call, self._patience, unsettled=file)

    def look(self, batch: str) -> Report:
        """What has become of a batch."""
        batches = self._openai().batches.with_raw_response
        return self._persist(lambda: _report(_read(batches.retrieve(batch).http_response.text)), self._long_patience)

    def download(self, file: str) -> bytes:
        """The lines of a file, each with its line end."""
        files = self._openai().files.with_raw_response

        def call() -> bytes:
            content = files.content(file, timeout=TRANSFER_TIMEOUT).http_response.content
            if content.strip() and b'"custom_id"' not in content:
                raise _Unreadable
            return content if content.endswith(b"\n") or not content else content + b"\n"

        return self._persist(call, self._long_patience, unsettled=file)

    def close(self) -> None:
        library, self._library = self._library, None
        if library is not None:
            library.close()

    def _find(self, file: str) -> Report | None:
        """The newest batch made of a file, unless it failed; None too where the endpoint does not list its batches."""
        import openai

        try:
            listed = self._openai().batches.with_raw_response.list(limit=100).http_response.text
        except openai.APIStatusError as error:
            if error.status_code in NO_SUCH_CALL:
                return None
            raise
        found = (_report(batch) for batch in _read(listed, "data"))
        return next((report for report in found if report.file == file and report.status != "failed"), None)

    def _persist(self, call: Callable[[], T], patience: float, unsettled: str = "") -> T:
        """Make a call until it succeeds. A complaint that names the file `unsettled` may pass too: not every server of
        the endpoint knows a new file at once."""
        began, attempt = time.monotonic(), 0
        while True:
            try:
                return call()
            except Exception as error:
                fault = self._fault(error)
            unknown_yet = unsettled and unsettled in fault.reason
            if fault.kind not in ("transient", "unreachable") and not unknown_yet:
                raise Stuck(fault)
            if time.monotonic() - began >= (self._patience if unknown_yet else patience):
                raise Stuck(fault)
            self._notice(fault.reason)
            time.sleep(max(fault.wait or 0.0, backoff(attempt)))
            attempt += 1

    def _fault(self, error: Exception) -> Fault:
        """What an exception of a call means; one that is not about the endpoint is raised again."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return Fault("transient", "no answer in time")
        if isinstance(error, openai.APIStatusError):
            fault = status_fault(error.status_code, error.response.text, retry_after(error.response.headers))
            return Fault(
                fault.kind, self._endpoint.redacted_line(fault.reason), fault.status, fault.wait, fault.complaint
            )
        if isinstance(error, openai.APIConnectionError):
            return Fault("unreachable", self._endpoint.redacted_line(f"no connection: {error.__cause__ or error}"))
        if isinstance(error, _Unreadable):
            return Fault("transient", "an answer that is not the Batch API's")
        raise error

    def _openai(self) -> "OpenAI":
        if self._library is None:
            from openai import OpenAI

            endpoint = self._endpoint
            if endpoint.query:  # The library's log shows whole addresses.
                for name in ("httpx", "httpx2", "openai"):
                    logging.getLogger(name).addFilter(self._without_secrets)
            self._library = OpenAI(
                api_key="in the headers",
                base_url=endpoint.url,
                default_headers=endpoint.headers,
                default_query=dict(parse_qsl(endpoint.query)),
                timeout=TIMEOUT,
                max_retries=0,
            )
        return self._library

    def _without_secrets(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._endpoint.redact(record.getMessage()), ()
        return True


def _read(text: str, key: str | None = None) -> Any:
    """The JSON of an answer, or what it has under `key`."""
    try:
        return json.loads(text) if key is None else json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        raise _Unreadable from None


def _report(batch: Any) -> Report:
    try:
        counts = batch.get("request_counts") or {}
        errors = (batch.get("errors") or {}).get("data") or []
        return Report(
            batch=str(batch["id"]),
            file=str(batch.get("input_file_id")),
            status=str(batch["status"]).lower(),
            done=int(counts.get("completed") or 0),
            failed=int(counts.get("failed") or 0),
            files=tuple(file for key in ("output_file_id", "error_file_id") if (file := batch.get(key))),
            complaint="; ".join(f"{e.get('message')} ({e.get('code')})" for e in errors[:3]),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _Unreadable from None
